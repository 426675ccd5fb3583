#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `openssl s_server` and `s_client`, with a key of KMS at both ends.
. "$TRENT_SOURCE/tests/provider/pairs.sh"
{
  make_pair rsa RSA &&
    make_pair ec EC -pkeyopt group:P-256 &&
    make_pair p384 EC -pkeyopt group:P-384 &&
    make_pair edwards ED25519
} >making.log 2>&1 || bail_out "cannot make keys: $(cat making.log)"
for name in rsa ec p384 edwards; do certify $name; done

# serve NAME KEY OPTION...: a server that wants to know its clients.
serve() {
  name=$1 key=$2
  shift 2
  start ossl s_server -accept 127.0.0.1:0 -www -cert "$name.crt" -key "$key" -CAfile ca.pem -Verify 1 \
    -verify_return_error "$@"
  eventually grep -q '^ACCEPT .*:' started.log
  server=$(sed -n 's/^ACCEPT //p' started.log | head -n 1)
}

# connect NAME KEY OPTION...: said is what s_client and the server's page say.
connect() {
  name=$1 key=$2
  shift 2
  printf 'GET / HTTP/1.0\r\n\r\n' | timeout 30 ossl s_client -connect "$server" -cert "$name.crt" -key "$key" \
    -CAfile ca.pem -verify_return_error -verify_hostname localhost -ign_eof "$@" >said 2>&1 || {
    cat said
    return 1
  }
}

# handshakes SERVER CLIENT TYPE: by URIs and by files, in both versions.
handshakes() {
  for form in uri file; do
    case $form in
      uri) server_key=kms:alias/$1 client_key=kms:alias/$2 ;;
      file) server_key=$1.key client_key=$2.key ;;
    esac
    serve "$1" "$server_key"
    for version in tls1_2 tls1_3; do
      connect "$2" "$client_key" -$version
      grep -Fx "Verification: OK" said
      grep -Fx "Peer signature type: $3" said
      # From the page: whom the server saw.
      grep -E "Subject: CN ?= ?$2$" said
    done
    kill $started
    wait $started || :
  done
}

# Whatever hash the peers agree on that KMS has for such keys, or can have by a digest.
signs_as_the_peer_wants() {
  for algorithm in rsa:RSA+SHA256 rsa:RSA+SHA384 rsa:RSA+SHA512 rsa:RSA-PSS+SHA256 rsa:RSA-PSS+SHA384 \
    rsa:RSA-PSS+SHA512 ec:ECDSA+SHA256 ec:ECDSA+SHA384 p384:ECDSA+SHA256 p384:ECDSA+SHA512; do
    serve "${algorithm%:*}" "${algorithm%:*}.key"
    # The certificate itself is signed with ECDSA and SHA-256.
    case $algorithm in *:ECDSA+SHA256) others= ;; *) others=:ECDSA+SHA256 ;; esac
    connect ec ec.key -tls1_2 -sigalgs "${algorithm#*:}$others"
    grep -Fx "Peer signing digest: ${algorithm#*+}" said
    kill $started
    wait $started || :
  done
  serve p384 p384.key
  connect p384 p384.key -tls1_3
  grep -Fx "Peer signing digest: SHA384" said
}

# RSA key exchange is a decryption, which a key for signatures does not do, and KMS has none of the
# kind (PKCS #1 v1.5). The server lives on.
decrypts_no_key_exchange() {
  serve rsa rsa.key
  if connect ec ec.key -tls1_2 -cipher kRSA; then return 1; fi
  assert_contains "$(cat said)" 'alert'
  connect ec ec.key -tls1_2
}

# A client that has a certificate and another key.
a_wrong_key_does_not_connect() {
  serve ec ec.key
  assert_fails_with 'key values mismatch' \
    ossl s_client -connect "$server" -CAfile ca.pem -cert p384.crt -key kms:alias/ec
  if timeout 30 ossl s_client -connect "$server" -CAfile ca.pem -tls1_2 </dev/null >said 2>&1; then
    return 1
  fi
  # A disabled key says so when it is to sign.
  id=$("$trent" describe-key --key-id alias/p384 --output raw)
  "$trent" disable-key --key-id "$id"
  if connect p384 p384.key -tls1_2; then return 1; fi
  assert_contains "$(cat said)" DisabledException
  "$trent" enable-key --key-id "$id"
  connect p384 p384.key -tls1_2
}

for way in $ways; do
  LOADED=$way
  test_case "$way: an RSA server, an EC client" handshakes rsa ec RSA-PSS
  test_case "$way: an EC server, an Ed25519 client" handshakes ec edwards ECDSA
  test_case "$way: an Ed25519 server, an RSA client" handshakes edwards rsa ed25519
done
LOADED=openssl.cnf
test_case 'the server signs with the hash and padding that the client wants' signs_as_the_peer_wants
test_case 'RSA key exchange is refused' decrypts_no_key_exchange
test_case 'a wrong or disabled key does not connect' a_wrong_key_does_not_connect
done_testing
