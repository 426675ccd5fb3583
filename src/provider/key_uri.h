// SPDX-License-Identifier: Apache-2.0
// Files that name a KMS key, for programs that want a file with a private key in it: PEM (RFC 7468)
// with the label KMS KEY URI around
//   KMSKeyURI ::= SEQUENCE { version VisibleString ("KMS Key URI v1.0"), uri UTF8String }
// in DER. The URI is that of the store: "kms:arn:aws:kms:...".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace trent::provider {

inline constexpr std::string_view kKeyUriLabel = "KMS KEY URI";
// What OpenSSL's decoders know the DER as.
inline constexpr const char* kKeyUriStructure = "KMSKeyURI";

// With line feeds. Throws KMSInternalException if OpenSSL cannot.
std::string write_key_uri(const std::string& uri);

// The URI in the DER; nullopt if it is something else.
std::optional<std::string> read_key_uri(ByteView der);

// The DER in one PEM block with that label; nullopt if it is something else.
std::optional<Bytes> key_uri_in_pem(const std::string& block);

}  // namespace trent::provider
