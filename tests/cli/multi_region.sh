#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Multi-Region keys on the command line: --region by the token and by a server, and what is left where a
# command is killed before any of its calls into the tokens.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION
make_token
softhsm2-util --init-token --free --label second --so-pin 12345678 --pin 1234 >/dev/null
sed 's/"local"/"eu-west-1"/' trent.toml >first.toml
sed 's/"local"/"us-east-2"/; s/token=kms/token=second/' trent.toml >second.toml
cat first.toml second.toml >trent.toml

away=arn:aws:kms:us-east-2:111122223333:key

# members FILE PATH: one of the JSON that a command has printed
member() { python3 -c '
import functools, json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    value = value[name]
print(value)' "$1" "$2"; }

make_multi_region() { key=$(trent create-key --multi-region --output raw); }

regions_of_the_command() {
  here=$(trent create-key --output raw)
  there=$(trent create-key --region us-east-2 --output raw)
  assert_eq "$(trent --region us-east-2 list-keys --output raw)" "$there"
  assert_eq "$(trent list-keys --region eu-west-1 --output raw)" "$here"
  trent describe-key --region us-east-2 --key-id "$there" >out
  assert_eq "$(member out KeyMetadata.Arn)" "$away/$there"
  fails 254 'NotFoundException' describe-key --key-id "$there"
  assert_eq "$(trent describe-key --key-id "$away/$there" --output raw)" "$there"
  fails 253 'No \[\[token\]\] .* has the region mars-north-1\.' list-keys --region mars-north-1
  fails 252 '--region: it is empty' list-keys --region ''
}

regions_of_a_server() {
  start_server serve.out --insecure-as root --listen "unix:$work/socket"
  export TRENT_ENDPOINT="unix:$work/socket"
  fails 252 '--region: a server is told' list-keys --region us-east-2
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  there=$(trent create-key --region us-east-2 --output raw)
  trent describe-key --region us-east-2 --key-id "$there" >out
  assert_eq "$(member out KeyMetadata.Arn)" "$away/$there"
  fails 254 'NotFoundException' describe-key --key-id "$there"
  AWS_REGION=us-east-2 trent describe-key --key-id "$there" --output raw
  make_multi_region
  trent replicate-key --key-id "$key" --replica-region us-east-2 >out
  assert_eq "$(member out ReplicaKeyMetadata.Arn)" "$away/$key"
  trent update-primary-region --key-id "$key" --primary-region us-east-2
  trent describe-key --key-id "$key" >out
  assert_eq "$(member out KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn)" "$away/$key"
}

# A blob of each region opens in both, where the replica is there.
both_open() {
  say_hello first.blob
  trent encrypt --region us-east-2 --key-id "$key" --plaintext aGVsbG8= --output raw >second.blob
  for region in eu-west-1 us-east-2; do
    for blob in kept.blob first.blob second.blob; do
      assert_eq "$(trent decrypt --region $region --key-id "$key" --ciphertext-blob fileb://$blob --output raw)" hello
    done
  done
}
is_replicated() { trent describe-key --region us-east-2 --key-id "$key" >out 2>&1; }

# No half of a replica, and a repair leaves nothing of one. A check waits where it finds something.
replica_or_nothing() {
  says_hello kept.blob
  if is_replicated; then both_open; fi
  trent check --repair >out
  trent check >out
  if is_replicated; then both_open; fi
}
killed_replication() {
  make_multi_region
  say_hello kept.blob
  killed_at_each_change replica_or_nothing trent replicate-key --key-id "$key" --replica-region us-east-2
  both_open
}

killed_rotation() {
  make_multi_region
  say_hello kept.blob
  trent replicate-key --key-id "$key" --replica-region us-east-2 >out
  killed_at_each_change always_both trent rotate-key-on-demand --key-id "$key"
  always_both
}
always_both() {
  both_open
  trent check --repair >out
  trent check >out
  both_open
}

one_primary() {
  trent describe-key --key-id "$key" >first
  trent describe-key --region us-east-2 --key-id "$key" >second
  arn=$(member first KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn)
  assert_eq "$(member second KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn)" "$arn"
  trent rotate-key-on-demand --key-id "$arn" >out
  both_open
}
killed_update() {
  make_multi_region
  say_hello kept.blob
  trent replicate-key --key-id "$key" --replica-region us-east-2 >out
  killed_at_each_change one_primary trent update-primary-region --key-id "$key" --primary-region us-east-2
  trent describe-key --key-id "$key" >out
  assert_eq "$(member out KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn)" "$away/$key"
}

test_case 'regions of the command' regions_of_the_command
test_case 'regions of a server' regions_of_a_server
test_case 'ReplicateKey that is killed' killed_replication
test_case 'RotateKeyOnDemand that is killed' killed_rotation
test_case 'UpdatePrimaryRegion that is killed' killed_update
done_testing
