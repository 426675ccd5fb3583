// SPDX-License-Identifier: Apache-2.0
// KMS errors: names, texts, and what they keep.
#include "base/error.h"

#include <map>

#include "check.h"

namespace {

using namespace trent;

struct Known {
  ErrorCode code;
  const char* name;
  int status;
};

// Written out here, not taken from TRENT_ERRORS: the names and numbers are KMS's wire format.
const Known kKnown[] = {
    {ErrorCode::AccessDenied, "AccessDeniedException", 400},
    {ErrorCode::AlreadyExists, "AlreadyExistsException", 400},
    {ErrorCode::Conflict, "ConflictException", 400},
    {ErrorCode::DependencyTimeout, "DependencyTimeoutException", 500},
    {ErrorCode::Disabled, "DisabledException", 400},
    {ErrorCode::DryRunOperation, "DryRunOperationException", 400},
    {ErrorCode::ExpiredImportToken, "ExpiredImportTokenException", 400},
    {ErrorCode::IncorrectKey, "IncorrectKeyException", 400},
    {ErrorCode::IncorrectKeyMaterial, "IncorrectKeyMaterialException", 400},
    {ErrorCode::InvalidAliasName, "InvalidAliasNameException", 400},
    {ErrorCode::InvalidArn, "InvalidArnException", 400},
    {ErrorCode::InvalidCiphertext, "InvalidCiphertextException", 400},
    {ErrorCode::InvalidGrantId, "InvalidGrantIdException", 400},
    {ErrorCode::InvalidGrantToken, "InvalidGrantTokenException", 400},
    {ErrorCode::InvalidImportToken, "InvalidImportTokenException", 400},
    {ErrorCode::InvalidKeyUsage, "InvalidKeyUsageException", 400},
    {ErrorCode::InvalidMarker, "InvalidMarkerException", 400},
    {ErrorCode::KMSInternal, "KMSInternalException", 500},
    {ErrorCode::KMSInvalidMac, "KMSInvalidMacException", 400},
    {ErrorCode::KMSInvalidSignature, "KMSInvalidSignatureException", 400},
    {ErrorCode::KMSInvalidState, "KMSInvalidStateException", 400},
    {ErrorCode::KeyUnavailable, "KeyUnavailableException", 500},
    {ErrorCode::LimitExceeded, "LimitExceededException", 400},
    {ErrorCode::MalformedPolicyDocument, "MalformedPolicyDocumentException", 400},
    {ErrorCode::NotFound, "NotFoundException", 400},
    {ErrorCode::Serialization, "SerializationException", 400},
    {ErrorCode::Tag, "TagException", 400},
    {ErrorCode::UnsupportedOperation, "UnsupportedOperationException", 400},
    {ErrorCode::Validation, "ValidationException", 400},
    {ErrorCode::XksKeyAlreadyInUse, "XksKeyAlreadyInUseException", 400},
    {ErrorCode::XksKeyInvalidConfiguration, "XksKeyInvalidConfigurationException", 400},
    {ErrorCode::XksKeyNotFound, "XksKeyNotFoundException", 400},
};

void names_and_statuses_are_those_of_kms() {
  for (const Known& known : kKnown) {
    CHECK_EQ(std::string(error_name(known.code)), known.name);
    CHECK_EQ(http_status(known.code), known.status);
    CHECK(find_error(known.name) == known.code);
    Error e(known.code, "m");
    CHECK_EQ(std::string(e.name()), known.name);
    CHECK_EQ(e.status(), known.status);
    CHECK_EQ(e.code(), known.code);
  }
  for (const char* other : {"", "NotFound", "ThrottlingException", "notfoundexception"})
    CHECK(!find_error(other));
}

// An error that is added to the list must be added here too.
void every_error_is_known_here() {
#define TRENT_COUNT(name, status) +1
  CHECK_EQ(std::size(kKnown), std::size_t{0 TRENT_ERRORS(TRENT_COUNT)});
#undef TRENT_COUNT
}

void message_and_advice_make_one_text() {
  Error both(ErrorCode::NotFound, "Alias x is not found.", "Make it.", 5);
  CHECK_EQ(both.message(), "Alias x is not found.");
  CHECK_EQ(both.advice(), "Make it.");
  CHECK_EQ(both.text(), "Alias x is not found. Make it.");
  CHECK_EQ(std::string(both.what()), "NotFoundException: Alias x is not found. Make it.");
  CHECK_EQ(both.ck_rv(), 5UL);

  Error message(ErrorCode::NotFound, "Alias x is not found.");
  CHECK_EQ(message.advice(), "");
  CHECK_EQ(std::string(message.what()), "NotFoundException: Alias x is not found.");
  CHECK_EQ(message.ck_rv(), 0UL);

  Error advice(ErrorCode::NotFound, "", "Make it.");
  CHECK_EQ(std::string(advice.what()), "NotFoundException: Make it.");
}

void text_is_never_empty() {
  for (const Known& known : kKnown) CHECK(!Error(known.code, "").text().empty());
}

// KMS gives InvalidCiphertextException no message; a person still gets a hint, always the same.
void invalid_ciphertext_advises_without_a_message() {
  Error e(ErrorCode::InvalidCiphertext, "");
  CHECK_EQ(e.message(), "");
  CHECK(e.text().find("encryption context") != std::string::npos);
  CHECK(e.text().find("base64") != std::string::npos);
  CHECK_EQ(Error(ErrorCode::InvalidCiphertext, "", "", 0x40).text(), e.text());
}

void errors_survive_being_copied() {
  std::unique_ptr<Error> original = std::make_unique<Error>(ErrorCode::Disabled, "m", "a", 7);
  Error copy = *original;
  original.reset();
  CHECK_EQ(std::string(copy.what()), "DisabledException: m a");
  CHECK_EQ(copy.code(), ErrorCode::Disabled);
  CHECK_EQ(copy.ck_rv(), 7UL);
}

void configuration_is_told_from_request() {
  CHECK(!Error(ErrorCode::Validation, "m").is_in_configuration());
  Error e = Error(ErrorCode::Validation, "m", "a", 3).in_configuration();
  CHECK(Error(e).is_in_configuration());
  CHECK_EQ(e.text(), "m a");
}

// They quote what came from outside, and end up at terminals and in logs.
void texts_control_no_terminal() {
  Error e(ErrorCode::NotFound, std::string_view("Invalid keyId 'a\0\x1b[2J\a\n'", 24), "\x1b]0;x");
  CHECK_EQ(e.message(), R"(Invalid keyId 'a\x00\x1b[2J\x07\n')");
  CHECK_EQ(std::string(e.what()),
           R"(NotFoundException: Invalid keyId 'a\x00\x1b[2J\x07\n' \x1b]0;x)");
}

}  // namespace

int main() {
  return RUN_TESTS("error", TEST(names_and_statuses_are_those_of_kms),
                   TEST(every_error_is_known_here), TEST(message_and_advice_make_one_text),
                   TEST(text_is_never_empty), TEST(invalid_ciphertext_advises_without_a_message),
                   TEST(errors_survive_being_copied), TEST(texts_control_no_terminal),
                   TEST(configuration_is_told_from_request));
}
