#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Moves every ciphertext below a directory to another key, inside the token:
#   sh move.sh DIRECTORY OLD-KEY NEW-KEY
# It can be stopped and started again: each file is replaced as a whole, and one that is under the new key
# already is passed over. Their encryption context is their name, name=FILE.
set -eu
directory=$1 old=$2 new=$3
new_arn=$(trent describe-key --key-id "$new" | sed -n 's/.*"Arn": "\(.*\)".*/\1/p')
moved=0 passed_over=0
for file in "$directory"/*; do
  context="name=$(basename "$file")"
  if trent decrypt --dry-run --key-id "$new_arn" --ciphertext-blob "fileb://$file" --encryption-context "$context" 2>&1 |
    grep -q DryRunOperationException; then
    passed_over=$((passed_over + 1))
    continue
  fi
  trent re-encrypt --ciphertext-blob "fileb://$file" --source-key-id "$old" --source-encryption-context "$context" \
    --destination-key-id "$new" --destination-encryption-context "$context" --output raw --output-file "$file"
  moved=$((moved + 1))
done
echo "$moved moved, $passed_over passed over"
