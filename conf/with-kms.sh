#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command with a KMS of its own, for tests and CI jobs; installed as trent-with-kms:
#   sh conf/with-kms.sh COMMAND [ARGUMENT...]
#   sh conf/with-kms.sh python3 -m pytest
# It makes a SoftHSM token in a temporary directory, with the keys alias/app, alias/old and alias/new, and a
# server on this host that takes any credentials. The command finds them by the environment: AWS_ENDPOINT_URL_KMS and credentials for
# the SDKs, TRENT_CONF and others for trent, openssl and PKCS#11 programs. When it ends, nothing is left.
set -eu
[ $# -gt 0 ] || {
  echo "usage: $0 COMMAND [ARGUMENT...]" >&2
  exit 2
}
dir=$(mktemp -d "${TMPDIR:-/tmp}/kms-XXXXXX")
server=
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || :; }
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

trent init "$dir/kms" >/dev/null
. "$dir/kms/env"
unset TRENT_ENDPOINT
for name in app old new; do
  trent create-alias --alias-name alias/$name --target-key-id "$(trent create-key --output raw)"
done
trent serve --insecure-as root --listen 127.0.0.1:0 >"$dir/serve.log" &
server=$!
until grep -qs 'listening on' "$dir/serve.log"; do
  kill -0 "$server" # it has said why it ended
  sleep 0.1
done
AWS_ENDPOINT_URL_KMS=$(sed -n 's/^listening on //p' "$dir/serve.log")
AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=local AWS_DEFAULT_REGION=local
export AWS_ENDPOINT_URL_KMS AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION
unset AWS_SESSION_TOKEN AWS_PROFILE
status=0
"$@" || status=$?
exit $status
