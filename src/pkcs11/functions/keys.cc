// SPDX-License-Identifier: Apache-2.0
// Keys: generated, wrapped, unwrapped, derived.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <vector>

#include "blob/blob.h"
#include "kms/object_requests.h"
#include "kms/sealing.h"
#include "pkcs11/agreement.h"
#include "pkcs11/functions/functions.h"
#include "pkcs11/kms_key.h"
#include "pkcs11/mechanism.h"

namespace trent::pkcs11 {

namespace {

std::shared_ptr<const Object> get(Session& session, CK_OBJECT_HANDLE handle, HandleRole role) {
  return session.library().objects().get(session.slot().id(), handle, role);
}

// For calls to the backend: a mechanism of its own, that names no object.
void require_passable(const CK_MECHANISM& mechanism) {
  require(!is_trents(mechanism.mechanism) && !carries_handles(mechanism), CKR_MECHANISM_INVALID);
}

bool is_on_token(Template attributes) {
  return flag_in(attributes, CKA_TOKEN).value_or(false);
}

// What C_GenerateKey and C_GenerateKeyPair are given.
struct GeneratedTemplate {
  GeneratedTemplate(Session& session, CK_ATTRIBUTE_PTR given, CK_ULONG count) {
    Template all = input_template(given, count);
    kms_key = flag_in(all, CKA_TRENT_KMS_KEY);
    attributes.reserve(all.size() + 1);  // data() is not NULL, which tokens refuse
    std::ranges::copy_if(all, std::back_inserter(attributes),
                         [](const CK_ATTRIBUTE& each) { return each.type != CKA_TRENT_KMS_KEY; });
    on_token = is_on_token(new_object_template(attributes.data(), attributes.size()));
    session.require_may_change(on_token);
  }

  std::vector<CK_ATTRIBUTE> attributes;  // for the backend: without Trent's own
  std::optional<bool> kms_key;           // demanded, forbidden
  bool on_token = false;
};

// By what the template says, or else the configuration.
Keygen rule_for(Session& session, std::optional<bool> kms_key, bool on_token) {
  if (kms_key) return *kms_key ? Keygen::Kms : Keygen::Token;
  return on_token ? session.slot().library_config().keygen : Keygen::Token;
}

// Whether a key is to be a KMS key. Throws CKR_MECHANISM_INVALID, CKR_TEMPLATE_INCONSISTENT if it
// is and cannot.
bool becomes_kms_key(Session& session, CK_MECHANISM_TYPE mechanism, GeneratedTemplate& wanted) {
  switch (rule_for(session, wanted.kms_key, wanted.on_token)) {
    case Keygen::Token:
      return false;
    case Keygen::Auto:
      return mechanism == kms_key_kind().generation &&
             fault_of_new_key(wanted.attributes) == CKR_OK;
    case Keygen::Kms:
      require(mechanism == kms_key_kind().generation, CKR_MECHANISM_INVALID);
      require(wanted.on_token, CKR_TEMPLATE_INCONSISTENT);
  }
  return true;
}

// The KMS key pair that is to be made; nullopt: none, unless that is demanded, for programs destroy
// both keys of a pair one by one. Throws Failure if it is and cannot.
std::optional<NewKeyPair> kms_key_pair(Session& session, CK_MECHANISM_TYPE mechanism,
                                       GeneratedTemplate& public_key,
                                       GeneratedTemplate& private_key) {
  const std::optional<bool> demanded =
      private_key.kms_key ? private_key.kms_key : public_key.kms_key;
  require(!public_key.kms_key || public_key.kms_key == demanded, CKR_TEMPLATE_INCONSISTENT);
  if (rule_for(session, demanded, public_key.on_token || private_key.on_token) != Keygen::Kms)
    return std::nullopt;
  require(public_key.on_token && private_key.on_token, CKR_TEMPLATE_INCONSISTENT);
  return requested_key_pair(mechanism, public_key.attributes, private_key.attributes);
}

// The template of a key that is to be made in this session.
Template new_key_template(Session& session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  Template wanted = new_object_template(attributes, count);
  session.require_may_change(is_on_token(wanted));
  return wanted;
}

// Length of a secret's value, which the blob's header needs before the token wraps it; nullopt for
// AES keys of unknown length.
std::optional<std::size_t> length_of_secret(Session& session, CK_OBJECT_HANDLE handle) {
  auto object = get(session, handle, HandleRole::Key);
  require(object->kms_key() == nullptr, CKR_KEY_UNEXTRACTABLE);
  if (object->backend()->length != 0) return object->backend()->length;
  CK_OBJECT_HANDLE backend = session.backend_handle(handle, HandleRole::Key);
  CK_OBJECT_CLASS object_class = CKO_DATA;
  CK_KEY_TYPE type = CKK_GENERIC_SECRET;
  CK_ULONG length = 0;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &object_class, sizeof object_class},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_VALUE_LEN, &length, sizeof length}};
  CK_RV rv =
      session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(backend, &attributes[0], CK_ULONG{3});
  require(rv != CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID);
  require(rv == CKR_OK && object_class == CKO_SECRET_KEY, CKR_KEY_NOT_WRAPPABLE);
  if (length != 0) return length;
  // SoftHSM does not know it of token objects that it once unwrapped.
  require(type == CKK_AES, CKR_KEY_NOT_WRAPPABLE);
  return std::nullopt;
}

