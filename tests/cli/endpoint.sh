#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TRENT_ENDPOINT and --endpoint-url: the verbs of KMS by a server, with the results, messages and exit
# codes that they have by the token.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION
unset AWS_CA_BUNDLE AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE
make_token

start_server serve.out --insecure-as root --listen "unix:$work/socket" \
  --listen 127.0.0.1:0
unix=unix:$work/socket
http=$(sed -n 's/^listening on \(http:.*\)/\1/p' serve.out)
(mkdir nonsense && cd nonsense && echo verify >mode &&
  exec python3 "$TRENT_SOURCE/tests/cli/nonsense_server.py" the/secret >out 2>err) &
echo $! >>servers
for _ in $(seq 100); do [ -s nonsense/out ] && break; sleep 0.1; done
nonsense=$(cat nonsense/out)

# shellcheck disable=SC2034 # read by run_way
key_http=$("$trent" create-key --description 'for "all"' --output raw)
key_token=$("$trent" create-key --description 'for "all"' --output raw)
key_unix=$("$trent" create-key --description 'for "all"' --output raw)
"$trent" create-alias --alias-name alias/app --target-key-id "$key_token"
"$trent" create-alias --alias-name alias/also --target-key-id "$key_token"
printf 'a secret\n' >secret
"$trent" encrypt --key-id alias/app --plaintext fileb://secret --encryption-context a=b,c=d \
  --output raw >secret.blob

# run_way WAY ARGUMENT...: by the token or by an address of the server. In the arguments, WAY is the
# way and KEY a key for this way alone.
run_way() (
  way=$1
  shift
  eval "key=\$key_$way"
  [ "$way" = token ] || eval "export TRENT_ENDPOINT=\$$way"
  for argument; do
    shift
    argument=$(printf '%s.' "$argument" | sed "s/WAY/$way/g; s/KEY/$key/g")
    set -- "$@" "${argument%.}"
  done
  trent "$@"
)

# run_ways ARGUMENT...: out.WAY, err.WAY and status.WAY are what came.
run_ways() {
  echo "$1" >>"$work/verbs"
  for way in token unix http; do
    status=0
    run_way $way "$@" >out.$way 2>err.$way || status=$?
    echo $status >status.$way
  done
}

# The first line of a message: the token's advice is for whoever has the token.
compare_ways() {
  for way in unix http; do
    assert_same_file status.token status.$way
    assert_same_file out.token out.$way
    for each in token $way; do sed -n 1p err.$each >first.$each; done
    assert_same_file first.token first.$way
  done
}

# same STATUS ARGUMENT...: the same bytes.
same() {
  want=$1
  shift
  echo "trent $*"
  run_ways "$@"
  assert_eq "$(cat status.token)" "$want"
  compare_ways
}

