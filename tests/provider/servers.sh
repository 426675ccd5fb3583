#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx, Apache httpd, HAProxy and curl with keys of KMS, which they know as files (KMS KEY URI):
#   servers.sh PROGRAM [MPM]: "nginx", "haproxy", or "apache event" and the like
# In a network of its own, and not as root: for root, both servers would want to be somebody else.
if [ -z "${TRENT_OWN_LOOPBACK-}" ] || [ "$(id -u)" -eq 0 ]; then
  . "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
  exec unshare --user --map-user=1000 --map-group=1000 -- sh "$0" "$@"
fi
. "$TRENT_SOURCE/tests/provider/pairs.sh"
{
  make_pair rsa RSA &&
    make_pair ec EC -pkeyopt group:P-256 &&
    make_pair edwards ED25519 &&
    make_pair visitor EC -pkeyopt group:P-256
} >making.log 2>&1 || bail_out "cannot make keys: $(cat making.log)"
for name in rsa ec edwards visitor; do certify $name; done
export OPENSSL_CONF="$KMS_CNF"
port=4433

# nginx starts its workers without the environment, but for what is named.
cat >nginx.conf <<CONF
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr;
env SOFTHSM2_CONF;
env TRENT_CONF;
env TRENT_DEBUG;
events {}
http {
  access_log off;
  client_body_temp_path temporary;
  proxy_temp_path temporary;
  fastcgi_temp_path temporary;
  uwsgi_temp_path temporary;
  scgi_temp_path temporary;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate rsa.crt;
    ssl_certificate_key rsa.key;
    ssl_certificate ec.crt;
    ssl_certificate_key ec.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate ca.pem;
    ssl_verify_client optional;
    location / { return 200 "pid \$pid, visitor \$ssl_client_s_dn\n"; }
  }
}
CONF

modules=/usr/lib/apache2/modules
apache_conf() { # MPM
  cat <<-CONF
	LoadModule mpm_$1_module $modules/mod_mpm_$1.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule ssl_module $modules/mod_ssl.so
	LoadModule headers_module $modules/mod_headers.so
	ServerRoot $PWD
	ServerName localhost
	DocumentRoot $PWD/pages
	PidFile httpd.pid
	Listen 127.0.0.1:$port
	ErrorLog /dev/stderr
	$(case $1 in
	  # Always the same processes.
	  event) printf '%s\n' 'ServerLimit 2' 'ThreadsPerChild 10' 'MaxRequestWorkers 20' 'MaxSpareThreads 20' ;;
	  prefork) printf '%s\n' 'ServerLimit 2' 'MaxRequestWorkers 2' 'MinSpareServers 1' 'MaxSpareServers 2' ;;
	esac)
	StartServers 2
	SSLEngine on
	SSLCertificateFile rsa.crt
	SSLCertificateKeyFile rsa.key
	SSLCertificateFile ec.crt
	SSLCertificateKeyFile ec.key
	SSLCACertificateFile ca.pem
	SSLVerifyClient optional
	Header set visitor "%{SSL_CLIENT_S_DN}s"
	CONF
}
mkdir pages
echo hello >pages/index.html

# HAProxy wants certificate and key in one file.
mkdir both
for name in rsa:rsa ec:ecdsa; do cat "${name%:*}.crt" "${name%:*}.key" >"both/site.${name#*:}"; done
cat >haproxy.cfg <<CONF
global
  nbthread 2
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
frontend site
  bind 127.0.0.1:$port ssl crt both/site ca-file ca.pem verify optional
  http-request return status 200 hdr visitor CN=%[ssl_c_s_dn(CN)]
CONF

# serve PROGRAM [MPM]: the server, once it answers.
serve() {
  case $1 in
    haproxy) start haproxy -f haproxy.cfg -db ;;
    nginx) start nginx -p "$PWD" -c nginx.conf -e stderr ;;
    apache)
      apache_conf "$2" >httpd.conf
      # It ends its whole group of processes.
      start setsid apache2 -d "$PWD" -f httpd.conf -DFOREGROUND
      ;;
  esac
  eventually curl -s --cacert ca.pem "https://localhost:$port/index.html" -o /dev/null
}

# workers: the processes that the server has forked. One that ends is none.
workers() { pgrep -P "$started" -r S,R; }
handshakes() { python3 "$TRENT_SOURCE/tests/provider/handshakes.py" $port "$1" ca.pem; }

answers() { # PROGRAM...
  serve "$@"
  for version in tls1_2 tls1_3; do
    for name in rsa ec; do
      # The certificate itself is signed by ECDSA.
      case $name in
        rsa) algorithms=RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256 ciphers=aRSA ;;
        ec) algorithms=ECDSA+SHA256 ciphers=aECDSA ;;
      esac
      timeout 30 openssl s_client -connect localhost:$port -CAfile ca.pem -servername localhost -verify_return_error \
        -$version -sigalgs $algorithms -cipher $ciphers </dev/null >said 2>&1 || { cat said && return 1; }
      assert_contains "$(cat said)" "subject=CN = $name"
      assert_contains "$(cat said)" 'Verify return code: 0 (ok)'
    done
  done
  # One that has no key of KMS, and one that has.
  curl -si --cacert ca.pem "https://localhost:$port/index.html" >said
  assert_lacks "$(cat said)" CN=visitor
  for version in 1.2 1.3; do
    curl -si --cacert ca.pem --tls-max $version --cert visitor.crt --key visitor.key "https://localhost:$port/index.html" >said
    assert_contains "$(cat said)" CN=visitor
  done
}

