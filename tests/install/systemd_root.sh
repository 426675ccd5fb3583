#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The units of the packages under a running systemd, in a Debian 12, as an administrator has them who does what
# docs/server.md and docs/your-hsm.md say: all that the units forbid the server is forbidden here.
#   sh tests/install/systemd_root.sh [BUILD]     as root, after packages.sh
. "$(dirname "$0")/root.sh"
. "$root/tests/docs/examples.sh"
require_packages

job=
systemd= # its number outside
cgroup=
halt() {
  # Both take everything with them that was started in there.
  for process in $systemd $job; do kill -KILL "$process" 2>/dev/null || :; done
  network=
  systemd=
  [ -n "$cgroup" ] || return 0
  for _ in $(seq 50); do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || : # when the last process is gone
    [ -d "$cgroup" ] || return 0
    sleep 0.1
  done
}
trap 'halt; cleanup' EXIT

# boot: systemd in $work/root, with a cgroup and a network of its own.
boot() {
  hierarchy=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
  [ -n "$hierarchy" ] || skip 'no cgroup2 is mounted here'
  mkdir "$hierarchy/trent-test-$$" 2>/dev/null || skip 'no cgroup can be made here'
  cgroup=$hierarchy/trent-test-$$
  (echo 0 >"$cgroup/cgroup.procs" && exec unshare --mount --pid --cgroup --ipc --uts --net --fork --kill-child \
    sh "$root/tests/install/boot.sh" "$work/root") >"$work/console" 2>&1 &
  job=$!
  for _ in $(seq 300); do
    systemd=$(head -n 1 "$cgroup/init.scope/cgroup.procs" 2>/dev/null) || :
    [ -z "$systemd" ] || break
    kill -0 "$job" 2>/dev/null || break
    sleep 0.1
  done
  [ -n "$systemd" ] || { cat "$work/console"; skip 'systemd does not start here'; }
  network=$systemd
  state=
  for _ in $(seq 300); do
    state=$(inside systemctl is-system-running 2>/dev/null) || :
    case $state in running | degraded) return ;; esac
    sleep 0.1
  done
  cat "$work/console"
  skip "systemd does not come up here${state:+, but stays $state}"
}

# inside COMMAND...: as the administrator.
inside() {
  nsenter --target "$systemd" --mount --pid --net --cgroup --ipc --uts --root --wd env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive SYSTEMD_PAGER= "$@"
}
journal() { inside journalctl --unit "trent-${1:-serve}" --output cat; }
property() { inside systemctl show --value --property "$1" trent-serve.service; }
is() {
  for _ in $(seq 50); do
    state=$(property ActiveState)
    # Its first worker answers while others start.
    [ "$state" = activating ] || break
    sleep 0.1
  done
  [ "$state" = "$1" ] || { journal | tail -n 20; fail "the service is $state"; }
}
# The processes of the service, by their numbers outside.
processes() { cat "$cgroup/system.slice/trent-serve.service/cgroup.procs" 2>/dev/null || :; }
# none_of NUMBER...: of these processes serves any longer.
none_of() {
  for _ in $(seq 200); do
    left=$(processes | grep -cxF "$(printf '%s\n' "$@")") || return 0
    sleep 0.1
  done
  fail "$left processes of before are still there"
}
# until_says TEXT: in the journal of the service.
until_says() {
  for _ in $(seq 100); do
    ! journal | grep -F "$1" || return 0
    sleep 0.1
  done
  journal | tail -n 20
  fail "the journal does not say: $1"
}

