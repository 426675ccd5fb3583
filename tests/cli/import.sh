#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Imported key material by the command: dates, and trent purge.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
. "$TRENT_SOURCE/tests/cli/import_lib.sh"
make_token

imported_and_expired() {
  make_external first
  assert_eq "$(state)" PendingImport
  fails 254 'KMSInvalidStateException.*is pending import\.' encrypt --key-id "$key" --plaintext YQ==
  matches "$(field first.json ParametersValidTo)" "$time"
  fails 252 'more than one result' get-parameters-for-import --key-id "$key" \
    --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 --output raw
  wrap first a
  for date in tomorrow 2027-13-01 ''; do
    fails 252 "'--valid-to'" import-key-material --key-id "$key" --import-token fileb://first.token \
      --encrypted-key-material fileb://first.wrapped --valid-to "$date"
  done
  end=$(($(date +%s) + 3))
  id=$(import first --valid-to "$(date -u -d "@$end" +%FT%TZ)")
  matches "$id" "$material"
  say_hello old.blob
  while [ "$(date +%s)" -lt $end ]; do sleep 0.2; done
  assert_eq "$(state)" PendingImport
  trent check >out
  matches "$(trent purge --dry-run | sed 1d)" \
    "  Key $key, imported key material $id, expired at .*Z: would be destroyed"
  trent purge --output json >out
  assert_eq "$(names out Tokens 0 ImportedKeyMaterials 0)" 'KeyId KeyMaterialId ValidTo Destroyed'
  assert_eq "$(trent purge | sed 1d)" '  nothing to destroy'
  assert_eq "$(import first --valid-to "$((end + 3600))")" "$id"
  says_hello old.blob
  wrap first b
  fails 254 IncorrectKeyMaterialException import-key-material --key-id "$key" \
    --import-token fileb://first.token --encrypted-key-material fileb://first.wrapped $forever
}

test_case 'key material is imported and expires' imported_and_expired
done_testing
