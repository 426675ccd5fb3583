// SPDX-License-Identifier: Apache-2.0
// Each habit of a hostile token, over SoftHSM's own calls.
#include "hostile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace trent::test {

namespace {

constexpr CK_MECHANISM_TYPE kSoftHsmKwp = 0x210A;
constexpr CK_ULONG kTooMany = 100000;
CK_BBOOL yes = CK_TRUE;
CK_BBOOL no = CK_FALSE;

// A template, changed on its way.
class Template {
 public:
  Template(const CK_ATTRIBUTE* attributes, CK_ULONG count)
      : attributes_(attributes, attributes + count) {}

  CK_ATTRIBUTE* find(CK_ATTRIBUTE_TYPE type) {
    auto found = std::ranges::find(attributes_, type, &CK_ATTRIBUTE::type);
    return found == attributes_.end() ? nullptr : &*found;
  }
  bool has(CK_ATTRIBUTE_TYPE type, CK_BBOOL value) {
    const CK_ATTRIBUTE* found = find(type);
    return found != nullptr && *static_cast<const CK_BBOOL*>(found->pValue) == value;
  }
  bool is_class(CK_OBJECT_CLASS wanted) {
    const CK_ATTRIBUTE* found = find(CKA_CLASS);
    return found != nullptr && std::memcmp(found->pValue, &wanted, sizeof wanted) == 0;
  }
  void set(CK_ATTRIBUTE_TYPE type, CK_BBOOL& value) {
    remove(type);
    attributes_.push_back({type, &value, sizeof value});
  }
  void remove(CK_ATTRIBUTE_TYPE type) {
    std::erase_if(attributes_, [&](const CK_ATTRIBUTE& each) { return each.type == type; });
  }
  void add(const CK_ATTRIBUTE& attribute) { attributes_.push_back(attribute); }
  void show() {
    set(CKA_SENSITIVE, no);
    set(CKA_EXTRACTABLE, yes);
  }
  CK_ATTRIBUTE* data() { return attributes_.data(); }
  CK_ULONG size() const { return static_cast<CK_ULONG>(attributes_.size()); }

 private:
  std::vector<CK_ATTRIBUTE> attributes_;
};

// The lengths of what was unwrapped; no handle of SoftHSM's is used twice.
std::mutex lengths_mutex;
std::map<CK_OBJECT_HANDLE, CK_ULONG>& lengths() {
  static auto* const map = new std::map<CK_OBJECT_HANDLE, CK_ULONG>;  // outlives all at exit
  return *map;
}

bool gives_away(CK_MECHANISM_TYPE type) {
  return type == CKM_EXTRACT_KEY_FROM_KEY || type == CKM_XOR_BASE_AND_DATA ||
         type == CKM_CONCATENATE_BASE_AND_KEY || type == CKM_CONCATENATE_BASE_AND_DATA ||
         type == CKM_CONCATENATE_DATA_AND_BASE;
}

void forget(const Hostile& hostile, Template& changed) {
  if (hostile.forgets_trust) changed.remove(CKA_WRAP_WITH_TRUSTED);
  if (!hostile.forgets_trust && !hostile.forgets_templates) return;
  changed.remove(CKA_UNWRAP_TEMPLATE);
  changed.remove(CKA_WRAP_TEMPLATE);
}

bool is_kwp(const Hostile& hostile, const CK_MECHANISM& mechanism) {
  return hostile.kwp != 0 && mechanism.mechanism == hostile.kwp;
}

}  // namespace

Hostile parse_hostile(std::string_view words) {
  Hostile made;
  std::istringstream in{std::string(words)};
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == word.npos ? "" : word.substr(equals + 1);
    const auto number = [&] { return std::stoul(value, nullptr, 0); };
    const std::map<std::string, bool*> flags = {
        {"unwrap-shows", &made.unwrap_shows},
        {"derive-shows", &made.derive_shows},
        {"generate-shows", &made.generate_shows},
        {"no-extractable", &made.no_extractable},
        {"wants-length", &made.wants_length},
        {"tells-length", &made.tells_length},
        {"device-error", &made.device_error},
        {"no-derive", &made.no_derive},
        {"no-agreement", &made.no_agreement},
        {"gives-away", &made.gives_away},
        {"keeps-allowed", &made.keeps_allowed},
        {"no-copies", &made.no_copies},
        {"no-trust", &made.no_trust},
        {"forgets-trust", &made.forgets_trust},
        {"forgets-templates", &made.forgets_templates},
        {"no-data", &made.no_data},
        {"no-read-only", &made.no_read_only},
        {"overstates", &made.overstates},
    };
    if (const auto flag = flags.find(name); flag != flags.end() && value.empty()) {
      *flag->second = true;
    } else if (name == "kwp") {
      made.kwp = number();
    } else if (name == "longest") {
      made.longest = number();
    } else if (name == "latency") {
      made.latency = std::chrono::microseconds(number());
    } else if (word == "setting=refused") {
      made.setting = Hostile::Setting::Refused;
    } else if (word == "setting=pretended") {
      made.setting = Hostile::Setting::Pretended;
    } else {
      std::fprintf(stderr, "TRENT_HOSTILE: no such habit: %s\n", word.c_str());
      std::abort();
    }
  }
  return made;
}

