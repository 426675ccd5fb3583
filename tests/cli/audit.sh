#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The audit log, through every door; and `trent audit verify`, which reads it.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
log=$work/audit.log
sed -i "1i audit = \"file:$log\"" trent.toml
printf 'Attack at dawn\n' >secret

# event FILE LINE NAME...: a member of that line's record.
event() {
  sed -n "$2p" "$1" >event.json
  shift 2
  field event.json "$@"
}
# The number of the last line.
end() { wc -l <"$log"; }
# last NAME...: of the last record.
last() { event "$log" "$(end)" "$@"; }
whole() { trent audit verify "$@" >report || { cat report && return 1; }; }

command_leaves_records() {
  make_key app
  assert_eq "$(last eventName)" CreateAlias
  trent encrypt --key-id alias/app --plaintext fileb://secret --output raw \
    --encryption-context tenant=acme >blob
  assert_eq "$(last eventName)" Encrypt
  assert_eq "$(last requestParameters encryptionContext tenant)" acme
  matches "$(last resources 0 ARN)" "$arn_prefix:key/$uuid"
  matches "$(last userAgent)" 'trent/[0-9.]* \(trent\)'
  fails 254 InvalidCiphertextException decrypt --ciphertext-blob fileb://blob
  assert_eq "$(last errorCode)" InvalidCiphertextException
  assert_file_mode "$log" 600
  whole "$log"
  assert_contains "$(cat report)" "is whole: records 1 to $(end)."
}

provider_leaves_records() {
  before=$(end)
  openssl pkeyutl -provider trent -provider default -encrypt -inkey kms:alias/app -in secret -out blob
  [ "$(end)" -gt "$before" ]
  assert_eq "$(last eventName)" Encrypt
  matches "$(last userAgent)" 'trent/[0-9.]* \(openssl\)'
  whole "$log"
}

pkcs11_leaves_records() {
  trent create-alias --alias-name alias/signer \
    --target-key-id "$(trent create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY --output raw)"
  pkcs11-tool --module "$TRENT_BUILD/src/trent.so" --sign --mechanism ECDSA-SHA256 --label signer \
    --input-file secret --output-file signature >out 2>&1
  grep -q '"eventName":"Sign"' "$log"
  whole "$log"
}

server_leaves_records() {
  start_server serve.out --insecure-as root --listen "unix:$work/socket"
  trent encrypt --key-id alias/app --plaintext fileb://secret --output raw \
    --endpoint-url "unix:$work/socket" >blob
  assert_eq "$(last eventName)" Encrypt
  assert_eq "$(last sourceIPAddress)" unix
  assert_eq "$(last additionalEventData authentication)" none
  matches "$(last requestID)" "$uuid"
  fails 254 NotFoundException describe-key --key-id alias/none --endpoint-url "unix:$work/socket"
  assert_eq "$(last errorCode)" NotFoundException
  kill "$server"
  whole "$log"
}

no_secret_is_in_it() {
  trent decrypt --ciphertext-blob fileb://blob --output raw >back
  assert_same_file secret back
  for text in 'Attack at dawn' "$(base64 -w0 secret | cut -c 1-18)" "$(base64 -w0 blob)" \
    "$(base64 -w0 signature)" '"1234"'; do
    assert_lacks "$(cat "$log")" "$text"
  done
}

commands_at_once() {
  cp "$log" before
  for _ in 1 2 3 4; do
    (for _ in 1 2 3 4 5; do "$trent" describe-key --key-id alias/app >/dev/null; done) &
  done
  wait
  assert_eq "$(end)" $(($(wc -l <before) + 20))
  whole "$log"
}

# verify finds what was done to a copy.
tampered() { # PATTERN SED-SCRIPT
  sed "$2" "$log" >copy.log
  if cmp -s "$log" copy.log; then return 1; fi
  status=0
  trent audit verify copy.log >report || status=$?
  assert_eq $status 1
  matches "$(tail -1 report)" "copy.log:$1"
}

verify_finds_what_was_changed() {
  tampered '3: record 3 was changed.*' '3s/Root/User/'
  tampered '3: record 3 is missing.*' 3d
  tampered '2: record 2 is missing.*' '2{h;d};3{G}'
  tampered '4: record 3 comes after record 3.*' '3p'
  tampered '4: this is no record.*' '3a hello'
  tampered '3: this is no record.*' '3s/.$//'
}

