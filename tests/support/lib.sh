# SPDX-License-Identifier: Apache-2.0
# For tests that are shell scripts: a private directory, a SoftHSM token of the script's own, and
# test cases reported in TAP. POSIX sh. Use:
#
#   . "$TRENT_SOURCE/tests/support/lib.sh"
#   make_token
#   round_trip() { ...; assert_same_file secret out; }
#   test_case 'a secret comes back' round_trip
#   done_testing
#
# A case is a function. It runs in a subshell under `set -e`, in the directory $work; the first
# command that fails ends it, and its whole output is shown.
# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is for the scripts that source this
set -u
: "${TRENT_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${TRENT_BUILD:=$TRENT_SOURCE/build}"
export TRENT_SOURCE TRENT_BUILD
trent=$TRENT_BUILD/src/trent
softhsm_module=/usr/lib/softhsm/libsofthsm2.so

work=$(mktemp -d "${TMPDIR:-/tmp}/trent-test-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" || exit 1

# Nothing of the person who runs the tests may leak in.
export HOME="$work" LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME OPENSSL_CONF TRENT_CONF TRENT_DEBUG TRENT_ENDPOINT
export SOFTHSM2_CONF="$work/softhsm2.conf" OPENSSL_MODULES="$TRENT_BUILD/src"

cases=0
failures=0

# configure_softhsm: its tokens are under $work.
configure_softhsm() {
  mkdir -p "$work/tokens"
  cat >"$SOFTHSM2_CONF" <<-CONF
	directories.tokendir = $work/tokens
	objectstore.backend = file
	log.level = ERROR
	CONF
}

# make_token: an initialised token "kms" (PIN 1234) under $work, and a trent.toml that names it.
make_token() {
  configure_softhsm
  printf '1234\n' >"$work/pin"
  cat >"$work/trent.toml" <<-TOML
	[[token]]
	account    = "111122223333"
	region     = "local"
	module     = "$softhsm_module"
	uri        = "pkcs11:token=kms"
	pin-source = "file:$work/pin"
	TOML
  export TRENT_CONF="$work/trent.toml"
  softhsm2-util --init-token --free --label kms --so-pin 12345678 --pin 1234 >/dev/null ||
    bail_out 'cannot make a SoftHSM token'
}

bail_out() {
  echo "Bail out! $1"
  exit 1
}

# test_case NAME FUNCTION [ARGUMENT...]
test_case() {
  cases=$((cases + 1))
  case_name=$1
  shift
  # Not in an `if`: there, the shell would ignore `set -e` inside the case.
  (
    set -e
    "$@"
  ) >"$work/.log" 2>&1 </dev/null
  case_status=$?
  if [ $case_status -eq 0 ]; then
    echo "ok $cases - $case_name"
  else
    failures=$((failures + 1))
    echo "not ok $cases - $case_name"
    sed 's/^/# /' "$work/.log"
    echo "# (exit status $case_status)"
  fi
}

# skip_case NAME REASON: for what cannot be run here.
skip_case() {
  cases=$((cases + 1))
  echo "ok $cases - $1 # SKIP $2"
}

# case_with PATH NAME FUNCTION...: a test case that needs a program which is not among those of `test`
# in conf/install-deps.sh. Skipped where it is not there, but not where all have to be, as in CI.
case_with() {
  wanted=$1
  shift
  if [ -e "$wanted" ] || [ -n "${TRENT_TEST_ALL_CLIENTS-}" ]; then
    test_case "$@"
  else
    skip_case "$1" "no $wanted: sh conf/install-deps.sh clients"
  fi
}

# start COMMAND...: in the background until the case ends; it says what it says in started.log.
start() {
  rm -f started.log # which may be another one's
  "$@" >started.log 2>&1 </dev/null &
  started=$!
  trap 'kill $started || :; wait $started || :; cat started.log' EXIT
}

# eventually COMMAND...: until it succeeds; fails if what was started ends before.
eventually() {
  until "$@" 2>/dev/null; do
    kill -0 "$started" || return 1
    sleep 0.05
  done
}

# units_are_right SERVICE UNIT: systemd has nothing to say against SERVICE.service and the UNIT beside it,
# both in conf/, as for a Trent that is installed. Copies them here.
units_are_right() {
  cp "$TRENT_SOURCE/conf/$2" .
  sed "s|@bindir@/trent|$trent|" "$TRENT_SOURCE/conf/$1.service" >"$1.service"
  # It needs no running systemd, but tells of the machine's other units as well.
  systemd-analyze --man=no verify "./$2" "./$1.service" >all 2>&1 || :
  grep -F "$1" all >complaints || :
  assert_eq "$(cat complaints)" ''
}

done_testing() {
  echo "1..$cases"
  [ $failures -eq 0 ]
  exit
}

# assert_eq ACTUAL EXPECTED
assert_eq() {
  [ "$1" = "$2" ] && return
  printf 'expected: %s\n but got: %s\n' "$2" "$1"
  return 1
}

# assert_contains TEXT PART
assert_contains() {
  case $1 in
    *"$2"*) return ;;
  esac
  printf 'expected to find: %s\nin: %s\n' "$2" "$1"
  return 1
}

# assert_lacks TEXT PART
assert_lacks() {
  case $1 in
    *"$2"*)
      printf 'did not expect: %s\nin: %s\n' "$2" "$1"
      return 1
      ;;
  esac
}

assert_same_file() {
  cmp "$1" "$2"
}

assert_file_mode() { assert_eq "$(stat -c %a "$1")" "$2"; }

# assert_fails_with PATTERN COMMAND...: the command ends with an exit code that tells of a failure,
# not of a crash or a timeout, and what it prints matches the (extended) regular expression.
assert_fails_with() {
  pattern=$1
  shift
  status=0
  output=$(timeout 60 "$@" 2>&1) || status=$?
  if [ $status -eq 0 ]; then
    printf 'went through, but should have failed: %s\n%s\n' "$*" "$output"
    return 1
  fi
  # 124 to 127: timeout's and the shell's own; above 128: signals; from 252 on: the AWS CLI's codes.
  if [ $status -ge 124 ] && [ $status -lt 252 ]; then
    printf 'crashed or hung (exit status %s): %s\n%s\n' "$status" "$*" "$output"
    return 1
  fi
  printf '%s\n' "$output" | grep -Eq -e "$pattern" && return
  printf 'failed, but did not say: %s\ncommand: %s\n%s\n' "$pattern" "$*" "$output"
  return 1
}
