// SPDX-License-Identifier: Apache-2.0
// Looking for keys by a URI, and where a token shows the public half of a private key.
#include "hsm/found_key.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "config/uri.h"
#include "hsm/key_pair.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kMaxAttribute = 8192;

// As it is in CKA_EC_PARAMS of PKCS#11 3.0: a PrintableString.
constexpr std::string_view kEdwardsName =
    "\x13\x0c"
    "edwards25519";

constexpr std::array<const KeyPairKind*, 8> kPairs{&kRsa2048, &kRsa3072, &kRsa4096, &kP256,
                                                   &kP384,    &kP521,    &kP256k1,  &kEd25519};

Error bad_uri(const std::string& text, const char* what) {
  // Messages go into logs: no PIN is repeated.
  const std::string shown =
      text.find("pin-") == text.npos ? " " + quote_for_message(text) : std::string();
  return Error(ErrorCode::Validation, "XksKeyId" + shown + " " + what,
               "Name a key of the token by its label or CKA_ID, as in pkcs11:object=legacy-rsa or "
               "pkcs11:id=%01;type=private.");
}

Uri parse_uri(const std::string& text) {
  Uri uri(p11_kit_uri_new());
  // One with an attribute that p11-kit does not know, a misspelt one perhaps, matches nothing.
  if (p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_OBJECT_ON_TOKEN, uri.get()) !=
          P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized(uri.get()) != 0)
    throw bad_uri(text, "is not a PKCS#11 URI (RFC 7512) of an object on a token.");
  // It would stand in the record, and in every answer.
  if (p11_kit_uri_get_pin_value(uri.get()) != nullptr ||
      p11_kit_uri_get_pin_source(uri.get()) != nullptr)
    throw bad_uri(text, "says how to get the PIN, which is a matter of the configuration.");
  if (p11_kit_uri_get_attribute(uri.get(), CKA_LABEL) == nullptr &&
      p11_kit_uri_get_attribute(uri.get(), CKA_ID) == nullptr)
    throw bad_uri(text, "names no object.");
  return uri;
}

// Empty: the token does not tell.
Bytes read_if_shown(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  try {
    return session.read<Bytes>(object, type, kMaxAttribute);
  } catch (const Error& error) {
    if (is_lost(error.ck_rv()) || is_fault(error.ck_rv())) throw;
    return {};
  }
}

bool flag(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  const Bytes value = read_if_shown(session, object, type);
  return value.size() == sizeof(CK_BBOOL) && value.front() == CK_TRUE;
}

// Null: KMS has no such keys.
const KeyPairKind* kind_of(const Session& session, CK_OBJECT_HANDLE object, CK_KEY_TYPE type) {
  if (type == CKK_RSA) return &kRsa2048;  // they are all read alike
  const Bytes params = read_if_shown(session, object, CKA_EC_PARAMS);
  if (type == kEdwardsKey && std::ranges::equal(params, as_bytes(kEdwardsName))) return &kEd25519;
  const auto found = std::ranges::find_if(kPairs, [&](const KeyPairKind* pair) {
    return pair->type == type && std::ranges::equal(params, as_bytes(pair->curve));
  });
  return found == kPairs.end() ? nullptr : *found;
}

// Those of this class that share the CKA_ID with the key, or the label if it has no CKA_ID.
std::vector<CK_OBJECT_HANDLE> companions(const Session& session, CK_OBJECT_CLASS object_class,
                                         const KeyFacts& facts) {
  Attributes search;
  search.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true);
  if (facts.id.empty())
    search.text(CKA_LABEL, facts.label);
  else
    search.bytes(CKA_ID, facts.id);
  return session.find(search);
}

// What may be the public key, in DER: told by the key itself, by the public key beside it, by a
// certificate.
std::vector<Bytes> public_keys(const Session& session, CK_OBJECT_HANDLE object,
                               const KeyPairKind& pair, const KeyFacts& facts) {
  std::vector<Bytes> found;
  const auto add_from = [&](CK_OBJECT_HANDLE source) {
    const bool tells = pair.type == CKK_RSA
                           ? !read_if_shown(session, source, CKA_MODULUS).empty() &&
                                 !read_if_shown(session, source, CKA_PUBLIC_EXPONENT).empty()
                           : read_if_shown(session, source, CKA_EC_POINT).size() >= pair.point_size;
    if (!tells) return;
    try {
      found.push_back(read_public_key(session, source, pair));
    } catch (const Error& error) {
      if (error.ck_rv() != CKR_OK) throw;  // or else it is that of another kind of key
    }
  };
  add_from(object);
  found.push_back(read_if_shown(session, object, CKA_PUBLIC_KEY_INFO));
  for (CK_OBJECT_HANDLE beside : companions(session, CKO_PUBLIC_KEY, facts)) add_from(beside);
  for (CK_OBJECT_HANDLE certificate : companions(session, CKO_CERTIFICATE, facts))
    found.push_back(public_key_of_certificate(read_if_shown(session, certificate, CKA_VALUE)));
  return found;
}

