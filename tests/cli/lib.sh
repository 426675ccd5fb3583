# SPDX-License-Identifier: Apache-2.0
# For the tests of the command. Source after support/lib.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # set here for the scripts that source this, and the other way round

# trent as a person calls it.
trent() { timeout 60 "$trent" "$@"; }

# fails STATUS PATTERN ARGUMENT...: `trent ARGUMENT...` ends with this exit code, says on standard
# error what matches the extended regular expression, and prints no result. Never a crash: those
# have other exit codes.
fails() {
  want_status=$1
  want_text=$2
  shift 2
  status=0
  trent "$@" >fails.out 2>fails.err || status=$?
  if [ "$status" -ne "$want_status" ] || ! grep -Eq -e "$want_text" fails.err || [ -s fails.out ]; then
    printf 'trent %s\nexit status %s, expected %s and: %s\n' "$*" "$status" "$want_status" "$want_text"
    cat fails.err fails.out
    return 1
  fi
}

# field FILE NAME...: the member of that path in a JSON file, strings without quotes.
field() {
  python3 - "$@" <<-'PYTHON'
	import json, sys
	value = json.load(open(sys.argv[1]))
	for name in sys.argv[2:]:
	    value = value[int(name)] if isinstance(value, list) else value[name]
	print(value if isinstance(value, str) else json.dumps(value))
	PYTHON
}

# names FILE [NAME...]: the names of the members of an object, in their order.
names() {
  python3 - "$@" <<-'PYTHON'
	import json, sys
	value = json.load(open(sys.argv[1]))
	for name in sys.argv[2:]:
	    value = value[int(name)] if isinstance(value, list) else value[name]
	print(*value)
	PYTHON
}

uuid='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
material='[0-9a-f]{64}'
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?\+00:00'
arn_prefix=arn:aws:kms:local:111122223333

# matches TEXT PATTERN: the whole text.
matches() {
  printf '%s\n' "$1" | grep -Exq -e "$2" && return
  printf 'expected a match of: %s\nin: %s\n' "$2" "$1"
  return 1
}

# killed_at_each_change VERIFY COMMAND...: the command, one of trent, on the token as it is now, killed before
# the first of its calls that may change the token, before the second, and so on: a kill between two of them
# leaves the same. VERIFY looks at what each kill leaves, unless it left the objects of the one before (what was
# changed then were objects of a session). The last run is not killed.
# Of each object: its size, and how often SoftHSM has written it, which is the first number of its file.
object_files() {
  python3 -c 'import glob
objects = (open(path, "rb").read() for path in glob.glob("tokens/*/*.object") if not path.endswith("/token.object"))
print(*sorted(f"{len(each)} {each[:8].hex()}" for each in objects), sep="\n")'
}
killed_at_each_change() {
  verify=$1
  shift
  sed "s|$softhsm_module|$TRENT_BUILD/tests/fault.so|" trent.toml >fault.toml
  rm -rf before && cp -rp tokens before
  : >files.seen
  changes=0
  looks=0
  status=137
  while [ $status -eq 137 ]; do
    changes=$((changes + 1))
    rm -rf tokens && cp -rp before tokens
    status=0
    TRENT_CONF=$work/fault.toml TRENT_FAULT="$changes change kill" "$@" >out || status=$?
    [ $status -eq 137 ] || break
    object_files >files.left
    if cmp -s files.seen files.left; then continue; fi
    mv files.left files.seen
    looks=$((looks + 1))
    "$verify"
  done
  assert_eq $status 0
  echo "$looks of $changes: $*"
  [ $looks -gt 0 ]
}

# A repair leaves no object of Trent's that check does not count as a key material.
repair_leaves_nothing() {
  trent check --repair >out
  trent check >out
  kept=$(sed -n 's/.*key materials: \([0-9]*\),.*/\1/p' out)
  objects=$(for type in secrkey privkey; do
    pkcs11-tool --module $softhsm_module --token-label kms --login --pin 1234 --list-objects \
      --type $type 2>/dev/null
  done | grep -cE 'trent/(key|new)/' || :)
  assert_eq "$objects" "$kept"
}

# say_hello FILE: a ciphertext under key; says_hello FILE: it is still one.
say_hello() { trent encrypt --key-id "$key" --plaintext aGVsbG8= --output raw >"$1"; }
says_hello() { assert_eq "$(trent decrypt --ciphertext-blob "fileb://$1" --output raw)" hello; }

# make_key ALIAS: sets key.
make_key() {
  key=$(trent create-key --output raw)
  trent create-alias --alias-name "alias/$1" --target-key-id "$key"
}

# start_server OUTPUT ARGUMENT...: `trent serve` that lives as long as the script, or until it is killed;
# sets server. A case of a test may start one, too.
stop_servers() {
  if [ -f "$work/servers" ]; then
    xargs kill <"$work/servers" 2>/dev/null
    wait
  fi
  rm -rf "$work"
}
trap stop_servers EXIT
start_server() {
  server_output=$1
  shift
  "$trent" serve --workers 1 "$@" >"$server_output" 2>"$server_output.err" &
  server=$!
  echo $server >>"$work/servers"
  for _ in $(seq 300); do
    ! grep -q 'listening on' "$server_output" || return 0
    sleep 0.1
  done
  cat "$server_output.err"
  bail_out 'the server does not begin'
}

# With TRENT_TEST_SERVER, what a suite says of the verbs has to hold through a server, too.
make_token_for_suite() {
  make_token
  [ -n "${TRENT_TEST_SERVER-}" ] || return 0
  start_server serve.out --insecure-as root --listen "unix:$work/socket"
  export TRENT_ENDPOINT="unix:$work/socket"
}

# change_record LABEL NAME=JSON...: see support/change_record.py.
change_record() { PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$TRENT_SOURCE/tests/support/change_record.py" "$@"; }