member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
through=
# kms OPERATION JSON, as docs/clients.md has it: the answer; each request has a connection of its own.
kms() {
  # shellcheck disable=SC2086 # options, or nothing
  alone curl $through --silent --show-error --fail-with-body --max-time 20 http://127.0.0.1:8080 \
    --aws-sigv4 aws:amz:local:kms --user "$access_key" --data "$2" \
    --header 'Content-Type: application/x-amz-json-1.1' --header "X-Amz-Target: TrentService.$1"
}
decrypts() { [ "$(kms Decrypt "{\"CiphertextBlob\":\"$blob\"}" | member Plaintext | base64 -d)" = 'the secret' ]; }

# From start_load to end_load, clients ask without a pause; end_load fails if one of them was refused.
start_load() {
  rm -f "$work/stop" "$work/answers"
  for _ in 1 2 3; do
    while [ ! -e "$work/stop" ]; do
      decrypts 2>>"$work/refused" && echo >>"$work/answers" || echo refused >>"$work/refused"
    done &
    running="$running $!"
  done
}
end_load() {
  sleep 0.3 # a few more
  touch "$work/stop"
  # shellcheck disable=SC2086
  wait $running
  running=
  [ ! -s "$work/refused" ] || { cat "$work/refused"; journal | tail -n 20; fail 'requests were refused'; }
  echo "$(wc -l <"$work/answers") requests meanwhile, none refused"
}

say 'a Debian 12 with systemd'
make_root
mkdir "$work/root/debs"
cp "$packages"/*.deb "$work/root/debs"
quietly enter apt-get update
# No network is in there later.
quietly enter sh -c 'apt-get install -y --no-install-recommends systemd dbus logrotate $(
  apt-get install --simulate /debs/trent_*.deb /debs/trent-provider_*.deb | sed -n "s/^Inst \([^ ]*\) .*/\1/p" |
    grep -vxE "trent|trent-provider")'
umount "$work/root/proc" "$work/root/var/cache/apt/archives"
ln -s /dev/null "$work/root/etc/systemd/system/console-getty.service" # there is no console
boot
inside systemctl --version | head -n 1

say 'install: nothing runs'
quietly inside sh -c 'apt-get install -y /debs/trent_*.deb /debs/trent-provider_*.deb'
[ -z "$(inside systemctl list-units --no-legend 'trent-*')" ] || fail 'a unit was started by the installation'
inside systemd-analyze verify --man=no trent-serve.service trent-check.service trent-purge.service trent-rotate.service ||
  fail 'systemd finds a fault in a unit'

say 'the commands of docs/server.md'
section "$root/docs/server.md" 'As a service' | block console | sed -n 's/^# //p' >"$work/root/root/commands"
grep -q '^systemctl enable --now' "$work/root/root/commands"
inside sh -ec '. /root/commands' >"$work/out" 2>"$work/log" ||
  { cat "$work/log"; journal; fail 'the page does not do what it says'; }
access_key=$(member AccessKeyId <"$work/out"):$(member SecretAccessKey <"$work/out")
is active
property StatusText | grep -E '^[0-9]+ workers$' # which only the server itself can have told

say 'what is forbidden to its processes'
for process in $(processes); do
  user=$(awk '$1 == "Uid:" { print $2 }' "/proc/$process/status")
  grep -q "^trent:x:$user:" "$work/root/etc/passwd" || fail "it runs as $user"
  for line in 'NoNewPrivs: 1' 'Seccomp: 2' 'CapEff: 0000000000000000' 'CapBnd: 0000000000000000'; do
    tr '\t' ' ' <"/proc/$process/status" | grep -qx "$line" || fail "$line does not hold"
  done
  for mount in '/usr ro' '/etc ro' '/dev ro' '/home ro' '/proc/sys ro'; do
    cut -d ' ' -f 5,6 "/proc/$process/mountinfo" | grep -q "^$mount," || fail "$mount does not hold"
  done
  [ "$(awk '/^Max core file size/ { print $5 }' "/proc/$process/limits")" = 0 ] || fail 'it would leave a core'
done
[ "$(processes | wc -l)" -ge 2 ] || fail 'there are no workers'
inside systemd-analyze security --no-pager --threshold=20 trent-serve.service >"$work/security" ||
  { cat "$work/security"; fail 'the unit allows more than it did'; }
tail -n 1 "$work/security"

say 'requests, with all that forbidden'
key() { kms CreateKey "$1" | member KeyId; }
new=$(key '{}')
kms CreateAlias "{\"AliasName\":\"alias/old\",\"TargetKeyId\":\"$(key '{}')\"}"
kms CreateAlias "{\"AliasName\":\"alias/new\",\"TargetKeyId\":\"$new\"}"
blob=$(kms Encrypt "{\"KeyId\":\"alias/old\",\"Plaintext\":\"$(echo 'the secret' | base64)\"}" | member CiphertextBlob)
decrypts
blob=$(kms ReEncrypt "{\"CiphertextBlob\":\"$blob\",\"DestinationKeyId\":\"alias/new\"}" | member CiphertextBlob)
decrypts
grep -q '"eventName":"ReEncrypt"' "$work/root/var/log/trent/audit.log" || fail 'there is no audit log'
rsa=$(key '{"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}')
hmac=$(key '{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}')
external=$(key '{"Origin":"EXTERNAL"}')
while read -r operation request; do
  kms "$operation" "$request" >"$work/answer" || { cat "$work/answer"; journal | tail -n 20; fail "$operation"; }
done <<END
GenerateDataKey {"KeyId":"$new","KeySpec":"AES_256"}
GenerateDataKeyPair {"KeyId":"$new","KeyPairSpec":"ECC_NIST_P256"}
GenerateRandom {"NumberOfBytes":32}
Sign {"KeyId":"$rsa","Message":"AAAA","SigningAlgorithm":"RSASSA_PSS_SHA_256"}
GenerateMac {"KeyId":"$hmac","Message":"AAAA","MacAlgorithm":"HMAC_SHA_256"}
GetParametersForImport {"KeyId":"$external","WrappingAlgorithm":"RSAES_OAEP_SHA_1","WrappingKeySpec":"RSA_2048"}
RotateKeyOnDemand {"KeyId":"$new"}
CreateGrant {"KeyId":"$new","GranteePrincipal":"arn:aws:iam::111122223333:user/other","Operations":["Decrypt"]}
ListKeys {}
ScheduleKeyDeletion {"KeyId":"$rsa","PendingWindowInDays":7}
END
decrypts
alone env "AWS_ACCESS_KEY_ID=${access_key%:*}" "AWS_SECRET_ACCESS_KEY=${access_key#*:}" AWS_DEFAULT_REGION=local \
  AWS_MAX_ATTEMPTS=1 aws kms list-aliases --endpoint-url http://127.0.0.1:8080 --query 'Aliases[].AliasName' --output text
[ "$(curl --silent --unix-socket "/proc/$systemd/root/run/trent/admin.sock" http://localhost/readyz)" = ready ] ||
  fail 'not ready'
grep -q '"operation":"ReEncrypt".*"code":"OK"' "$work/root/var/log/trent/access.log" || fail 'no access log'
! journal | grep 'killed by signal' || fail 'something forbidden was called'

say 'reload and restart under load'
start_load
before=$(processes)
workers=$(for process in $before; do grep -qx "PPid:.$systemd" "/proc/$process/status" || echo "$process"; done)
main=$(property MainPID)
quietly inside systemctl reload trent-serve.service
# shellcheck disable=SC2086 # each word is one of them
none_of $workers
[ "$(property MainPID)" = "$main" ] || fail 'a reload started another server'
quietly inside systemctl restart trent-serve.service
# shellcheck disable=SC2086
none_of $before
end_load

say 'its log is rotated'
quietly inside logrotate --force /etc/logrotate.d/trent-serve
[ -s "$work/root/var/log/trent/access.log.1" ] || fail 'the log was not rotated'
for _ in $(seq 100); do
  decrypts
  ! grep -qs '"operation":"Decrypt"' "$work/root/var/log/trent/access.log" || break
  sleep 0.1
done
[ -s "$work/root/var/log/trent/access.log" ] || fail 'the server goes on with the old log'

say 'the socket starts it'
inside systemctl stop trent-serve.service 2>"$work/log" # says that the socket goes on
is inactive
[ -z "$(processes)" ] || fail 'processes are left'
decrypts
is active
inside systemctl stop trent-serve.socket trent-serve.service
! kms ListKeys '{}' 2>/dev/null || fail 'somebody answers'
inside systemctl start trent-serve.socket
is inactive
decrypts
is active

say 'a Unix socket beside it, for a proxy'
mkdir "$work/root/etc/systemd/system/trent-serve.socket.d"
printf '[Socket]\nListenStream=/run/trent/kms.sock\n' >"$work/root/etc/systemd/system/trent-serve.socket.d/override.conf"
inside sh -ec 'systemctl daemon-reload; systemctl stop trent-serve.service; systemctl restart trent-serve.socket' 2>"$work/log"
through="--unix-socket /proc/$systemd/root/run/trent/kms.sock"
decrypts
is active
inside systemctl stop trent-serve.service 2>"$work/log"
decrypts
through=
decrypts
is active

say 'killed, it is started again'
before=$(processes)
inside systemctl kill --kill-whom=main --signal=KILL trent-serve.service
# shellcheck disable=SC2086
none_of $before
decrypts
is active
[ "$(property NRestarts)" = 1 ] || fail "$(property NRestarts) restarts"

say 'what the timers start'
for verb in check purge rotate; do
  inside systemctl start "trent-$verb.service" || { journal $verb; fail "trent-$verb.service"; }
  inside systemctl enable --now "trent-$verb.timer" 2>/dev/null
done
journal check | grep 'no problems'
[ "$(inside systemctl list-timers --no-legend 'trent-*' | wc -l)" = 3 ] || fail 'timers are missing'

say 'the PIN and the secret of an access key as credentials'
etc=$work/root/etc/trent
kms=$work/root/var/lib/trent/kms
# As an HSM has it: the configuration where everybody looks for it, the PIN and the secret for root alone.
echo "SOFTHSM2_CONF=/var/lib/trent/kms/softhsm2.conf" >"$etc/environment"
page=$root/docs/your-hsm.md
pin_source=$(sed -n 's/^and `\(pin-source = "[^"]*"\)` in trent\.toml\.$/\1/p' "$page")
sed "s|^pin-source = .*|$pin_source|" "$kms/trent.toml" >"$etc/trent.toml"
(umask 077; cp "$kms/pin" "$etc/pin"; echo "${access_key#*:}" >"$etc/app")
inside install -o trent -m 600 /dev/null /etc/trent/credentials.toml
cat >"$etc/credentials.toml" <<END
[[principal]]
arn = "arn:aws:iam::111122223333:user/app"
access-key-id = "${access_key%:*}"
secret = "credential:app"
END
{ section "$page" '2. The PIN' | block ini; echo LoadCredential=app:/etc/trent/app; } >"$work/root/root/edited"
# Which wants a terminal.
quietly inside script --quiet --return --command "EDITOR='cp /root/edited' systemctl edit trent-serve" /dev/null
cat "$work/root/etc/systemd/system/trent-serve.service.d/override.conf"
mv "$kms/pin" "$work/pin"
rm "$kms/credentials.toml"
quietly inside systemctl restart trent-serve.service || { journal | tail -n 20; fail 'it does not start with credentials'; }
decrypts
inside systemctl start trent-check.service || { journal check; fail 'trent-check.service has no PIN'; }

say 'a configuration that it cannot use'
cp "$etc/trent.toml" "$work/good.toml"
echo 'colour = "blue"' >"$etc/trent.toml"
cat "$work/good.toml" >>"$etc/trent.toml"
quietly inside systemctl reload trent-serve.service
until_says 'the old ones go on'
decrypts
! inside systemctl restart trent-serve.service 2>"$work/log" || fail 'it starts with a bad configuration'
grep 'systemctl status trent-serve.service' "$work/log"
inside systemctl status --no-pager --lines 5 trent-serve.service >"$work/status" || :
grep 'trent serve: .*colour' "$work/status" || { cat "$work/status"; fail 'the status does not say what is wrong'; }
[ "$(property Result) $(property ExecMainStatus)" = 'exit-code 253' ] || fail "$(property Result)"
[ "$(property NRestarts)" = 0 ] || fail 'it was started in vain'
cp "$work/good.toml" "$etc/trent.toml"
echo wrong >"$etc/pin"
! inside systemctl start trent-serve.service 2>"$work/log" || fail 'it starts with a wrong PIN'
inside systemctl status --no-pager --lines 5 trent-serve.service | grep 'refused the PIN' ||
  fail 'the status does not tell of the PIN'
[ "$(property NRestarts)" = 0 ] || fail 'a wrong PIN was tried again'
cp "$work/pin" "$etc/pin"
quietly inside systemctl start trent-serve.service || { journal | tail -n 20; fail 'it does not start when all is mended'; }
decrypts

say 'an upgrade restarts what runs'
make_later_packages
before=$(processes)
opened=$(inside systemctl show --value --property ActiveEnterTimestampMonotonic trent-serve.socket)
start_load
quietly inside sh -c 'apt-get install -y /debs/later/trent_*.deb /debs/later/trent-provider_*.deb'
# shellcheck disable=SC2086
none_of $before
end_load
is active
[ "$(inside systemctl show --value --property ActiveEnterTimestampMonotonic trent-serve.socket)" = "$opened" ] ||
  fail 'the socket was closed meanwhile'
[ "$(inside systemctl list-timers --no-legend 'trent-*' | wc -l)" = 3 ] || fail 'timers are missing'

say 'removal stops it'
quietly inside apt-get remove -y trent trent-provider
[ -z "$(processes)" ] || fail 'processes are left'
[ -z "$(inside systemctl list-units --no-legend 'trent-*')" ] ||
  { inside systemctl list-units 'trent-*'; fail 'units are left'; }
! kms ListKeys '{}' 2>/dev/null || fail 'somebody answers'
quietly inside apt-get purge -y trent trent-provider
[ -z "$(find "$work/root/etc/systemd" -lname '*trent-*')" ] || fail 'it is still enabled'
[ -s "$kms/trent.toml" ] || fail 'the token is gone'
echo 'nothing runs'
echo '1 passed, 0 failed'