CK_RV wrap_with_kms_key(Session& session, const CK_MECHANISM& mechanism, const KmsKey& key,
                        CK_OBJECT_HANDLE target, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len) {
  kms::WrapKeyRequest request;
  request.key_id = key.key_id;
  request.encryption_context = encryption_context(&mechanism);
  const std::optional<std::size_t> known = length_of_secret(session, target);
  constexpr std::size_t kLongestAes = 32;
  const std::size_t length = known.value_or(kLongestAes);
  require(length <= blob::kMaxPlaintext, CKR_KEY_SIZE_RANGE);
  if (known) request.length = static_cast<std::int64_t>(*known);
  request.object = {session.backend_handle(target, HandleRole::Key),
                    session.backend().module().generation()};
  // The size is known without the work. (PKCS#11 v3.0 section 5.2: or somewhat more than the size.)
  CK_ULONG room = *wrapped_len;
  *wrapped_len = blob::blob_size(length);
  if (wrapped == nullptr) return CKR_OK;
  require(room >= *wrapped_len, CKR_BUFFER_TOO_SMALL);
  Bytes ciphertext;
  try {
    ciphertext = session.slot().call(request).ciphertext_blob;
  } catch (const hsm::ApplicationObjectGone&) {
    throw Failure(CKR_KEY_HANDLE_INVALID);
  }
  *wrapped_len = ciphertext.size();
  std::memcpy(wrapped, ciphertext.data(), ciphertext.size());
  return CKR_OK;
}

CK_OBJECT_HANDLE unwrap_with_kms_key(Session& session, const CK_MECHANISM& mechanism,
                                     const KmsKey& key, ByteView wrapped, Template attributes) {
  kms::UnwrapKeyRequest request;
  request.key_id = key.key_id;
  request.encryption_context = encryption_context(&mechanism);
  request.ciphertext_blob = {wrapped.begin(), wrapped.end()};
  std::size_t length = kms::length_of_object(blob::parse_blob(wrapped));
  auto type = number_in(attributes, CKA_KEY_TYPE);
  require(type.has_value(), CKR_TEMPLATE_INCOMPLETE);
  require(type != CKK_AES || length == 16 || length == 24 || length == 32,
          CKR_WRAPPED_KEY_LEN_RANGE);
  // Tokens want no CKA_VALUE_LEN here; the application may well say what it expects.
  auto expected = number_in(attributes, CKA_VALUE_LEN);
  require(!expected || *expected == length, CKR_TEMPLATE_INCONSISTENT);
  std::vector<CK_ATTRIBUTE> passed(attributes.begin(), attributes.end());
  std::erase_if(passed, [](const CK_ATTRIBUTE& each) { return each.type == CKA_VALUE_LEN; });
  const ObjectChange change(session, is_on_token(attributes));
  const hsm::ApplicationTemplate destination{session.backend(), passed.data(), passed.size()};
  request.destination = &destination;
  const hsm::ApplicationObject object = session.slot().call(request).object;
  return session.add_object(object.handle, is_on_token(attributes), length);
}

}  // namespace

CK_RV generate_key(Session& session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes,
                   CK_ULONG count, CK_OBJECT_HANDLE* key) {
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  require(key != nullptr, CKR_ARGUMENTS_BAD);
  GeneratedTemplate wanted(session, attributes, count);
  if (becomes_kms_key(session, checked.mechanism, wanted)) {
    *key = session.library().objects().add(session.slot().id(),
                                           create_kms_key(session, wanted.attributes));
    return CKR_OK;
  }
  require_passable(checked);
  const ObjectChange change(session, wanted.on_token);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_GenerateKey>(
      mechanism, wanted.attributes.data(), CK_ULONG{wanted.attributes.size()}, &handle);
  require(rv == CKR_OK, rv);
  *key = session.add_object(handle, wanted.on_token);
  return CKR_OK;
}