CK_RV HostileCalls::open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* data, CK_NOTIFY notify,
                                 CK_SESSION_HANDLE* session) const {
  if (hostile.no_read_only && (flags & CKF_RW_SESSION) == 0) return CKR_FUNCTION_FAILED;
  return real.C_OpenSession(slot, flags, data, notify, session);
}

CK_RV HostileCalls::create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes,
                                  CK_ULONG count, CK_OBJECT_HANDLE* object) const {
  Template wanted(attributes, count);
  if (hostile.no_data && wanted.is_class(CKO_DATA) && wanted.has(CKA_TOKEN, CK_TRUE))
    return CKR_ATTRIBUTE_VALUE_INVALID;
  const CK_ATTRIBUTE* value = wanted.find(CKA_VALUE);
  if (hostile.longest != 0 && wanted.is_class(CKO_SECRET_KEY) && value != nullptr &&
      value->ulValueLen > hostile.longest)
    return CKR_KEY_SIZE_RANGE;
  forget(hostile, wanted);
  return real.C_CreateObject(session, wanted.data(), wanted.size(), object);
}

CK_RV HostileCalls::copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE source,
                                CK_ATTRIBUTE* attributes, CK_ULONG count,
                                CK_OBJECT_HANDLE* object) const {
  if (hostile.no_copies) return CKR_FUNCTION_NOT_SUPPORTED;
  return real.C_CopyObject(session, source, attributes, count, object);
}

CK_RV HostileCalls::get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                        CK_ATTRIBUTE* attributes, CK_ULONG count) const {
  const CK_RV rv = real.C_GetAttributeValue(session, object, attributes, count);
  for (CK_ULONG i = 0; hostile.overstates && rv == CKR_OK && i < count; ++i)
    if (attributes[i].pValue != nullptr && attributes[i].type == CKA_LABEL)
      attributes[i].ulValueLen += kTooMany;
  if (!hostile.tells_length || rv != CKR_OK || count != 1 || attributes->type != CKA_VALUE_LEN)
    return rv;
  const std::lock_guard lock(lengths_mutex);
  const auto known = lengths().find(object);
  if (known != lengths().end())
    std::memcpy(attributes->pValue, &known->second, sizeof known->second);
  return CKR_OK;
}

CK_RV HostileCalls::find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG max,
                                 CK_ULONG* count) const {
  const CK_RV rv = real.C_FindObjects(session, objects, max, count);
  if (hostile.overstates && rv == CKR_OK && *count > 0) *count += kTooMany;
  return rv;
}

CK_RV HostileCalls::set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                        CK_ATTRIBUTE* attributes, CK_ULONG count) const {
  if (Template(attributes, count).find(CKA_SENSITIVE) != nullptr) {
    if (hostile.setting == Hostile::Setting::Refused) return CKR_ATTRIBUTE_READ_ONLY;
    if (hostile.setting == Hostile::Setting::Pretended) return CKR_OK;
  }
  return real.C_SetAttributeValue(session, object, attributes, count);
}

CK_RV HostileCalls::generate_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                                 CK_ATTRIBUTE* attributes, CK_ULONG count,
                                 CK_OBJECT_HANDLE* key) const {
  Template changed(attributes, count);
  if (hostile.generate_shows) changed.show();
  if (hostile.no_trust && changed.find(CKA_TRUSTED) != nullptr) return CKR_ATTRIBUTE_TYPE_INVALID;
  forget(hostile, changed);
  return real.C_GenerateKey(session, mechanism, changed.data(), changed.size(), key);
}

