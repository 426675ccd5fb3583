# SPDX-License-Identifier: Apache-2.0
# AWS's SDK for Ruby. The argument begins the names of the aliases.
require 'aws-sdk-kms'

ENDPOINT = ENV.fetch('AWS_ENDPOINT_URL_KMS')
kms = Aws::KMS::Client.new(endpoint: ENDPOINT)

def code
  yield
  'no error'
rescue Aws::KMS::Errors::ServiceError => e
  e.code
end

old_alias, new_alias = %w[old new].map { |age| "alias/#{ARGV[0]}-#{age}" }
old, new = [old_alias, new_alias].map do |name|
  key = kms.create_key.key_metadata.key_id
  kms.create_alias(alias_name: name, target_key_id: key)
  key
end
blob = kms.encrypt(key_id: old_alias, plaintext: 'the secret',
                   encryption_context: { 'tenant' => 'acme' }).ciphertext_blob
moved = kms.re_encrypt(ciphertext_blob: blob, source_encryption_context: { 'tenant' => 'acme' },
                       destination_key_id: new_alias,
                       destination_encryption_context: { 'tenant' => 'globex' }).ciphertext_blob
puts kms.decrypt(ciphertext_blob: moved, encryption_context: { 'tenant' => 'globex' }).plaintext

puts code { kms.encrypt(key_id: 'alias/nobody', plaintext: 'x') }
puts code { kms.decrypt(ciphertext_blob: moved, encryption_context: { 'tenant' => 'acme' }) }
kms.disable_key(key_id: old)
puts code { kms.encrypt(key_id: old, plaintext: 'x') }
puts code { kms.create_alias(alias_name: 'no-prefix', target_key_id: new) }
stranger = Aws::KMS::Client.new(endpoint: ENDPOINT, secret_access_key: 'wrong',
                                access_key_id: ENV.fetch('AWS_ACCESS_KEY_ID'))
puts code { stranger.list_keys }

puts "#{kms.list_keys(limit: 2).flat_map(&:keys).uniq.size} keys"
puts "#{kms.list_aliases(limit: 2).flat_map(&:aliases).uniq.size} aliases"
