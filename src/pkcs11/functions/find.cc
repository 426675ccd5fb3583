// SPDX-License-Identifier: Apache-2.0
// C_FindObjects: the KMS keys, and the application's own objects in the backend token.
#include <algorithm>

#include "pkcs11/functions/functions.h"
#include "pkcs11/kms_key.h"

namespace trent::pkcs11 {

namespace {

// Whether a token object is the application's. Trent's own are: key material, records, aliases.
bool is_application_object(const hsm::Session& backend, CK_OBJECT_HANDLE handle,
                           std::string& label) {
  CK_BBOOL on_token = CK_FALSE;
  char application[16];
  CK_ATTRIBUTE attributes[] = {{CKA_TOKEN, &on_token, sizeof on_token},
                               {CKA_LABEL, label.data(), label.size()},
                               {CKA_APPLICATION, &application[0], sizeof application}};
  CK_RV rv =
      backend.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(handle, &attributes[0], CK_ULONG{3});
  // Keys have no CKA_APPLICATION; one that does not fit is not "trent".
  if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_BUFFER_TOO_SMALL) return false;
  // A session object that this door did not make is another's: Trent's, or a program's that uses
  // the token directly.
  if (on_token == CK_FALSE) return false;
  // Of one that is not there, or does not fit, the token says so in the length.
  auto value = [](const CK_ATTRIBUTE& attribute, std::size_t room) {
    if (attribute.ulValueLen > room) return std::string_view();
    return as_text(value_of(attribute));
  };
  return !is_trents(value(attributes[2], sizeof application), value(attributes[1], label.size()));
}

std::vector<CK_OBJECT_HANDLE> find_backend_objects(Session& session,
                                                   const std::vector<CK_ATTRIBUTE>& search) {
  hsm::Session backend = session.take_backend();
  std::uint64_t generation = backend.module().generation();
  ObjectTable& objects = session.library().objects();
  constexpr std::size_t kMaxLabel = 8192;
  std::string label(kMaxLabel, '\0');
  std::vector<CK_OBJECT_HANDLE> found;
  for (CK_OBJECT_HANDLE handle : backend.find(search)) {
    auto known = objects.find(session.slot().id(), generation, handle);
    if (known)
      found.push_back(*known);
    else if (is_application_object(backend, handle, label))
      found.push_back(objects.add_found(session.slot().id(), generation, handle));
  }
  session.give_back(std::move(backend));
  return found;
}

}  // namespace

CK_RV find_objects_init(Session& session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  require(!session.found, CKR_OPERATION_ACTIVE);
  Template search = input_template(attributes, count);
  std::vector<CK_OBJECT_HANDLE> found = find_kms_keys(session, search);
  if (!only_kms_keys_match(search)) {
    std::vector<CK_OBJECT_HANDLE> others;
    // True of everything else, and not known to the backend.
    std::vector<CK_ATTRIBUTE> passed(search.begin(), search.end());
    std::erase_if(passed, [](const CK_ATTRIBUTE& each) { return each.type == CKA_TRENT_KMS_KEY; });
    try {
      others = find_backend_objects(session, passed);
    } catch (const Error& error) {
      if (!hsm::is_lost(error.ck_rv())) throw;
      session.note(CKR_DEVICE_REMOVED);
      others = find_backend_objects(session, passed);
    }
    found.insert(found.end(), others.begin(), others.end());
  }
  std::reverse(found.begin(), found.end());
  session.found = std::move(found);
  return CKR_OK;
}

CK_RV find_objects(Session& session, CK_OBJECT_HANDLE* objects, CK_ULONG max, CK_ULONG_PTR count) {
  require(session.found.has_value(), CKR_OPERATION_NOT_INITIALIZED);
  require(count != nullptr && (objects != nullptr || max == 0), CKR_ARGUMENTS_BAD);
  std::vector<CK_OBJECT_HANDLE>& left = *session.found;
  *count = std::min<CK_ULONG>(max, left.size());
  for (CK_ULONG i = 0; i < *count; ++i) {
    objects[i] = left.back();
    left.pop_back();
  }
  return CKR_OK;
}

CK_RV find_objects_final(Session& session) {
  require(session.found.has_value(), CKR_OPERATION_NOT_INITIALIZED);
  session.found.reset();
  return CKR_OK;
}

}  // namespace trent::pkcs11
