// encrypt, decrypt, re-encrypt
#include <memory>

#include "cli/verb.h"

namespace trent::cli {

namespace {

std::function<Answer(kms::Service&)> define_encrypt(Options& options) {
  auto request = std::make_shared<kms::EncryptRequest>();
  key_id_option(options, request->key_id);
  options.binary(request->plaintext, "--plaintext", Need::Required,
                 "1 to 4096 bytes: fileb://PATH, - (standard input)\nor base64");
  options.context(request->encryption_context, "--encryption-context",
                  "Public names and values the ciphertext is bound to:\nNAME=VALUE,NAME=VALUE or "
                  "JSON");
  options.text(request->encryption_algorithm, "--encryption-algorithm", Need::Optional,
               "Default: SYMMETRIC_DEFAULT");
  grant_tokens_option(options, request->grant_tokens);
  dry_run_option(options, request->dry_run);
  return [request](kms::Service& service) {
    kms::EncryptResponse response = service.encrypt(*request);
    const Bytes& blob = response.ciphertext_blob;
    return Answer{response, SecretBytes(blob.begin(), blob.end())};
  };
}

std::function<Answer(kms::Service&)> define_decrypt(Options& options) {
  auto request = std::make_shared<kms::DecryptRequest>();
  options.binary(request->ciphertext_blob, "--ciphertext-blob", Need::Required,
                 "fileb://PATH, - (standard input) or base64");
  options.context(request->encryption_context, "--encryption-context",
                  "Exactly the pairs that were given at encryption");
  options.text(request->key_id, "--key-id", Need::Optional, kKeyIdHelp);
  options.text(request->encryption_algorithm, "--encryption-algorithm", Need::Optional,
               "Default: SYMMETRIC_DEFAULT");
  grant_tokens_option(options, request->grant_tokens);
  dry_run_option(options, request->dry_run);
  return [request](kms::Service& service) {
    kms::DecryptResponse response = service.decrypt(*request);
    kms::Json json = response;
    return Answer{std::move(json), std::move(response.plaintext), true};
  };
}

std::function<Answer(kms::Service&)> define_re_encrypt(Options& options) {
  auto request = std::make_shared<kms::ReEncryptRequest>();
  options.binary(request->ciphertext_blob, "--ciphertext-blob", Need::Required,
                 "fileb://PATH, - (standard input) or base64");
  options.text(request->destination_key_id, "--destination-key-id", Need::Required,
               "Key ID, key ARN, alias name or alias ARN");
  options.context(request->source_encryption_context, "--source-encryption-context",
                  "Exactly the pairs that were given at encryption");
  options.context(request->destination_encryption_context, "--destination-encryption-context",
                  "The pairs that the new ciphertext is bound to; none\nare taken over from the "
                  "source");
  options.text(request->source_key_id, "--source-key-id", Need::Optional,
               "Fail unless the ciphertext was made by this key");
  options.text(request->source_encryption_algorithm, "--source-encryption-algorithm",
               Need::Optional, "Default: SYMMETRIC_DEFAULT");
  options.text(request->destination_encryption_algorithm, "--destination-encryption-algorithm",
               Need::Optional, "Default: SYMMETRIC_DEFAULT");
  grant_tokens_option(options, request->grant_tokens);
  dry_run_option(options, request->dry_run);
  return [request](kms::Service& service) {
    kms::ReEncryptResponse response = service.re_encrypt(*request);
    const Bytes& blob = response.ciphertext_blob;
    return Answer{response, SecretBytes(blob.begin(), blob.end())};
  };
}

constexpr KmsVerb kVerbs[] = {
    {"encrypt", "Encrypt", "Encrypt up to 4096 bytes with a key", R"(
The ciphertext names its key, so decrypting needs only the same encryption
context. For more than 4096 bytes see trent generate-data-key.

Examples:
  trent encrypt --key-id alias/app --plaintext fileb://secret.txt \
      --encryption-context tenant=acme --output raw --output-file secret.blob
  printf %s "$PASSWORD" | trent encrypt --key-id alias/app --plaintext -
)",
     Raw::Binary, define_encrypt},
    {"decrypt", "Decrypt", "Decrypt a ciphertext", R"(
The key is found by the ciphertext itself; with --key-id, any other key is an
error. The plaintext is printed in base64 unless --output raw is given.

Examples:
  trent decrypt --ciphertext-blob fileb://secret.blob \
      --encryption-context tenant=acme --output raw
  trent decrypt --key-id alias/app --ciphertext-blob - < secret.blob
)",
     Raw::Data, define_decrypt},
    {"re-encrypt", "ReEncrypt", "Move a ciphertext to another key or encryption context", R"(
The plaintext does not leave the token. Use it to change the key, to change the
encryption context, or (same key) to move to the newest key material. With
--output-file, the new ciphertext may take the place of the old one; with > it
cannot: the shell empties that file first.

Examples:
  trent re-encrypt --ciphertext-blob fileb://old.blob \
      --source-encryption-context tenant=acme \
      --destination-key-id alias/new \
      --destination-encryption-context tenant=acme --output raw --output-file new.blob
)",
     Raw::Binary, define_re_encrypt},
};

}  // namespace

std::span<const KmsVerb> ciphertext_verbs() {
  return kVerbs;
}

}  // namespace trent::cli