CK_RV generate_key_pair(Session& session, CK_MECHANISM_PTR mechanism,
                        CK_ATTRIBUTE_PTR public_attributes, CK_ULONG public_count,
                        CK_ATTRIBUTE_PTR private_attributes, CK_ULONG private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  require_passable(checked);
  require(public_key != nullptr && private_key != nullptr, CKR_ARGUMENTS_BAD);
  GeneratedTemplate wanted_public(session, public_attributes, public_count);
  GeneratedTemplate wanted_private(session, private_attributes, private_count);
  if (const auto pair = kms_key_pair(session, checked.mechanism, wanted_public, wanted_private)) {
    const KmsKey made = create_kms_key_pair(session, *pair);
    ObjectTable& objects = session.library().objects();
    *private_key = objects.add(session.slot().id(), made);
    *public_key = objects.add(session.slot().id(), KmsKey{made.key_id, KeyPart::Public});
    return CKR_OK;
  }
  const ObjectChange change(session, wanted_public.on_token || wanted_private.on_token);
  CK_OBJECT_HANDLE public_handle = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_GenerateKeyPair>(
      mechanism, wanted_public.attributes.data(), CK_ULONG{wanted_public.attributes.size()},
      wanted_private.attributes.data(), CK_ULONG{wanted_private.attributes.size()}, &public_handle,
      &private_handle);
  require(rv == CKR_OK, rv);
  *public_key = session.add_object(public_handle, wanted_public.on_token);
  *private_key = session.add_object(private_handle, wanted_private.on_token);
  return CKR_OK;
}

CK_RV wrap_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
               CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len) {
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  require(wrapped_len != nullptr, CKR_ARGUMENTS_BAD);
  auto wrapping = get(session, wrapping_key, HandleRole::Wrap);
  if (const KmsKey* kms_key = wrapping->kms_key()) {
    require(checked.mechanism == CKM_TRENT_SYMMETRIC_DEFAULT, CKR_MECHANISM_INVALID);
    require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
    return wrap_with_kms_key(session, checked, *kms_key, key, wrapped, wrapped_len);
  }
  require_passable(checked);
  CK_OBJECT_HANDLE backend_wrapping = session.backend_handle(wrapping_key, HandleRole::Wrap);
  require(get(session, key, HandleRole::Key)->kms_key() == nullptr, CKR_KEY_UNEXTRACTABLE);
  return session.call<&CK_FUNCTION_LIST::C_WrapKey>(mechanism, backend_wrapping,
                                                    session.backend_handle(key, HandleRole::Key),
                                                    wrapped, wrapped_len);
}

CK_RV unwrap_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
                 CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attributes,
                 CK_ULONG count, CK_OBJECT_HANDLE* key) {
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  require(key != nullptr && wrapped != nullptr, CKR_ARGUMENTS_BAD);
  require(wrapped_len <= blob::kMaxBlob, CKR_WRAPPED_KEY_LEN_RANGE);
  Template wanted = new_key_template(session, attributes, count);
  auto unwrapping = get(session, unwrapping_key, HandleRole::Unwrap);
  if (const KmsKey* kms_key = unwrapping->kms_key()) {
    require(checked.mechanism == CKM_TRENT_SYMMETRIC_DEFAULT, CKR_MECHANISM_INVALID);
    require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
    *key = unwrap_with_kms_key(session, checked, *kms_key, {wrapped, wrapped_len}, wanted);
    return CKR_OK;
  }
  require_passable(checked);
  const ObjectChange change(session, is_on_token(wanted));
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_UnwrapKey>(
      mechanism, session.backend_handle(unwrapping_key, HandleRole::Unwrap), wrapped, wrapped_len,
      attributes, count, &handle);
  require(rv == CKR_OK, rv);
  *key = session.add_object(handle, is_on_token(wanted));
  return CKR_OK;
}

CK_RV derive_key(Session& session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key,
                 CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE* key) {
  const CK_MECHANISM& checked = checked_mechanism(mechanism);
  require_passable(checked);
  require(key != nullptr, CKR_ARGUMENTS_BAD);
  Template wanted = new_key_template(session, attributes, count);
  auto base = get(session, base_key, HandleRole::Key);
  if (const KmsKey* kms_key = base->kms_key()) {
    *key = derive_with_kms_key(session, checked, *kms_key, wanted);
    return CKR_OK;
  }
  const ObjectChange change(session, is_on_token(wanted));
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_DeriveKey>(
      mechanism, session.backend_handle(base_key, HandleRole::Key), attributes, count, &handle);
  require(rv == CKR_OK, rv);
  *key = session.add_object(handle, is_on_token(wanted));
  return CKR_OK;
}

}  // namespace trent::pkcs11
