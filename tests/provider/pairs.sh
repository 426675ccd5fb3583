# SPDX-License-Identifier: Apache-2.0
# For the scripts beside it: a token by `trent init`, key pairs in it, and openssl with Trent in each
# way to load it.
# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is for the scripts that source this
. "$TRENT_SOURCE/tests/support/lib.sh"
kms=$work/kms
"$trent" init "$kms" >/dev/null || bail_out 'trent init failed'
. "$kms/env"
export KMS_CNF="$OPENSSL_CONF"
unset OPENSSL_CONF
ways='default,trent trent,default openssl.cnf'

# ossl COMMAND ARGUMENT...: openssl with the providers of $LOADED in that order, or with the
# openssl.cnf of `trent init`. A script and not a function, so that assert_fails_with can run it.
mkdir bin
cat >bin/ossl <<'OSSL'
#!/bin/sh
command=$1
shift
case $LOADED in
  openssl.cnf) OPENSSL_CONF=$KMS_CNF exec timeout 60 openssl "$command" "$@" ;;
  *) exec timeout 60 openssl "$command" -provider "${LOADED%,*}" -provider "${LOADED#*,}" "$@" ;;
esac
OSSL
chmod +x bin/ossl
PATH=$work/bin:$PATH:/usr/sbin
export LOADED=default,trent

# make_pair NAME ALGORITHM [OPTION...]: alias/NAME, the file NAME.key that names it, and NAME.pem,
# its public key.
make_pair() {
  pair=$1 algorithm=$2
  shift 2
  ossl genpkey -propquery provider=trent -algorithm "$algorithm" -pkeyopt "kms-alias:alias/$pair" "$@" \
    -out "$pair.key" && ossl pkey -in "$pair.key" -pubout -out "$pair.pem"
}

# certify NAME: NAME.crt for servers and clients on this host, by the authority of ca.pem.
certify() {
  [ -e ca.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=authority \
    -days 2 -keyout ca.key -out ca.pem 2>/dev/null
  cat >extensions <<-END
	keyUsage = critical, digitalSignature
	extendedKeyUsage = serverAuth, clientAuth
	subjectAltName = DNS:localhost, IP:127.0.0.1
	END
  openssl x509 -new -force_pubkey "$1.pem" -subj "/CN=$1" -CA ca.pem -CAkey ca.key -CAcreateserial \
    -extfile extensions -days 2 -out "$1.crt" 2>/dev/null
}