# Some of them in threads of one process.
serves_many_at_once() { # PROGRAM...
  serve "$@"
  visitors=
  for _ in 1 2 3 4 5 6 7 8; do
    handshakes 60 >>seen 2>&1 &
    visitors="$visitors $!"
  done
  for visitor in $visitors; do wait "$visitor" || { cat seen && return 1; }; done
}

# What the processes of the server have, one line each: kilobytes of memory, open sessions.
footprint() {
  for pid in $started $(workers); do
    awk -v pid="$pid" '
      $2 ~ "^" pid "/" && $3 ~ "^C_OpenSession" { sessions++ }
      $2 ~ "^" pid "/" && $3 ~ "^C_CloseSession" { sessions-- }
      $1 == "VmRSS:" { memory = $2 }
      END { print memory + 0, sessions + 0 }
    ' calls "/proc/$pid/status"
  done
}

# grown BEFORE AFTER KILOBYTES: the numbers of the lines of processes that have more sessions, or so much
# more memory.
grown() {
  paste -d ' ' "$1" "$2" | awk -v limit="$3" 'NF != 4 || $4 > $2 || $3 > $1 + limit { print NR }'
}

# What a process keeps from its first visitors, each thread some, comes to an end; what it loses with each
# visitor does not: so only what grows in every one of three rounds is a leak.
does_not_grow() { # PROGRAM...
  export TRENT_DEBUG="file:$PWD/calls"
  rm -f calls
  serve "$@"
  handshakes 300
  for round in 1 2 3; do
    footprint >before
    [ "$(wc -l <before)" -ge 3 ]
    signed=$(grep -c ' C_Sign(' calls)
    assert_eq "$(handshakes 1000 | xargs)" 'ec rsa'
    [ $(($(grep -c ' C_Sign(' calls) - signed)) -eq 1000 ]
    footprint >after
    paste -d ' ' before after
    grown before after 200 >grown.$round
    [ -s grown.$round ] || return 0
  done
  assert_eq "$(sort grown.1 grown.2 grown.3 | uniq -c | grep '^ *3 ')" ''
}

# New certificates, of the same keys, for new workers; nobody is turned away meanwhile.
reloads() { # SIGNAL PROGRAM...
  export TRENT_DEBUG="file:$PWD/calls"
  rm -f calls
  signal=$1
  shift
  serve "$@"
  assert_eq "$(handshakes 30 | xargs)" 'ec rsa'
  before=$(workers | xargs)
  footprint | head -n 1 >master
  for name in rsa ec; do
    cp $name.crt $name.old
    openssl req -new -key $name.key -subj "/CN=$name, renewed" -out $name.csr
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions -days 2 \
      -out $name.crt
  done
  handshakes 600 >seen 2>&1 &
  visitors=$!
  for _ in 1 2 3 4 5; do
    kill -"$signal" $started
    sleep 0.3
  done
  wait $visitors || { cat seen && return 1; }
  grep -Fx 'ec, renewed' seen
  assert_eq "$(handshakes 30 | sort | xargs)" 'ec, renewed rsa, renewed'
  for pid in $before; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.3
    done
    if kill -0 "$pid"; then return 1; fi
  done
  footprint | head -n 1 >master.after
  cat master master.after
  assert_eq "$(grown master master.after 1000)" ''
  for name in rsa ec; do mv $name.old $name.crt; done
}

# A module that is void in a forked process, as those of HSMs are: the workers log in.
workers_log_in() { # PROGRAM...
  cp "$SOFTHSM2_CONF" softhsm2.conf
  echo 'library.reset_on_fork = true' >>softhsm2.conf
  export SOFTHSM2_CONF="$PWD/softhsm2.conf" TRENT_DEBUG="file:$PWD/calls"
  rm -f calls
  serve "$@"
  handshakes 60
  for pid in $(workers); do
    if grep -q " $pid/.* C_Sign(" calls; then grep " $pid/.* C_Login() CKR_OK" calls; fi
  done
  [ "$(grep -c 'C_Login() CKR_OK' calls)" -ge 2 ]
}

case $1 in
  nginx) path=/usr/sbin/nginx signal=HUP ;;
  apache) path=/usr/sbin/apache2 signal=USR1 ;;
  haproxy) path=/usr/sbin/haproxy ;;
esac
case_with $path 'serves, with keys of KMS at both ends' answers "$@"
case_with $path 'serves many at once' serves_many_at_once "$@"
if [ "$1" != haproxy ]; then
  case_with $path '1,000 handshakes take no memory and no sessions' does_not_grow "$@"
  case_with $path 'certificates are renewed while it serves' reloads $signal "$@"
  case_with $path 'workers log in where they have to' workers_log_in "$@"
fi
done_testing