# What only the state beside the log knows, or a hash that somebody has noted.
verify_finds_an_end_that_was_cut_off() {
  cp "$log" kept.log
  hash=$(trent audit verify "$log" | sed -n 's/^The hash of the last one is //p')
  sed -i '$d' "$log"
  status=0
  trent audit verify "$log" >report || status=$?
  assert_eq $status 1
  assert_contains "$(cat report)" 'audit.log.chain says was written last'
  cp kept.log copy.log
  whole --expect "$hash" copy.log
  sed -i '$d' copy.log
  whole copy.log
  status=0
  trent audit verify --expect "$hash" copy.log >report || status=$?
  assert_eq $status 1
  assert_contains "$(cat report)" "that --expect names ($hash) is missing"
  cat kept.log >"$log"
  whole "$log"
}

rotated_files_are_one_chain() {
  mv "$log" "$log.1"
  trent describe-key --key-id alias/app >out
  whole "$log.1" "$log"
  whole "$log"
  assert_contains "$(cat report)" 'the chain begins with record'
  status=0
  trent audit verify "$log" "$log.1" >report || status=$?
  assert_eq $status 1
  whole - <"$log.1"
}

two_messages() { [ "$(wc -l <messages)" -ge 2 ]; }
syslog_gets_records() {
  sed "s|^audit = .*|audit = \"syslog:$work/log\"|" trent.toml >syslog.toml
  cat >daemon.py <<-'PYTHON'
	import socket
	daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	daemon.bind("log")
	with open("messages", "wb", buffering=0) as messages:
	    while True:
	        messages.write(daemon.recv(65536) + b"\n")
	PYTHON
  start python3 daemon.py
  eventually [ -S log ]
  trent describe-key --key-id alias/app --config syslog.toml >out
  trent describe-key --key-id alias/app --config syslog.toml >out
  eventually two_messages
  matches "$(head -1 messages | cut -c 1-4)" '<85>'
  whole --syslog messages
  assert_eq "$(grep -c 'is whole' report)" 2
}

# Without its daemon.
a_dead_syslog_is_a_loss_or_a_failure() {
  sed "s|^audit = .*|audit = \"syslog:$work/nobody\"|" trent.toml >lenient.toml
  trent describe-key --key-id alias/app --config lenient.toml >out 2>err
  assert_contains "$(cat err)" "1 audit record was not written: $work/nobody"
  sed '1i audit-required = true' lenient.toml >strict.toml
  fails 254 'KMSInternalException.*withheld, because no audit record' \
    describe-key --key-id alias/app --config strict.toml
  assert_contains "$(cat fails.err)" "$work/nobody"
  fails 254 'KMSInternalException.*Nothing was done, because no audit record' \
    disable-key --key-id "$(trent describe-key --key-id alias/app --output raw)" --config strict.toml
  assert_eq "$(trent describe-key --key-id alias/app | grep -c '"Enabled": true')" 1
  status=0
  trent serve --insecure-as root --listen "unix:$work/other" --config strict.toml >out 2>err || status=$?
  assert_eq $status 253
  assert_contains "$(cat err)" 'audit-required is true'
}

usage() {
  fails 252 'FILE' audit verify
  fails 252 'hash' audit verify --expect 12 "$log"
  fails 255 'Cannot read none.log' audit verify none.log
  fails 255 'Cannot read .: Is a directory' audit verify .
  : >empty.log
  whole empty.log
  assert_contains "$(cat report)" 'no records'
  head -c 100 /dev/zero >zeros.log
  whole zeros.log
  assert_contains "$(cat report)" 'zeros.log:1: the line has no end, and was not looked at'
}

test_case 'the command leaves records' command_leaves_records
test_case 'so does the provider' provider_leaves_records
test_case 'so does the PKCS#11 module' pkcs11_leaves_records
test_case 'so does the server' server_leaves_records
test_case 'no secret is in it' no_secret_is_in_it
test_case 'commands at once' commands_at_once
test_case 'verify finds what was changed' verify_finds_what_was_changed
test_case 'verify finds an end that was cut off' verify_finds_an_end_that_was_cut_off
test_case 'rotated files are one chain' rotated_files_are_one_chain
test_case 'syslog gets records' syslog_gets_records
test_case 'a dead syslog is a loss, or a failure' a_dead_syslog_is_a_loss_or_a_failure
test_case 'usage' usage
done_testing
