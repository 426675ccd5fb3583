#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is left of imported key material where a command is killed before any of its calls into the token.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
. "$TRENT_SOURCE/tests/cli/import_lib.sh"
make_token

# killed COMMAND: killed at each call; then `after` has to hold, and a check finds nothing that is lost.
killed() {
  killed_at_each_change after_holds_and_nothing_is_lost "$@"
}
after_holds_and_nothing_is_lost() {
  rm -rf killed && cp -rp tokens killed
  after
  # A check waits where it finds something left over.
  rm -rf tokens && cp -rp killed tokens
  repair_leaves_nothing
  after
}

# What was made before decrypts, now or once the material was imported again.
comes_back() {
  [ "$(state)" = Enabled ] || import kill $forever >/dev/null
  assert_eq "$(state)" Enabled
  [ ! -s kill.blob ] || says_hello kill.blob
  say_hello new.blob
  says_hello new.blob
}

killed_import_loses_nothing() {
  make_external kill
  wrap kill k
  : >kill.blob
  after() { comes_back; }
  killed import kill $forever
  say_hello kill.blob
  killed trent delete-imported-key-material --key-id "$key"
  assert_eq "$(state)" PendingImport
  killed import kill $forever
  says_hello kill.blob
}

killed_parameters_leave_nothing_half() {
  make_external kill
  wrap kill k
  import kill $forever >/dev/null
  say_hello kill.blob
  after() { says_hello kill.blob && import kill $forever >/dev/null; }
  killed trent get-parameters-for-import --key-id "$key" --wrapping-algorithm RSAES_OAEP_SHA_1 \
    --wrapping-key-spec RSA_2048
}

killed_rotation_keeps_both() {
  make_external kill
  wrap kill k
  import kill $forever >/dev/null
  say_hello kill.blob
  wrap kill l
  after() { says_hello kill.blob; }
  killed import kill $forever --import-type NEW_KEY_MATERIAL
  killed trent rotate-key-on-demand --key-id "$key"
  say_hello new.blob
  says_hello kill.blob
  says_hello new.blob
}

killed_import_of_a_pair_loses_nothing() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pair.pem
  openssl pkey -in pair.pem -pubout -out pair.pub
  make_external pair --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY
  openssl pkcs8 -topk8 -nocrypt -in pair.pem -outform DER | wrap_input pair
  echo text >text
  after() {
    [ "$(state)" = Enabled ] || import pair $forever >/dev/null
    trent sign --key-id "$key" --message fileb://text --signing-algorithm ECDSA_SHA_256 \
      --output raw --output-file text.sig
    openssl dgst -sha256 -verify pair.pub -signature text.sig text >/dev/null
  }
  killed import pair $forever
  killed trent delete-imported-key-material --key-id "$key"
}

test_case 'an import or deletion that is killed loses nothing' killed_import_loses_nothing
test_case 'an import of a key pair that is killed loses nothing' killed_import_of_a_pair_loses_nothing
test_case 'parameters for import that are killed leave nothing half' killed_parameters_leave_nothing_half
test_case 'a rotation to imported material that is killed keeps both' killed_rotation_keeps_both
done_testing
