// generate-data-key, generate-data-key-without-plaintext, generate-random
#include <memory>

#include "cli/verb.h"

namespace trent::cli {

namespace {

void data_key_options(Options& options, kms::GenerateDataKeyRequest& request) {
  key_id_option(options, request.key_id);
  options.text(request.key_spec, "--key-spec", Need::Optional, "AES_256 or AES_128");
  options.number(request.number_of_bytes, "--number-of-bytes", Need::Optional,
                 "1 to 1024; either this or --key-spec");
  options.context(request.encryption_context, "--encryption-context",
                  "Public names and values the encrypted key is bound to:\nNAME=VALUE,NAME=VALUE "
                  "or JSON");
  grant_tokens_option(options, request.grant_tokens);
  dry_run_option(options, request.dry_run);
}

std::function<Answer(kms::Service&)> define_data_key(Options& options) {
  auto request = std::make_shared<kms::GenerateDataKeyRequest>();
  data_key_options(options, *request);
  return [request](kms::Service& service) {
    return Answer{service.generate_data_key(*request), {}, true};
  };
}

std::function<Answer(kms::Service&)> define_data_key_without_plaintext(Options& options) {
  auto request = std::make_shared<kms::GenerateDataKeyWithoutPlaintextRequest>();
  data_key_options(options, *request);
  return [request](kms::Service& service) {
    auto response = service.generate_data_key_without_plaintext(*request);
    const Bytes& blob = response.ciphertext_blob;
    return Answer{response, SecretBytes(blob.begin(), blob.end())};
  };
}

std::function<Answer(kms::Service&)> define_random(Options& options) {
  auto request = std::make_shared<kms::GenerateRandomRequest>();
  options.number(request->number_of_bytes, "--number-of-bytes", Need::Required, "1 to 1024");
  return [request](kms::Service& service) {
    kms::GenerateRandomResponse response = service.generate_random(*request);
    kms::Json json = response;
    return Answer{std::move(json), std::move(response.plaintext), true};
  };
}

constexpr KmsVerb kVerbs[] = {
    {"generate-data-key", "GenerateDataKey",
     "Make a key for use outside, in plaintext and encrypted", R"(
Encrypt your data with the plaintext key, store the encrypted key beside it, and
forget the plaintext key; trent decrypt brings it back.

Examples:
  trent generate-data-key --key-id alias/app --key-spec AES_256 > data-key.json
  jq -r .CiphertextBlob data-key.json | base64 -d > data-key.blob
)",
     Raw::None, define_data_key},
    {"generate-data-key-without-plaintext", "GenerateDataKeyWithoutPlaintext",
     "Make a key for use outside, encrypted only", R"(
For a program that hands out keys it must not see.

Examples:
  trent generate-data-key-without-plaintext --key-id alias/app --key-spec AES_256 \
      --encryption-context tenant=acme --output raw > data-key.blob
)",
     Raw::Binary, define_data_key_without_plaintext},
    {"generate-random", "GenerateRandom", "Random bytes from the token's generator", R"(
Examples:
  trent generate-random --number-of-bytes 32
  trent generate-random --number-of-bytes 32 --output raw > seed
)",
     Raw::Binary, define_random},
};

}  // namespace

std::span<const KmsVerb> data_key_verbs() {
  return kVerbs;
}

}  // namespace trent::cli