CK_RV HostileCalls::derive_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                               CK_OBJECT_HANDLE base, CK_ATTRIBUTE* attributes, CK_ULONG count,
                               CK_OBJECT_HANDLE* key) const {
  if ((hostile.no_derive && mechanism->mechanism == CKM_AES_ECB_ENCRYPT_DATA) ||
      (hostile.no_agreement && mechanism->mechanism == CKM_ECDH1_DERIVE))
    return CKR_MECHANISM_INVALID;
  Template changed(attributes, count);
  if (hostile.gives_away && gives_away(mechanism->mechanism)) {
    CK_MECHANISM_TYPE allowed[4];
    CK_ATTRIBUTE attribute{CKA_ALLOWED_MECHANISMS, allowed, sizeof allowed};
    if (hostile.keeps_allowed && real.C_GetAttributeValue(session, base, &attribute, 1) == CKR_OK &&
        attribute.ulValueLen > 0)
      return CKR_MECHANISM_INVALID;
    // Something that SoftHSM can do; what comes out is not looked at.
    CK_BYTE block[32] = {};
    CK_KEY_DERIVATION_STRING_DATA data{block, sizeof block};
    CK_MECHANISM other{CKM_AES_ECB_ENCRYPT_DATA, &data, sizeof data};
    CK_ULONG length = sizeof block;
    changed.remove(CKA_VALUE_LEN);
    changed.add({CKA_VALUE_LEN, &length, sizeof length});
    return real.C_DeriveKey(session, &other, base, changed.data(), changed.size(), key);
  }
  if (hostile.derive_shows) changed.show();
  return real.C_DeriveKey(session, mechanism, base, changed.data(), changed.size(), key);
}

CK_RV HostileCalls::wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                             CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE* wrapped,
                             CK_ULONG* size) const {
  CK_MECHANISM translated = *mechanism;
  if (is_kwp(hostile, *mechanism))
    translated.mechanism = kSoftHsmKwp;
  else if (mechanism->mechanism == kSoftHsmKwp)
    return CKR_MECHANISM_INVALID;
  return real.C_WrapKey(session, &translated, wrapping, key, wrapped, size);
}

CK_RV HostileCalls::unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                               CK_OBJECT_HANDLE unwrapping, CK_BYTE* wrapped, CK_ULONG size,
                               CK_ATTRIBUTE* attributes, CK_ULONG count,
                               CK_OBJECT_HANDLE* key) const {
  CK_MECHANISM translated = *mechanism;
  if (is_kwp(hostile, *mechanism))
    translated.mechanism = kSoftHsmKwp;
  else if (mechanism->mechanism == kSoftHsmKwp)
    return CKR_MECHANISM_INVALID;
  Template changed(attributes, count);
  if (hostile.no_extractable) {
    if (changed.has(CKA_EXTRACTABLE, CK_TRUE) || changed.has(CKA_SENSITIVE, CK_FALSE))
      return CKR_ATTRIBUTE_READ_ONLY;
    if (changed.find(CKA_EXTRACTABLE) == nullptr) changed.set(CKA_EXTRACTABLE, yes);
    if (changed.find(CKA_SENSITIVE) == nullptr) changed.set(CKA_SENSITIVE, no);
  }
  if (hostile.wants_length) {
    if (changed.find(CKA_VALUE_LEN) == nullptr) return CKR_TEMPLATE_INCOMPLETE;
    changed.remove(CKA_VALUE_LEN);  // which SoftHSM does not take
  }
  if (hostile.longest != 0 && size > hostile.longest + 8) return CKR_WRAPPED_KEY_LEN_RANGE;
  if (hostile.unwrap_shows) changed.show();
  forget(hostile, changed);
  const CK_RV rv = real.C_UnwrapKey(session, &translated, unwrapping, wrapped, size, changed.data(),
                                    changed.size(), key);
  if (rv == CKR_GENERAL_ERROR && hostile.device_error) return CKR_DEVICE_ERROR;
  if (rv != CKR_OK || !hostile.tells_length) return rv;
  // What SoftHSM hides of a sensitive object, it shows of one that is not.
  changed.show();
  CK_OBJECT_HANDLE shown = CK_INVALID_HANDLE;
  if (real.C_UnwrapKey(session, &translated, unwrapping, wrapped, size, changed.data(),
                       changed.size(), &shown) != CKR_OK)
    return rv;
  CK_ATTRIBUTE value{CKA_VALUE, nullptr, 0};
  if (real.C_GetAttributeValue(session, shown, &value, 1) == CKR_OK) {
    const std::lock_guard lock(lengths_mutex);
    lengths()[*key] = value.ulValueLen;
  }
  real.C_DestroyObject(session, shown);
  return rv;
}

}  // namespace trent::test
