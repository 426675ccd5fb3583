#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SIGKILL at random moments of short commands: tests/attack/kills.sh [NUMBER [SECONDS]], 2,000 and
# 600 unless told. Over a token of its own, which `trent init` makes; prints the figures, and fails
# if the token is lost.
. "$(dirname "$0")/../support/lib.sh"
"$trent" init "$work/kms" >/dev/null || exit 1
cd "$work/kms" || exit 1
. ./env
key=$("$trent" create-key --output raw) || exit 1
"$trent" encrypt --key-id "$key" --plaintext aGVsbG8= --output raw >"$work/blob" || exit 1
export CHECK="[ \"\$('$trent' decrypt --ciphertext-blob 'fileb://$work/blob' --output raw)\" = hello ]"
python3 "$TRENT_SOURCE/tests/attack/kill_commands.py" "${1:-2000}" "${2:-600}" \
  "$trent" generate-random --number-of-bytes 8 && "$trent" check