# alike STATUS ARGUMENT...: the same but for ids, dates, ciphertexts and random bytes.
alike() {
  want=$1
  shift
  echo "trent $*"
  run_ways "$@"
  assert_eq "$(cat status.token)" "$want"
  for way in token unix http; do
    for stream in out err; do
      sed -E "s/$uuid/ID/g; s/$material/MATERIAL/g; s/$time/DATE/g; s/-$way/-WAY/g
        s/(\"((PrivateKey)?(CiphertextBlob|Plaintext)|PublicKey|Signature|GrantToken|ImportToken)\": \")[^\"]+/\\1BYTES/" $stream.$way >alike
      mv alike $stream.$way
    done
  done
  compare_ways
}

keys_and_tags() {
  alike 0 create-key --description 'ä "b"' --key-usage ENCRYPT_DECRYPT
  alike 0 create-key --output raw
  same 0 describe-key --key-id alias/app
  same 0 describe-key --key-id alias/app --output raw
  same 0 disable-key --key-id KEY
  alike 0 describe-key --key-id KEY
  same 0 enable-key --key-id KEY --output raw
  same 0 update-key-description --key-id KEY --description ''
  same 0 update-key-description --key-id KEY --description 'two
lines'
  alike 0 schedule-key-deletion --key-id KEY --pending-window-in-days 7
  alike 254 schedule-key-deletion --key-id KEY
  alike 0 describe-key --key-id KEY
  alike 0 cancel-key-deletion --key-id KEY
  same 0 enable-key --key-id KEY
  same 0 tag-resource --key-id KEY --tags TagKey=a,TagValue=b TagKey=c,TagValue=
  same 0 tag-resource --key-id KEY --tags '[{"TagKey":"x","TagValue":"ü"}]'
  same 0 untag-resource --key-id KEY --tag-keys a
  same 0 list-resource-tags --key-id KEY
  assert_contains "$(cat out.token)" ü
  same 0 list-resource-tags --key-id KEY --output list
  same 0 list-key-policies --key-id KEY
  same 0 get-key-policy --key-id KEY
}

aliases() {
  same 0 create-alias --alias-name alias/of-WAY --target-key-id KEY
  same 0 update-alias --alias-name alias/of-WAY --target-key-id "$key_token"
  alike 0 describe-key --key-id alias/of-WAY
  alike 254 create-alias --alias-name alias/of-WAY --target-key-id KEY
  same 0 delete-alias --alias-name alias/of-WAY
  alike 254 delete-alias --alias-name alias/of-WAY
}

ciphertexts() {
  alike 0 encrypt --key-id alias/app --plaintext fileb://secret --encryption-context a=b
  alike 0 encrypt --key-id alias/app --plaintext YQ== --output raw --output-file made.WAY
  for way in token unix http; do
    assert_eq "$(trent decrypt --ciphertext-blob fileb://made.$way --output raw)" a
  done
  same 0 decrypt --ciphertext-blob fileb://secret.blob --encryption-context c=d,a=b
  same 0 decrypt --ciphertext-blob fileb://secret.blob --encryption-context c=d,a=b --output raw
  assert_same_file secret out.http
  same 0 decrypt --ciphertext-blob fileb://secret.blob --encryption-context a=b,c=d \
    --output raw --output-file plain.WAY
  for way in token unix http; do
    assert_same_file secret plain.$way
    assert_file_mode plain.$way 600
  done
  alike 0 re-encrypt --ciphertext-blob fileb://secret.blob --source-encryption-context a=b,c=d \
    --destination-key-id KEY
  alike 0 generate-data-key --key-id alias/app --key-spec AES_256
  alike 0 generate-data-key --key-id alias/app --number-of-bytes 7
  alike 0 generate-data-key-without-plaintext --key-id alias/app --key-spec AES_128
  alike 0 generate-random --number-of-bytes 16
  for way in unix http; do
    eval "export TRENT_ENDPOINT=\$$way"
    assert_eq "$(trent generate-random --number-of-bytes 1024 --output raw | wc -c)" 1024
    head -c 4096 /dev/urandom >most
    trent encrypt --key-id alias/app --plaintext fileb://most --output raw |
      trent decrypt --ciphertext-blob - --output raw | assert_same_file most -
  done
}

key_pairs() {
  signer=$(trent create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY --output raw)
  agreeing=$(trent create-key --key-spec ECC_NIST_P256 --key-usage KEY_AGREEMENT --output raw)
  mac=$(trent create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC --output raw)
  same 0 get-public-key --key-id "$signer"
  alike 0 sign --key-id "$signer" --message fileb://secret --signing-algorithm ECDSA_SHA_256
  trent sign --key-id "$signer" --message fileb://secret --signing-algorithm ECDSA_SHA_256 \
    --output raw --output-file secret.sig
  same 0 verify --key-id "$signer" --message fileb://secret --signing-algorithm ECDSA_SHA_256 \
    --signature fileb://secret.sig
  same 254 verify --key-id "$signer" --message YQ== --signing-algorithm ECDSA_SHA_256 \
    --signature fileb://secret.sig
  same 0 generate-mac --key-id "$mac" --message fileb://secret --mac-algorithm HMAC_SHA_256
  trent generate-mac --key-id "$mac" --message fileb://secret --mac-algorithm HMAC_SHA_256 \
    --output raw --output-file secret.mac
  same 0 verify-mac --key-id "$mac" --message fileb://secret --mac-algorithm HMAC_SHA_256 \
    --mac fileb://secret.mac
  same 254 verify-mac --key-id "$mac" --message YQ== --mac-algorithm HMAC_SHA_256 \
    --mac fileb://secret.mac
  trent get-public-key --key-id "$agreeing" --output raw --output-file peer.der
  same 0 derive-shared-secret --key-id "$agreeing" --key-agreement-algorithm ECDH \
    --public-key fileb://peer.der
  alike 0 generate-data-key-pair --key-id alias/app --key-pair-spec ECC_NIST_P256
  alike 0 generate-data-key-pair-without-plaintext --key-id alias/app --key-pair-spec ECC_NIST_P256
}

lists() {
  for format in json text raw; do
    same 0 list-keys --output $format
    same 0 list-aliases --output $format
    same 0 list-aliases --key-id "$key_token" --output $format
    same 0 list-aliases --key-id "$key_unix" --output $format
    same 0 list-keys --output $format --page-size 1
    same 0 list-keys --output $format --max-items 2 --page-size 1
    same 0 list-aliases --output $format --page-size 1
    same 0 list-keys --output $format --limit 1
  done
  assert_eq "$(wc -l <out.http)" 1
  same 0 list-keys --output list
  assert_contains "$(cat out.unix)" 'alias/also,alias/app	two\nlines'
  same 0 list-keys --no-paginate
  trent list-keys --max-items 2 >page
  same 0 list-keys --starting-token "$(field page NextToken)"
}

permissions_and_rotation() {
  trent get-key-policy --key-id "$key_token" --output raw >policy.json
  same 0 put-key-policy --key-id KEY --policy file://policy.json
  same 254 put-key-policy --key-id KEY --policy '{}'
  user=arn:aws:iam::111122223333:user/alice
  alike 0 create-grant --key-id KEY --grantee-principal $user --operations Encrypt \
    --constraints 'EncryptionContextSubset={a=b}' --retiring-principal $user-WAY
  alike 0 list-grants --key-id KEY
  alike 0 list-retirable-grants --retiring-principal $user-WAY
  same 254 retire-grant --key-id KEY
  same 254 revoke-grant --key-id KEY --grant-id none
  same 0 enable-key-rotation --key-id KEY --rotation-period-in-days 100
  alike 0 get-key-rotation-status --key-id KEY
  alike 0 rotate-key-on-demand --key-id KEY
  alike 0 list-key-rotations --key-id KEY
  same 0 disable-key-rotation --key-id KEY
  # docs/multi-region.md has two regions: tests/cli/multi_region.sh.
  same 254 replicate-key --key-id "$key_token" --replica-region us-east-2
  same 254 update-primary-region --key-id "$key_token" --primary-region us-east-2
}

imported_material() {
  for way in token unix http; do
    made=$(run_way $way create-key --origin EXTERNAL --output raw)
    run_way $way get-parameters-for-import --key-id "$made" --wrapping-algorithm RSAES_OAEP_SHA_1 \
      --wrapping-key-spec RSA_2048 >import.$way
    field import.$way PublicKey | base64 -d >wrapping.der
    field import.$way ImportToken | base64 -d >token.$way
    head -c 32 /dev/urandom | openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der \
      -pkeyopt rsa_padding_mode:oaep -out wrapped.$way
    eval "key_$way=$made"
  done
  alike 0 import-key-material --key-id KEY --import-token fileb://token.WAY \
    --encrypted-key-material fileb://wrapped.WAY --valid-to "$(date -u -d '+1 day' +%FT%TZ)" \
    --key-material-description 'dice'
  alike 0 describe-key --key-id KEY
  assert_contains "$(cat out.http)" KEY_MATERIAL_EXPIRES
  alike 0 delete-imported-key-material --key-id KEY
  alike 254 encrypt --key-id KEY --plaintext YQ==
  alike 0 get-parameters-for-import --key-id KEY --wrapping-algorithm RSAES_OAEP_SHA_1 \
    --wrapping-key-spec RSA_2048
  alike 254 import-key-material --key-id KEY --import-token YQ== --encrypted-key-material YQ== \
    --valid-to "$(date -u -d '+1 day' +%s)"
  assert_contains "$(cat err.http)" InvalidImportTokenException
  alike 252 import-key-material --key-id KEY --import-token YQ== --encrypted-key-material YQ== \
    --valid-to tomorrow
}

every_verb() {
  trent --help | sed -n '/^Setup:/,/^Start here:/ s/^  \([a-z-]\{4,\}\)\( .*\)\{0,1\}$/\1/p' |
    grep -vxE 'init|check|purge|rotate-due|simulate-policy|serve|version|credential|audit|(en|de|re-en)crypt-file' |
    sort >all
  sort -u verbs | assert_same_file all -
  [ "$(wc -l <all)" -ge 20 ]
}

errors() {
  same 254 describe-key --key-id alias/nobody
  assert_contains "$(cat err.http)" \
    'An error occurred (NotFoundException) when calling the DescribeKey operation: '
  same 254 describe-key --key-id ''
  assert_contains "$(cat err.http)" "Value at 'keyId'"
  same 254 create-key --key-spec AES_256
  same 254 create-key --description "$(printf 'a\377')"
  same 254 encrypt --key-id alias/app --plaintext ''
  printf 'a=\377' >latin1
  same 254 encrypt --key-id alias/app --plaintext YQ== --encryption-context file://latin1
  same 254 encrypt --key-id alias/app --plaintext YQ== --dry-run
  same 254 encrypt --key-id alias/app --plaintext YQ== --encryption-algorithm ''
  same 254 generate-random
  same 254 generate-random --number-of-bytes 1025
  same 254 generate-data-key --key-id alias/app
  same 254 list-keys --limit 1001
  same 254 list-keys --starting-token '!'
  same 254 list-aliases --key-id ''
  same 254 create-alias --alias-name plain --target-key-id "$key_token"
  same 254 tag-resource --key-id "$key_token" --tags TagKey=aws:x,TagValue=
  # The same to the end, with what to do.
  same 254 decrypt --ciphertext-blob fileb://secret.blob
  assert_same_file err.token err.http
  assert_contains "$(cat err.http)" 'InvalidCiphertextException'
  same 252 encrypt --key-id alias/app
  same 252 encrypt --key-id alias/app --plaintext '%'
  same 252 list-keys --limit 1 --max-items 1
  same 252 generate-random --number-of-bytes x
}

neither_configuration_nor_token() {
  mkdir -p elsewhere
  cd elsewhere
  unset TRENT_CONF
  export SOFTHSM2_CONF=/nowhere/softhsm2.conf HOME=/nowhere TRENT_ENDPOINT="$unix"
  assert_eq "$(trent describe-key --key-id alias/app --output raw)" "$key_token"
  trent list-keys --output list | grep -q alias/app
  export TRENT_CONF=/nowhere/trent.toml
  trent decrypt --ciphertext-blob fileb://../secret.blob --encryption-context a=b,c=d --output raw |
    assert_same_file ../secret -
  if command -v strace >/dev/null; then
    strace -f -e trace=openat,open -o opened "$trent" generate-random --number-of-bytes 8 >/dev/null
    assert_lacks "$(cat opened)" softhsm
    assert_lacks "$(cat opened)" trent.toml
  fi
}

which_of_them() {
  export TRENT_ENDPOINT="$unix"
  before=$(trent list-keys --output raw)
  assert_eq "$(TRENT_ENDPOINT=unix:/nowhere trent list-keys --output raw --endpoint-url "$http")" \
    "$before"
  assert_eq "$(TRENT_ENDPOINT=unix:/nowhere trent --endpoint-url "$http" list-keys --output raw)" \
    "$before"
  # The token, by an option that is meant for this one command.
  assert_eq "$(TRENT_ENDPOINT=unix:/nowhere trent list-keys --output raw --config trent.toml)" \
    "$before"
  fails 252 '--config is for the token' list-keys --config trent.toml --endpoint-url "$http"
  # A variable that is empty is none.
  assert_eq "$(TRENT_ENDPOINT='' trent list-keys --output raw)" "$before"
  fails 252 '--endpoint-url: it is empty' list-keys --endpoint-url ''
  # These are about the token itself.
  export TRENT_ENDPOINT=nonsense
  trent check >out
  trent version >out
  fails 252 'Unknown option: --endpoint-url\..*verbs of KMS' check --endpoint-url "$http"
}

wrong_addresses() {
  for url in nonsense 127.0.0.1:8080 ftp://127.0.0.1 http:// http://127.0.0.1:x \
    http://127.0.0.1:0 http://127.0.0.1:99999 http://127.0.0.1/path unix: 'http://a b'; do
    fails 252 '--endpoint-url must be http://HOST:PORT' list-keys --endpoint-url "$url"
    TRENT_ENDPOINT=$url fails 252 'TRENT_ENDPOINT must be http://HOST:PORT' list-keys
  done
  fails 252 '--endpoint-url' list-keys --endpoint-url http://user:hidden@127.0.0.1
  assert_lacks "$(cat fails.err)" hidden
}

nobody_there() {
  for url in unix:/nowhere/socket http://127.0.0.1:1 "unix:$work/trent.toml" \
    http://no-such-host.invalid; do
    fails 255 "Cannot connect to $url: .*trent serve.*unset TRENT_ENDPOINT" list-keys \
      --endpoint-url "$url"
  done
  # What was there before stays.
  cp secret kept
  fails 255 'Cannot connect' decrypt --ciphertext-blob fileb://secret.blob --output raw \
    --output-file kept --endpoint-url unix:/nowhere/socket
  assert_same_file secret kept
}

# mode MODE: what the other server does from now on.
mode() {
  echo "$*" >nonsense/mode
  : >nonsense/requests
}
requests() { wc -l <nonsense/requests; }

nonsense() {
  export TRENT_ENDPOINT="$nonsense"
  cp secret kept
  for each in html not-found wrong-json half-json other-json empty large noise; do
    mode "$each"
    fails 255 "$nonsense answers, but not .*Is this the address of" generate-random \
      --number-of-bytes 1 --output raw --output-file kept
    assert_same_file secret kept
    fails 255 "$nonsense answers, but not " list-keys --output list
  done
  for each in html not-found empty; do
    mode "$each"
    fails 255 'not as a KMS does' enable-key --key-id x
  done
  mode nothing
  fails 255 "The connection to $nonsense broke: " generate-random --number-of-bytes 1
  assert_eq "$(requests)" 3
  mode nothing
  fails 255 'may have been done, or not' create-key
  assert_eq "$(requests)" 1
  mode same-page
  fails 255 'the same page comes again' list-keys
  mode escape
  fails 254 'An error occurred \(X\\x1b\[2J\)' list-keys
}

throttling() {
  export TRENT_ENDPOINT="$nonsense"
  mode throttle 2
  assert_eq "$(trent generate-random --number-of-bytes 1 --output raw)" a
  assert_eq "$(requests)" 3
  mode throttle 3
  fails 254 '^An error occurred \(ThrottlingException\) when calling the GenerateRandom operation: slow$' \
    generate-random --number-of-bytes 1
  assert_eq "$(requests)" 3
}

# What the server got is what was typed, and nothing else.
request_as_given() {
  export TRENT_ENDPOINT="$nonsense"
  mode not-found
  trent generate-random --number-of-bytes 3 2>/dev/null || :
  trent create-key 2>/dev/null || :
  trent encrypt --key-id k --plaintext YQ== --encryption-algorithm '' 2>/dev/null || :
  python3 - nonsense/requests <<-'PYTHON'
	import json, sys
	seen = [json.loads(line) for line in open(sys.argv[1])]
	assert [json.loads(each['body']) for each in seen] == [
	    {'NumberOfBytes': 3}, {'Description': '', 'BypassPolicyLockoutSafetyCheck': False,
	     'Tags': [], 'MultiRegion': False},
	    {'KeyId': 'k', 'Plaintext': 'YQ==', 'EncryptionAlgorithm': '', 'DryRun': False}], seen
	assert [each['headers']['x-amz-target'] for each in seen] == [
	    'TrentService.GenerateRandom', 'TrentService.CreateKey', 'TrentService.Encrypt']
	assert all('authorization' not in each['headers'] for each in seen)
	PYTHON
}

signatures() {
  export TRENT_ENDPOINT="$nonsense" AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=the/secret
  mode verify
  assert_eq "$(trent generate-random --number-of-bytes 1 --output raw)" a
  grep -q 'Credential=AKID/[0-9]*/local/kms/aws4_request' nonsense/requests
  export AWS_SESSION_TOKEN=a+token/= AWS_REGION=eu-central-1
  assert_eq "$(trent generate-random --number-of-bytes 1 --output raw)" a
  grep -q '"x-amz-security-token": "a+token/="' nonsense/requests
  grep -q '/eu-central-1/kms/aws4_request' nonsense/requests
  export AWS_SECRET_ACCESS_KEY=hidden
  fails 254 'InvalidSignatureException\).*: no' generate-random --number-of-bytes 1
  assert_lacks "$(cat fails.err nonsense/requests)" hidden
  unset AWS_ACCESS_KEY_ID
  fails 253 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY' list-keys
  assert_lacks "$(cat fails.err)" hidden
  TRENT_ENDPOINT=$unix AWS_ACCESS_KEY_ID=AKID trent list-keys >out
}

# Access keys, users of the Unix socket, and what is said where they do not fit.
who_comes_in() {
  trent credential create --principal arn:aws:iam::111122223333:user/app >key.json
  cat >>credentials.toml <<-TOML

	[[principal]]
	arn = "arn:aws:iam::111122223333:user/me"
	uid = $(id -u)
	TOML
  start_server signed.out --listen "unix:$work/signed" --listen "unix:$work/user,unix-user"
  signed=unix:$work/signed
  user=unix:$work/user
  fails 254 'MissingAuthenticationTokenException' list-keys --endpoint-url "$signed"
  assert_contains "$(cat fails.err)" 'or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
  assert_eq "$(trent describe-key --key-id alias/app --output raw --endpoint-url "$user")" "$key_token"

  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  AWS_ACCESS_KEY_ID=$(field key.json AccessKey AccessKeyId)
  AWS_SECRET_ACCESS_KEY=$(field key.json AccessKey SecretAccessKey)
  assert_eq "$(trent describe-key --key-id alias/app --output raw --endpoint-url "$signed")" "$key_token"
  fails 254 'MissingAuthenticationTokenException' list-keys --endpoint-url "$user"
  assert_contains "$(cat fails.err)" 'takes no signatures here'
  AWS_REGION=eu-west-1 fails 254 'InvalidSignatureException.*valid region' list-keys --endpoint-url "$signed"
  AWS_ACCESS_KEY_ID=AKIAELSEWHERE fails 254 'UnrecognizedClientException' list-keys --endpoint-url "$signed"
  assert_contains "$(cat fails.err)" 'is it an access key of this server?'
  kill $server
}

# Credentials where aws has them.
profiles() {
  start_server profiles.out --listen 127.0.0.1:0 --listen "unix:$work/known,unix-user"
  signed=$(sed -n 's/^listening on \(http:.*\)/\1/p' profiles.out)
  id=$(field key.json AccessKey AccessKeyId)
  secret=$(field key.json AccessKey SecretAccessKey)
  mkdir .aws
  cat >.aws/credentials <<-INI
	# those of aws configure
	[default]
	aws_access_key_id = $id
	aws_secret_access_key = $secret

	[ full ]
	aws_access_key_id=$id
	aws_secret_access_key=$secret
	[wrong]
	aws_access_key_id = AKIAELSEWHERE
	aws_secret_access_key = hidden
	[half]
	aws_access_key_id = AKIA
	INI
  cat >.aws/config <<-INI
	[default]
	region = eu-west-1
	[profile full]
	endpoint_url = $signed
	s3 =
	  region = eu-west-1
	region = local
	[profile "by process"]
	credential_process = /bin/false
	INI
  describe() { trent describe-key --key-id alias/app --output raw "$@"; }
  fails 254 'InvalidSignatureException.*valid region' list-keys --endpoint-url "$signed"
  assert_eq "$(describe --endpoint-url "$signed" --region local)" "$key_token"
  assert_eq "$(AWS_REGION=local describe --endpoint-url "$signed")" "$key_token"
  assert_eq "$(describe --profile full)" "$key_token"
  assert_eq "$(TRENT_ENDPOINT=$signed AWS_PROFILE=full describe)" "$key_token"
  # The option goes before the environment, and that before what AWS_PROFILE names.
  export AWS_ACCESS_KEY_ID=AKIAELSEWHERE AWS_SECRET_ACCESS_KEY=hidden
  assert_eq "$(describe --profile full)" "$key_token"
  AWS_PROFILE=full fails 254 UnrecognizedClientException list-keys --endpoint-url "$signed" --region local
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  fails 254 UnrecognizedClientException list-keys --endpoint-url "$signed" --profile wrong --region local
  fails 253 'profile .?half.? has one of' list-keys --endpoint-url "$signed" --profile half
  fails 253 'by credential_process, which Trent does not know' list-keys --endpoint-url "$signed" --profile 'by process'
  fails 253 'There is no profile' list-keys --profile nobody
  fails 252 '--profile has the credentials for a server, and none is named' list-keys --profile wrong
  fails 252 '--profile for a server: give one' list-keys --profile full --config trent.toml
  # Who is known by the socket signs nothing, unless the profile is named.
  assert_eq "$(describe --endpoint-url "unix:$work/known")" "$key_token"
  AWS_PROFILE=full fails 254 'MissingAuthenticationTokenException' list-keys --endpoint-url "unix:$work/known"
  AWS_SHARED_CREDENTIALS_FILE=/nowhere AWS_CONFIG_FILE=/nowhere fails 253 'There is no profile' list-keys --profile full
  rm -r .aws
  kill $server
}

# A worker that dies is started again, and nobody who only reads notices.
worker_that_is_killed() {
  export TRENT_ENDPOINT="$unix"
  for _ in 1 2 3; do
    # shellcheck disable=SC2046,SC2086
    kill -9 $(pgrep -P $server)
    assert_eq "$(trent describe-key --key-id alias/app --output raw)" "$key_token"
  done
}

tls() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key \
    -out tls.crt -days 2 -subj /CN=test -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key \
    -out other.crt -days 2 -subj /CN=test 2>/dev/null
  start_server tls.out --insecure-as root --listen 127.0.0.1:0 --tls-cert tls.crt \
    --tls-key tls.key
  https=$(sed -n 's/^listening on //p' tls.out)
  assert_eq "$(AWS_CA_BUNDLE=tls.crt trent describe-key --key-id alias/app --output raw \
    --endpoint-url "$https")" "$key_token"
  assert_eq "$(AWS_CA_BUNDLE=other.crt trent --ca-bundle tls.crt describe-key --key-id alias/app --output raw \
    --endpoint-url "$https")" "$key_token"
  fails 255 'certificate is not trusted' list-keys --endpoint-url "$https" --ca-bundle other.crt
  fails 253 'nowhere.pem cannot be read.*--ca-bundle' list-keys --endpoint-url "$https" --ca-bundle nowhere.pem
  fails 255 'certificate is not trusted.*AWS_CA_BUNDLE' list-keys --endpoint-url "$https"
  export AWS_CA_BUNDLE=other.crt
  fails 255 'certificate is not trusted' list-keys --endpoint-url "$https"
  export AWS_CA_BUNDLE=tls.crt
  fails 255 'certificate is not trusted.*mismatch' list-keys \
    --endpoint-url "https://localhost:${https##*:}"
  export AWS_CA_BUNDLE=/nowhere.crt
  fails 253 'The certificates in /nowhere.crt cannot be read: .*Correct .*AWS_CA_BUNDLE' list-keys --endpoint-url "$https"
  unset AWS_CA_BUNDLE
  fails 255 'Cannot connect to https.*TLS handshake failed' list-keys --endpoint-url "https://${http#http://}"
  fails 255 'broke|but not' list-keys --endpoint-url "http://${https#https://}"
  kill $server
}

test_case 'keys and tags' keys_and_tags
test_case 'aliases' aliases
test_case 'ciphertexts and random bytes' ciphertexts
test_case 'key pairs and MACs' key_pairs
test_case 'lists, whole and in pages' lists
test_case 'policies, grants, rotation' permissions_and_rotation
test_case 'imported key material' imported_material
test_case 'that was every verb' every_verb
test_case 'errors' errors
test_case 'neither a configuration nor a token is needed' neither_configuration_nor_token
test_case 'which of token and server it is' which_of_them
test_case 'addresses that are none' wrong_addresses
test_case 'nobody there' nobody_there
test_case 'answers that are none of a KMS' nonsense
test_case 'throttling' throttling
test_case 'requests hold what was given' request_as_given
test_case 'signatures' signatures
test_case 'who comes in' who_comes_in
test_case 'profiles of aws' profiles
test_case 'a worker that is killed' worker_that_is_killed
test_case 'TLS' tls
done_testing
