#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every change while the disk is full: it is refused or done, never half, and what was there stays. In
# a small file system of its own where this user may mount one (as root, or in a user namespace).
#
#   TRENT_BUILD=$PWD/build sh tests/attack/full_disk.sh      some seconds
if [ -z "${FULL_DISK_MOUNTED:-}" ]; then
  export FULL_DISK_MOUNTED=1
  # A mount namespace of its own: the file system goes away with the last process in it.
  for way in -m -Urm; do
    unshare $way true 2>/dev/null && exec unshare $way sh "$0" "$@"
  done
  echo 'No file system can be mounted here.'
  exit 77
fi
small=$(mktemp -d)
mount -t tmpfs -o size=512k tmpfs "$small" || exit 1
TMPDIR=$small
export TMPDIR
. "$(dirname "$0")/lib.sh"
trap 'cd /; umount "$small"; rmdir "$small"' EXIT
trent() { timeout 60 "$trent" "$@"; }

passed=0
failed=0
verdict() {
  if [ "$1" = 0 ]; then
    passed=$((passed + 1))
    echo "ok - $2"
  else
    failed=$((failed + 1))
    echo "not ok - $2"
  fi
}
fill() { cat /dev/zero >"$work/filler" 2>/dev/null || :; }
free() { rm -f "$work/filler"; }
# All keys with their states, and all aliases, as a fresh process sees them.
state() {
  for id in $(trent list-keys --output json | grep -o '"KeyId": *"[^"]*"' | cut -d'"' -f4 | sort); do
    trent describe-key --key-id "$id"
  done
  trent list-aliases
}
differs() { [ "$(state)" != "$1" ]; }

key=$(trent describe-key --key-id alias/old --output json | grep -o '"KeyId": *"[^"]*"' | cut -d'"' -f4)
printf 'a secret' >secret
trent encrypt --key-id alias/old --plaintext fileb://secret --output raw >blob

# attempt VERB OPTION...: with the disk full.
attempt() {
  before=$(state)
  fill
  status=0
  said=$(trent "$@" 2>&1) || status=$?
  secret=$(trent decrypt --ciphertext-blob fileb://blob --output raw 2>&1) || secret="refused: $secret"
  free
  [ "$status" -lt 128 ] || [ "$status" -ge 252 ]
  verdict $? "$1 ends orderly with a full disk (exit status $status)"
  # shellcheck disable=SC2251 # the verdict looks at it
  if [ "$status" = 0 ]; then differs "$before"; else ! differs "$before"; fi
  verdict $? "$1 is what it said: $(printf %s "$said" | tr '\n' ' ' | cut -c 1-70)"
  [ "$secret" = 'a secret' ]
  verdict $? "decrypt works with a full disk after $1: $secret"
}

attempt create-key
attempt create-alias --alias-name alias/full --target-key-id "$key"
attempt update-alias --alias-name alias/new --target-key-id "$key"
attempt disable-key --key-id "$key"
attempt schedule-key-deletion --key-id "$key"
attempt delete-alias --alias-name alias/new
trent check >check.txt
verdict $? "check finds nothing wrong at the end: $(tail -1 check.txt)"
free
echo "$passed passed, $failed failed"
[ $failed = 0 ]
