// SPDX-License-Identifier: Apache-2.0
// Objects: created, copied, read, changed and destroyed.
#include <cstring>
#include <vector>

#include "pkcs11/functions/functions.h"
#include "pkcs11/kms_key.h"

namespace trent::pkcs11 {

namespace {

std::shared_ptr<const Object> get(Session& session, CK_OBJECT_HANDLE handle) {
  return session.library().objects().get(session.slot().id(), handle, HandleRole::Object);
}

// CKA_VALUE_LEN of a key of `length` bytes that was unwrapped here: SoftHSM says 0.
void complete_length(Template answers, CK_ULONG length) {
  for (CK_ATTRIBUTE& answer : answers)
    if (answer.type == CKA_VALUE_LEN && answer.pValue != nullptr &&
        answer.ulValueLen == sizeof length)
      std::memcpy(answer.pValue, &length, sizeof length);
}

// C_GetAttributeValue of an object that is no KMS key, in which the backend sees no attribute of
// Trent's.
CK_RV read_attributes(Session& session, CK_OBJECT_HANDLE object, Template wanted) {
  std::vector<CK_ATTRIBUTE> asked;
  asked.reserve(wanted.size() + 1);  // data() is not NULL, which tokens refuse
  CK_RV own = CKR_OK;
  for (CK_ATTRIBUTE& each : wanted) {
    if (each.type != CKA_TRENT_KMS_KEY) {
      asked.push_back(each);
      // What an earlier failure left there is no size of a buffer, but SoftHSM writes into it.
      if (each.pValue != nullptr && each.ulValueLen == CK_UNAVAILABLE_INFORMATION)
        asked.back().ulValueLen = 0;
      continue;
    }
    constexpr CK_BBOOL kNo = CK_FALSE;
    own = answer(each, {&kNo, sizeof kNo});
  }
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, asked.data(),
                                                                  CK_ULONG{asked.size()});
  auto next = asked.begin();
  for (CK_ATTRIBUTE& each : wanted)
    if (each.type != CKA_TRENT_KMS_KEY) each.ulValueLen = (next++)->ulValueLen;
  return rv == CKR_OK ? own : rv;
}

}  // namespace

CK_RV create_object(Session& session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
                    CK_OBJECT_HANDLE* object) {
  require(object != nullptr, CKR_ARGUMENTS_BAD);
  Template wanted = new_object_template(attributes, count);
  // SoftHSM keeps what it could not finish, so the commonest fault does not get there.
  require(find_attribute(wanted, CKA_CLASS) != nullptr, CKR_TEMPLATE_INCOMPLETE);
  bool on_token = flag_in(wanted, CKA_TOKEN).value_or(false);
  const ObjectChange change(session, on_token);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes, count, &handle);
  require(rv == CKR_OK, rv);
  *object = session.add_object(handle, on_token);
  return CKR_OK;
}

CK_RV copy_object(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                  CK_ULONG count, CK_OBJECT_HANDLE* copy) {
  require(copy != nullptr, CKR_ARGUMENTS_BAD);
  Template wanted = new_object_template(attributes, count);
  auto source = get(session, object);
  require(source->kms_key() == nullptr, CKR_ACTION_PROHIBITED);  // CKA_COPYABLE is false
  const BackendObject& original = *source->backend();
  bool on_token = flag_in(wanted, CKA_TOKEN).value_or(original.is_on_token());
  const ObjectChange change(session, on_token);
  // Not NULL, which tokens refuse even for a template without attributes.
  CK_ATTRIBUTE none{};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.call<&CK_FUNCTION_LIST::C_CopyObject>(
      session.backend_handle(object, HandleRole::Object), wanted.empty() ? &none : attributes,
      count, &handle);
  require(rv == CKR_OK, rv);
  *copy = session.add_object(handle, on_token, original.length);
  return CKR_OK;
}

CK_RV destroy_object(Session& session, CK_OBJECT_HANDLE object) {
  auto target = get(session, object);
  if (const KmsKey* key = target->kms_key()) {
    destroy_kms_key(session, *key);
  } else {
    const ObjectChange change(session, target->backend()->is_on_token());
    CK_RV rv = session.call<&CK_FUNCTION_LIST::C_DestroyObject>(
        session.backend_handle(object, HandleRole::Object));
    require(rv == CKR_OK, rv);
  }
  session.library().objects().remove(object);
  return CKR_OK;
}

CK_RV get_object_size(Session& session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size) {
  require(size != nullptr, CKR_ARGUMENTS_BAD);
  if (get(session, object)->kms_key() != nullptr) {
    *size = CK_UNAVAILABLE_INFORMATION;
    return CKR_OK;
  }
  return session.call<&CK_FUNCTION_LIST::C_GetObjectSize>(
      session.backend_handle(object, HandleRole::Object), size);
}

CK_RV get_attribute_value(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                          CK_ULONG count) {
  auto target = get(session, object);
  // As the backend: no template is a mistake, one without attributes is not.
  require(attributes != nullptr, CKR_ARGUMENTS_BAD);
  Template wanted = template_of(attributes, count);
  if (const KmsKey* key = target->kms_key()) return get_attributes(session, *key, wanted);
  CK_RV rv = read_attributes(session, session.backend_handle(object, HandleRole::Object), wanted);
  std::size_t length = target->backend()->length;
  bool answered = rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE ||
                  rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
  if (answered && length != 0) complete_length(wanted, length);
  return rv;
}

CK_RV set_attribute_value(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
                          CK_ULONG count) {
  auto target = get(session, object);
  require(attributes != nullptr, CKR_ARGUMENTS_BAD);
  if (const KmsKey* key = target->kms_key()) {
    set_attributes(session, *key, input_template(attributes, count));
    return CKR_OK;
  }
  new_object_template(attributes, count);
  session.require_may_change(target->backend()->is_on_token());
  return session.call<&CK_FUNCTION_LIST::C_SetAttributeValue>(
      session.backend_handle(object, HandleRole::Object), attributes, count);
}

}  // namespace trent::pkcs11
