#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSSH logs in with keys of KMS, to a server of this script's own.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
new_key rsa RSA_2048 SIGN_VERIFY
new_key ec ECC_NIST_P256 SIGN_VERIFY
new_key other ECC_NIST_P384 SIGN_VERIFY
sshd=/usr/sbin/sshd

port=$(python3 -c 'import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1])')
cat >sshd_config <<CONF
ListenAddress 127.0.0.1:$port
HostKey $work/host
PidFile none
AuthorizedKeysFile $work/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
CONF
ssh-keygen -q -t ed25519 -N '' -f host
echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 host.pub)" >known_hosts
cat >ssh_config <<CONF
Host server
  HostName 127.0.0.1
  Port $port
  UserKnownHostsFile $work/known_hosts
  PKCS11Provider $module
  PasswordAuthentication no
CONF
for name in rsa ec other; do
  public_key $name
  ssh-keygen -i -m PKCS8 -f $name.pem >$name.pub
done
cat rsa.pub ec.pub >authorized

# What Debian's service makes before it starts sshd, which wants it of root.
privilege_separation=/run/sshd
if [ "$(id -u)" -eq 0 ] && mkdir $privilege_separation 2>/dev/null; then
  trap 'rmdir $privilege_separation; rm -rf "$work"' EXIT
fi
serve() {
  start $sshd -D -e -f "$work/sshd_config"
  eventually grep -q 'Server listening' started.log
}
remote() { timeout 20 ssh -F ssh_config "$@" server 'echo "$((6 * 7))" by "$SSH_CONNECTION"'; }
# By which key, as the server says.
used() { sed -n 's/^Accepted publickey for .* //p' started.log | tail -n 1 | tr -d '\r'; }
fingerprint() { ssh-keygen -l -f "$1.pub" | cut -d ' ' -f 2; }

lists_them() {
  ssh-keygen -D "$module" 2>/dev/null | cut -d ' ' -f 1,2 | sort >listed
  cut -d ' ' -f 1,2 rsa.pub ec.pub other.pub | sort | assert_same_file listed -
}

logs_in_with() { # NAME
  assert_contains "$(remote -o IdentitiesOnly=yes -i "$1.pub")" '42 by 127.0.0.1'
  assert_eq "$(used)" "$(fingerprint "$1")"
}

logs_in() {
  serve
  logs_in_with rsa
  logs_in_with ec
  # The module alone: its keys are tried one after the other.
  assert_contains "$(remote)" '42 by'
  assert_fails_with 'Permission denied \(publickey\)' \
    ssh -F ssh_config -o IdentitiesOnly=yes -i other.pub server true
}

# askpass COMMAND: what asks for the PIN.
askpass() {
  printf '#!/bin/sh\n%s\n' "$1" >askpass
  chmod +x askpass
  export SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force
}

with_a_pin() {
  without_pin
  serve
  askpass "cat '$kms/pin'"
  logs_in_with rsa
  logs_in_with ec
}

# The agent alone has the module. It wants some PIN, whatever it is.
by_an_agent() {
  serve
  sed -i '/PKCS11Provider/d' ssh_config
  askpass 'echo any'
  printf 'a letter' >letter
  # The agent ends with the command that it starts.
  timeout 60 ssh-agent -P "$module" sh -ec '
    ssh-add -s "$1"
    ssh-add -L >in_the_agent
    for name in rsa ec; do
      ssh -F ssh_config -o IdentitiesOnly=yes -i $name.pub server "echo by \$SSH_CONNECTION" >>heard
      ssh-keygen -Y sign -f $name.pub -n file letter
      mv letter.sig $name.sig
    done
    ssh-add -e "$1"' sh "$module"
  assert_eq "$(wc -l <in_the_agent)" 3
  assert_eq "$(grep -c 'by 127.0.0.1' heard)" 2
  # As git signs commits.
  for name in rsa ec; do
    echo "test@example.com $(cat $name.pub)" >signers
    ssh-keygen -Y verify -f signers -I test@example.com -n file -s $name.sig <letter
  done
}

test_case 'ssh-keygen lists the keys' lists_them
case_with $sshd 'ssh logs in with an RSA and an EC key' logs_in
case_with $sshd 'and asks for the PIN where the configuration has none' with_a_pin
case_with $sshd 'ssh-agent has the keys' by_an_agent
done_testing
