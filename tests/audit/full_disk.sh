#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An audit log on a disk that is full, in a small file system of its own where this user may mount one
# (as root, or in a user namespace). The token is elsewhere.
if [ -z "${FULL_DISK_MOUNTED:-}" ]; then
  export FULL_DISK_MOUNTED=1
  # A mount namespace of its own: the file system goes away with the last process in it.
  for way in -m -Urm; do
    unshare $way true 2>/dev/null && exec unshare $way sh "$0" "$@"
  done
  echo '1..0 # SKIP no file system can be mounted here'
  exit 0
fi
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
mkdir disk
mount -t tmpfs -o size=3m tmpfs disk || bail_out 'cannot mount'
log=$work/disk/audit.log
printf 'Attack at dawn\n' >secret
key=$(trent create-key --output raw)
trent encrypt --key-id "$key" --plaintext fileb://secret --output raw >blob
cp trent.toml plain.toml # whose records go nowhere
sed "1i audit = \"file:$log\"" plain.toml >lenient.toml
sed "1i audit = \"file:$log\"\naudit-required = true" plain.toml >strict.toml

fill() { cat /dev/zero >disk/filler 2>/dev/null || :; }
free() { rm disk/filler; }
is_enabled() { trent describe-key --key-id "$key" --config plain.toml | grep -q '"Enabled": true'; }

full_and_required() {
  trent decrypt --ciphertext-blob fileb://blob --output raw --config strict.toml >back
  assert_same_file secret back
  fill
  # What is left of the log's last block may take some more.
  for _ in 1 2 3 4 5 6; do
    status=0
    trent decrypt --ciphertext-blob fileb://blob --output raw --config strict.toml >back 2>err || status=$?
    [ $status -eq 0 ] || break
  done
  assert_eq $status 254
  [ ! -s back ]
  assert_contains "$(cat err)" 'The answer is withheld, because no audit record'
  assert_contains "$(cat err)" 'No space left on device'
  fails 254 'Nothing was done, because no audit record' disable-key --key-id "$key" --config strict.toml
  is_enabled
  free
  trent decrypt --ciphertext-blob fileb://blob --output raw --config strict.toml >back
  assert_same_file secret back
  trent audit verify "$log" >report
  assert_contains "$(cat report)" '2 records could not be written before this one'
  trent disable-key --key-id "$key" --config strict.toml
  if is_enabled; then return 1; fi
  trent enable-key --key-id "$key" --config strict.toml
}

# The disk becomes full between the change's beginning and its record: there is room for that.
full_during_a_change() {
  # strace would do it, too: the lock of the token's changes is held until the disk is full.
  trent enable-key --key-id "$key" --config strict.toml
  before=$(du -k "$log" | cut -f1)
  [ "$before" -ge 1000 ] # the room that is kept free
}

full_and_not_required() {
  fill
  for _ in 1 2 3 4 5 6; do
    trent decrypt --ciphertext-blob fileb://blob --output raw --config lenient.toml >back 2>err
    assert_same_file secret back
  done
  free
}

test_case 'required: nothing goes unrecorded' full_and_required
test_case 'there is room for the records of changes' full_during_a_change
test_case 'not required: nothing fails' full_and_not_required
umount disk
done_testing
