// SPDX-License-Identifier: Apache-2.0
// From an object in the token to what KMS says of a key.
#include "kms/adoption.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/found_key.h"
#include "kms/key.h"
#include "kms/key_spec.h"
#include "kms/material.h"

namespace trent::kms {

namespace {

using catalog::KeyRecord;

constexpr std::string_view kUriScheme = "pkcs11:";
// What KMS's own model allows.
constexpr std::string_view kPlainCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

Error invalid(const std::string& what, std::string_view advice) {
  return Error(ErrorCode::XksKeyInvalidConfiguration, what, advice);
}

Error invalid(const hsm::FoundKey& found, const std::string& what, std::string_view advice) {
  return invalid("The object " + found.name().text() + " in the token " + what + ".", advice);
}

// A name without the scheme is the label of an object.
std::string uri_of(const std::string& xks_key_id) {
  if (xks_key_id.starts_with(kUriScheme)) return xks_key_id;
  if (xks_key_id.find_first_not_of(kPlainCharacters) != std::string::npos)
    throw Error(ErrorCode::Validation,
                "XksKeyId " + quote_for_message(xks_key_id) +
                    " is neither a PKCS#11 URI nor letters, digits and - _ . only.",
                "Write other labels in a URI, as in pkcs11:object=my%20key.");
  return std::string(kUriScheme) + "object=" + xks_key_id;
}

hsm::FoundKey find_one(Account& account, const std::string& xks_key_id) {
  std::vector<hsm::FoundKey> found = hsm::find_keys(account.token, uri_of(xks_key_id));
  if (found.empty())
    throw Error(ErrorCode::XksKeyNotFound,
                "The token of account " + account.id + " has no private or secret key that " +
                    quote_for_message(xks_key_id) + " names.",
                "`pkcs11-tool --login --list-objects` shows what it has.");
  if (found.size() > 1) {
    std::string list;
    for (const hsm::FoundKey& key : found)
      list += (list.empty() ? "" : ", ") + key.description() + " (" +
              quote_for_message(key.facts.label) + ", CKA_ID " + to_hex(key.facts.id) + ")";
    throw Error(ErrorCode::Validation,
                "XksKeyId " + quote_for_message(xks_key_id) + " names " +
                    std::to_string(found.size()) + " keys: " + list + ".",
                "Add what tells the right one from the others: id, object or type.");
  }
  return std::move(found.front());
}

void require_usable_object(const hsm::FoundKey& found) {
  if (found.facts.label.starts_with("trent/"))
    throw Error(ErrorCode::XksKeyAlreadyInUse,
                "The object " + found.facts.label + " in the token is Trent's own.",
                "Name a key that another program has made.");
  if (!found.is_private)
    throw invalid(found, "can be used by whoever has no PIN (CKA_PRIVATE is false)",
                  "Copy it with CKA_PRIVATE true, and adopt the copy.");
  if (found.always_authenticates)
    throw invalid(found, "asks for the PIN at each use (CKA_ALWAYS_AUTHENTICATE is true)",
                  "Trent has the PIN for a login only.");
  if (found.object_class == CKO_PRIVATE_KEY && !found.public_key)
    throw invalid(found,
                  "shows no public key that it proves to have: it is of no type that KMS has, can "
                  "neither sign nor derive (CKA_SIGN, CKA_DERIVE), or neither it nor a public key "
                  "or certificate of its CKA_ID tells it",
                  "Write the public key or the certificate to the token, under the CKA_ID of the "
                  "private key.");
}

bool is_of(const hsm::FoundKey& found, const KeySpecRow& row) {
  return row.key_pair != nullptr ? found.is_of(*row.key_pair) : found.is_of(*row.secret_key);
}

KeySpec spec_of(const hsm::FoundKey& found, const std::optional<std::string>& wanted) {
  std::vector<KeySpec> possible;
  std::string names;
  for (const KeySpecRow& row : key_specs()) {
    if (!is_of(found, row)) continue;
    possible.push_back(row.spec);
    names += (names.empty() ? "" : ", ") + std::string(wire_name(row.spec));
  }
  if (possible.empty())
    throw invalid(found, "is " + found.description() + ", and KMS has no such keys",
                  "KMS has RSA keys of 2048, 3072 and 4096 bits, EC keys on the curves of NIST and "
                  "secp256k1, Ed25519, AES keys of 32 bytes, and HMAC keys of 28, 32, 48 and 64 "
                  "bytes.");
  if (!wanted) {
    if (possible.size() == 1) return possible.front();
    throw Error(ErrorCode::Validation, "You must specify a KeySpec: the token does not tell it.",
                "It may be " + names + ".");
  }
  const auto spec = from_wire_name<KeySpec>(*wanted);
  if (!spec || std::ranges::find(possible, *spec) == possible.end())
    throw invalid(found, "is " + found.description() + ", which is not KeySpec " + *wanted,
                  "Leave KeySpec out, or give " + names + ".");
  return *spec;
}

// Why the object cannot be used so; empty: it can.
std::string obstacle(const hsm::FoundKey& found, const KeyRecord& record, KeyUsage usage) {
  KeyRecord tried = record;
  tried.usage = usage;
  hsm::KeyKind kind = key_kind(tried);
  kind.adopted = true;
  const auto unfit = judge(found.facts, kind).unfit;
  return unfit.empty() ? std::string() : unfit.front();
}

KeyUsage usage_of(const hsm::FoundKey& found, const KeyRecord& record,
                  const std::optional<std::string>& wanted) {
  const KeySpecRow& row = key_spec(record.spec);
  std::vector<KeyUsage> possible;
  std::string names;
  std::string obstacles;
  for (const KeyUsage usage : row.usages) {
    if (wanted && *wanted != wire_name(usage)) continue;
    const std::string here = obstacle(found, record, usage);
    if (here.empty()) {
      possible.push_back(usage);
      names += (names.empty() ? "" : " and ") + std::string(wire_name(usage));
    } else {
      obstacles += (obstacles.empty() ? "" : "; it ") + here;
    }
  }
  if (possible.size() == 1) return possible.front();
  if (possible.size() > 1)
    throw Error(ErrorCode::Validation,
                "You must specify a KeyUsage value: the object " + found.name().text() +
                    " in the token allows " + names + ".",
                "A KMS key has one usage.");
  if (obstacles.empty())
    throw Error(ErrorCode::Validation, "KeyUsage " + *wanted + " is not compatible with KeySpec " +
                                           std::string(wire_name(record.spec)));
  throw invalid(
      found, obstacles,
      "Whoever made it may be able to change that with the HSM's own tools; docs/adopt.md "
      "says what is needed.");
}

}  // namespace

bool is_adoption(const CreateKeyRequest& request) {
  const bool is_external = request.origin == wire_name(KeyOrigin::ExternalKeyStore);
  if (is_external && !request.xks_key_id)
    throw Error(ErrorCode::Validation,
                "XksKeyId is required for keys of origin EXTERNAL_KEY_STORE.",
                "Name the key in the token, as in pkcs11:object=legacy-rsa.");
  if (!is_external && request.xks_key_id)
    throw Error(ErrorCode::Validation,
                "XksKeyId is valid only for keys of origin EXTERNAL_KEY_STORE.",
                "Say that origin as well, or leave XksKeyId out.");
  return is_external;
}

void adopt(Account& account, const CreateKeyRequest& request, KeyRecord& record) {
  const hsm::FoundKey found = find_one(account, *request.xks_key_id);
  require_usable_object(found);
  record.origin = KeyOrigin::ExternalKeyStore;
  record.spec = spec_of(found, request.key_spec);
  record.usage = usage_of(found, record, request.key_usage);
  record.adopted = {*request.xks_key_id, found.facts.label, found.facts.id};
  record.materials = {adopt_material(account.token, record, found.public_key)};
  record.current = record.materials.front().id;
  require_unused(account, record);
}

void require_unused(Account& account, const KeyRecord& record) {
  const PublicKey* own = record.materials.front().public_key.get();
  const auto listing = account.catalog.list();
  for (const auto& other : listing->keys) {
    if (other->key_id == record.key_id || is_deleted(*other)) continue;
    const bool same_object = other->adopted && other->adopted->label == record.adopted->label &&
                             other->adopted->id == record.adopted->id &&
                             catalog::is_key_pair(other->spec) == catalog::is_key_pair(record.spec);
    const bool same_key =
        own != nullptr && std::ranges::any_of(other->materials, [&](const auto& material) {
          return material.public_key && material.public_key->der() == own->der();
        });
    if (same_object || same_key)
      throw Error(ErrorCode::XksKeyAlreadyInUse,
                  "The object " +
                      hsm::ObjectName{record.adopted->label, record.adopted->id}.text() +
                      " in the token is the KMS key " + other->key_id + " already.",
                  "Use that one: give it an alias of its own, or delete it first.");
  }
}

}  // namespace trent::kms