// Proven by what the key may do.
std::shared_ptr<const PublicKey> public_key_of(const Session& session, CK_OBJECT_HANDLE object,
                                               const KeyFacts& facts) {
  const KeyPairKind* pair = kind_of(session, object, facts.type);
  if (pair == nullptr) return nullptr;
  const bool agrees = pair->type == CKK_EC && !flag(session, object, CKA_SIGN);
  PrivateKeyRef ref{{{facts.label, facts.id},
                     {},
                     private_key_kind(*pair, agrees ? PairUse::KeyAgreement : PairUse::SignVerify)},
                    nullptr};
  for (Bytes& der : public_keys(session, object, *pair, facts)) {
    if (der.empty()) continue;
    auto key = std::make_shared<const PublicKey>(std::move(der));
    ref.public_key = key;
    if (key->is_valid() && is_private_key_of(session, object, ref)) return key;
  }
  return nullptr;
}

FoundKey look_at(const Session& session, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS object_class) {
  FoundKey key{object_class, read_key_facts(session, object), flag(session, object, CKA_PRIVATE),
               flag(session, object, CKA_ALWAYS_AUTHENTICATE), nullptr};
  // Who asks for the PIN cannot prove anything without it.
  if (object_class == CKO_PRIVATE_KEY && !key.always_authenticates)
    key.public_key = public_key_of(session, object, key.facts);
  return key;
}

CK_KEY_TYPE hmac_type(CK_MECHANISM_TYPE mechanism) {
  switch (mechanism) {
    case CKM_SHA224_HMAC:
      return CKK_SHA224_HMAC;
    case CKM_SHA256_HMAC:
      return CKK_SHA256_HMAC;
    case CKM_SHA384_HMAC:
      return CKK_SHA384_HMAC;
    default:
      return CKK_SHA512_HMAC;
  }
}

std::string type_name(CK_KEY_TYPE type) {
  switch (type) {
    case CKK_RSA:
      return "an RSA key";
    case CKK_EC:
      return "an EC key";
    case kEdwardsKey:
      return "an Edwards key";
    case CKK_AES:
      return "an AES key";
    case CKK_GENERIC_SECRET:
      return "a generic secret";
    default:
      return "a key of type " + std::to_string(type) + " (CKA_KEY_TYPE)";
  }
}

}  // namespace

std::string FoundKey::description() const {
  std::string text = type_name(facts.type);
  if (const Bytes modulus = public_key ? public_key->modulus() : Bytes(); !modulus.empty())
    return text + " of " + std::to_string(modulus.size() * 8) + " bits";
  if (facts.length.value_or(0) != 0) text += " of " + std::to_string(*facts.length) + " bytes";
  return text;
}

bool FoundKey::is_of(const KeyKind& kind) const {
  const bool is_type =
      facts.type == kind.type ||
      (kind.type == CKK_GENERIC_SECRET && facts.type == hmac_type(kind.mechanisms.front()));
  // SoftHSM says 0 of what was unwrapped.
  const CK_ULONG length = facts.length.value_or(0);
  return object_class == kind.object_class && is_type && (length == 0 || length == kind.length);
}

bool FoundKey::is_of(const KeyPairKind& pair) const {
  if (facts.type != pair.type || !public_key) return false;
  if (pair.type == CKK_RSA) return public_key->modulus().size() * 8 == pair.modulus_bits;
  return pair.type == kEdwardsKey || std::ranges::equal(public_key->curve(), as_bytes(pair.curve));
}

std::vector<FoundKey> find_keys(Token& token, const std::string& text) {
  const Uri uri = parse_uri(text);
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    std::vector<FoundKey> found;
    CK_TOKEN_INFO info = connection.token_info();
    if (p11_kit_uri_match_token_info(uri.get(), &info) == 0) return found;
    for (const CK_OBJECT_CLASS object_class : {CKO_SECRET_KEY, CKO_PRIVATE_KEY}) {
      Attributes search;
      search.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true);
      for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID})
        if (const CK_ATTRIBUTE* named = p11_kit_uri_get_attribute(uri.get(), type))
          search.bytes(type, {static_cast<const std::uint8_t*>(named->pValue), named->ulValueLen});
      const CK_ATTRIBUTE* wanted = p11_kit_uri_get_attribute(uri.get(), CKA_CLASS);
      if (wanted != nullptr && *static_cast<const CK_OBJECT_CLASS*>(wanted->pValue) != object_class)
        continue;
      for (CK_OBJECT_HANDLE object : session.find(search))
        found.push_back(look_at(session, object, object_class));
    }
    return found;
  });
}

}  // namespace trent::hsm
