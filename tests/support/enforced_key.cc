// SPDX-License-Identifier: Apache-2.0
// The ceremony in raw PKCS#11: see enforced_key.h.
#include "enforced_key.h"

#include <chrono>
#include <stdexcept>

#include "base/openssl.h"
#include "catalog/catalog.h"
#include "hsm/enforced_key.h"
#include "known_key.h"
#include "softhsm.h"

namespace trent::test {

namespace {

constexpr CK_MECHANISM_TYPE kKwp = 0x210A;

CK_OBJECT_HANDLE create(CK_SESSION_HANDLE session, hsm::Attributes& attributes) {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  check_rv(softhsm()->C_CreateObject(session, attributes.data(), attributes.size(), &handle),
           "C_CreateObject");
  return handle;
}

// What the security officer makes, found by the key id; or the user, of one that is not trusted.
void make_first(CK_SESSION_HANDLE session, const KnownEnforcedKey& key) {
  hsm::Attributes unwrapped;
  hsm::add_unwrap_template(unwrapped);
  hsm::Attributes wrapped;
  hsm::add_wrap_template(wrapped);
  hsm::Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .bytes(CKA_VALUE, key.wrapping)
      .text(CKA_LABEL, key.key_id);
  hsm::add_usage(attributes, {.wrap = true, .unwrap = true});
  if (key.trusted) attributes.flag(CKA_TRUSTED, true);
  if (key.unwrap_template) attributes.attributes(CKA_UNWRAP_TEMPLATE, unwrapped);
  if (key.wrap_template) attributes.attributes(CKA_WRAP_TEMPLATE, wrapped);
  if (key.allowed_mechanisms)
    attributes.bytes(CKA_ALLOWED_MECHANISMS,
                     {reinterpret_cast<const std::uint8_t*>(&kKwp), sizeof kKwp});
  create(session, attributes);
}

void make_trusted(const std::vector<KnownEnforcedKey>& keys) {
  CK_C_INITIALIZE_ARGS args{};
  args.flags = CKF_OS_LOCKING_OK;
  check_rv(softhsm()->C_Initialize(&args), "C_Initialize");
  CK_SESSION_HANDLE session = 0;
  check_rv(softhsm()->C_OpenSession(token_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                    nullptr, &session),
           "C_OpenSession");
  std::string pin = kSoPin;
  check_rv(softhsm()->C_Login(session, CKU_SO, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()),
                              pin.size()),
           "C_Login");
  for (const KnownEnforcedKey& key : keys)
    if (key.trusted) make_first(session, key);
  check_rv(softhsm()->C_CloseSession(session), "C_CloseSession");
}

void finish(const RawSession& raw, const KnownEnforcedKey& key) {
  if (!key.trusted) make_first(raw.handle(), key);
  std::string first_label = key.key_id;
  const auto first = raw.find({{CKA_LABEL, first_label.data(), first_label.size()}});
  if (first.size() != 1) throw std::runtime_error("not one first object");

  catalog::KeyRecord record;
  record.key_id = key.key_id;
  record.created = std::chrono::system_clock::now();
  record.enforced = true;
  const Sha256 trial = blob::key_material_id_input(key.key_id);
  Bytes shown;
  append(shown, key_wrap_pad(key.wrapping, trial));
  append(shown, hmac_sha256(key.mac, trial));
  record.current = blob::key_material_id(key.key_id, shown);
  record.materials.push_back({record.current, record.created});

  const std::string label = record.label();
  hsm::Attributes copy;
  copy.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, record.current);
  if (key.fixed) copy.flag(CKA_MODIFIABLE, false);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  check_rv(softhsm()->C_CopyObject(raw.handle(), first[0], copy.data(), copy.size(), &handle),
           "C_CopyObject");
  check_rv(softhsm()->C_DestroyObject(raw.handle(), first[0]), "C_DestroyObject");

  CK_MECHANISM_TYPE hmac = CKM_SHA256_HMAC;
  hsm::Attributes mac;
  mac.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .bytes(CKA_ALLOWED_MECHANISMS, {reinterpret_cast<const std::uint8_t*>(&hmac), sizeof hmac})
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, record.current)
      .bytes(CKA_VALUE, key.mac);
  hsm::add_usage(mac, {.sign = true});
  create(raw.handle(), mac);

  hsm::Token token(load_config().tokens.front(), {});
  catalog::Catalog catalog(token, std::chrono::milliseconds(0));
  catalog.create_key(hsm::ChangeLock(token), record);
}

}  // namespace

void import_enforced_keys(const std::vector<KnownEnforcedKey>& keys) {
  make_trusted(keys);
  const RawSession raw;
  for (const KnownEnforcedKey& key : keys) finish(raw, key);
}

}  // namespace trent::test
