# SPDX-License-Identifier: Apache-2.0
# For the attacks: a token of their own with the keys alias/old and alias/new. Source with the
# build directory's trent in place (TRENT_BUILD, by default build/).
# shellcheck shell=sh
. "$(dirname "$0")/../support/lib.sh"
make_token
for alias in old new; do
  "$trent" create-alias --alias-name alias/$alias \
    --target-key-id "$("$trent" create-key --output raw)" || bail_out 'cannot make a key'
done
# attack PROGRAM ARGUMENT...: a Python program that may import evp. At most ATTACK_SECONDS.
export PYTHONPATH="$TRENT_SOURCE/tests/attack" PYTHONDONTWRITEBYTECODE=1
attack() { timeout "${ATTACK_SECONDS:-1800}" python3 "$@"; }
