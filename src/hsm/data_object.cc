// SPDX-License-Identifier: Apache-2.0
// CKO_DATA objects: searched, read, created and destroyed.
#include "hsm/data_object.h"

#include <array>
#include <map>

#include "hsm/token.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kMaxLabel = 8192;
constexpr std::size_t kMaxValue = 1 << 20;

void add_class(Attributes& attributes) {
  // PRIVATE: whoever reaches the module can make and change public objects, without a login.
  attributes.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
}

// SoftHSM decrypts what it compares, attribute after attribute up to the first that differs: the
// label goes first, for the application is the same in every record.
void add_name(Attributes& attributes, std::string_view application, std::string_view label) {
  add_class(attributes);
  attributes.text(CKA_LABEL, label).text(CKA_APPLICATION, application);
}

std::string too_long(const char* what, CK_ULONG length) {
  return std::string(what) + " of " + std::to_string(length) + " bytes is too long";
}

// What SoftHSM answers for an object that it cannot decrypt, or that somebody destroys while it is
// being read. It is about this object, not about the token.
bool is_of_object(CK_RV rv) {
  return rv == CKR_GENERAL_ERROR || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
         rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

// Label and value in one call where they fit a usual record; nullopt if the object is gone.
std::optional<DataObject> read(const Session& session, CK_OBJECT_HANDLE handle) {
  std::array<char, 512> usual_label;
  std::array<char, 2048> usual_value;
  DataObject object;
  object.handle.object = handle;
  CK_ATTRIBUTE attributes[] = {{CKA_LABEL, usual_label.data(), usual_label.size()},
                               {CKA_VALUE, usual_value.data(), usual_value.size()}};
  const auto get = [&] {
    const std::array<CK_ULONG, 2> room{attributes[0].ulValueLen, attributes[1].ulValueLen};
    const bool to_read = attributes[0].pValue != nullptr;
    CK_RV result = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(handle, &attributes[0],
                                                                            CK_ULONG{2});
    // A token's word is not enough to read past the end.
    for (std::size_t i = 0; i < room.size(); ++i)
      if (result == CKR_OK && to_read && attributes[i].ulValueLen > room[i])
        result = CKR_GENERAL_ERROR;
    return result;
  };
  CK_RV rv = get();
  // Twice: an object that is being destroyed is gone the second time.
  if (is_of_object(rv)) rv = get();
  if (rv == CKR_BUFFER_TOO_SMALL) {
    for (CK_ATTRIBUTE& attribute : attributes) attribute = {attribute.type, nullptr, 0};
    rv = get();
    if (rv == CKR_OK && attributes[0].ulValueLen > kMaxLabel)
      object.fault = too_long("its label", attributes[0].ulValueLen);
    else if (rv == CKR_OK && attributes[1].ulValueLen > kMaxValue)
      object.fault = too_long("its value", attributes[1].ulValueLen);
    if (rv == CKR_OK && object.fault.empty()) {
      object.label.resize(attributes[0].ulValueLen);
      object.value.resize(attributes[1].ulValueLen);
      attributes[0].pValue = object.label.data();
      attributes[1].pValue = object.value.data();
      rv = get();
      if (rv == CKR_OK) {
        object.label.resize(attributes[0].ulValueLen);
        object.value.resize(attributes[1].ulValueLen);
      }
    }
  } else if (rv == CKR_OK) {
    object.label.assign(usual_label.data(), attributes[0].ulValueLen);
    object.value.assign(usual_value.data(), attributes[1].ulValueLen);
  }
  if (rv == CKR_OBJECT_HANDLE_INVALID) return std::nullopt;
  if (is_of_object(rv))
    object.fault = "reading it returned " + rv_name(rv);
  else if (rv != CKR_OK)
    throw token_error("C_GetAttributeValue", rv);
  if (!object.fault.empty()) {
    object.value.clear();
    CK_ATTRIBUTE label{CKA_LABEL, usual_label.data(), usual_label.size()};
    if (session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(handle, &label, CK_ULONG{1}) ==
            CKR_OK &&
        label.ulValueLen <= usual_label.size())
      object.label.assign(usual_label.data(), label.ulValueLen);
  }
  return object;
}

// A record is replaced by creating its new object and then destroying the old one. A search that
// finds the old one and cannot read it any more has missed the new one: so it looks again.
// `unreadable`: also those of which the token cannot tell whether they match.
std::vector<DataObject> read_all(const Connection& connection, const Session& session,
                                 Attributes& search, bool unreadable) {
  constexpr int kAttempts = 10;
  std::map<CK_OBJECT_HANDLE, DataObject> read_so_far;
  bool missed = true;
  for (int attempt = 0; missed && attempt < kAttempts; ++attempt) {
    missed = false;
    std::vector<CK_OBJECT_HANDLE> doubtful;
    std::vector<CK_OBJECT_HANDLE> found = session.find(search, &doubtful);
    if (unreadable) found.insert(found.end(), doubtful.begin(), doubtful.end());
    for (CK_OBJECT_HANDLE handle : found) {
      if (read_so_far.contains(handle)) continue;
      auto object = read(session, handle);
      if (!object) {
        missed = true;
        continue;
      }
      object->handle.connection = connection.generation();
      read_so_far.emplace(handle, std::move(*object));
    }
  }
  std::vector<DataObject> objects;
  objects.reserve(read_so_far.size());
  for (auto& [handle, object] : read_so_far) objects.push_back(std::move(object));
  return objects;
}

std::vector<CK_OBJECT_HANDLE> find_exact(const Session& session, std::string_view application,
                                         const std::string& label, const std::string& value) {
  Attributes search;
  add_name(search, application, label);
  search.text(CKA_VALUE, value);
  return session.find(search);
}

}  // namespace

std::vector<DataObject> find_data(Token& token, const std::string& application,
                                  const std::string& label) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    Attributes search;
    add_name(search, application, label);
    return read_all(connection, session, search, false);
  });
}

std::vector<DataObject> list_data(Token& token, const std::string& application) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    Attributes search;
    add_class(search);
    search.text(CKA_APPLICATION, application);
    return read_all(connection, session, search, true);
  });
}

std::optional<DataObject> read_data(Token& token, const DataHandle& handle) {
  return token.run(
      Retry::Always,
      [&](Connection& connection, const Session& session) -> std::optional<DataObject> {
        if (handle.connection != connection.generation()) return std::nullopt;
        auto object = read(session, handle.object);
        if (object) object->handle = handle;
        return object;
      });
}

DataHandle create_data(Token& token, const std::string& application, const std::string& label,
                       const std::string& value) {
  bool tried = false;
  try {
    return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
      CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
      // The first try may have made it before the connection was lost.
      if (tried) {
        auto made = find_exact(session, application, label, value);
        if (!made.empty()) return DataHandle{made.front(), connection.generation()};
      }
      tried = true;
      Attributes attributes;
      add_name(attributes, application, label);
      attributes.text(CKA_VALUE, value);
      session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(),
                                                      &handle);
      const auto kept = read(session, handle);
      if (!kept || kept->label != label || kept->value != value) {
        session.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(handle);  // the failure is reported
        throw not_kept(label);
      }
      return DataHandle{handle, connection.generation()};
    });
  } catch (const Error& error) {
    // A token that reports a failure may have made the object all the same.
    if (error.ck_rv() != CKR_OK) {
      try {
        destroy_data(token, application, {{}, label, value});
      } catch (const Error&) {  // the first failure is the one to report
      }
    }
    throw;
  }
}

bool destroy_data(Token& token, const std::string& application, const DataObject& object) {
  // What an earlier try met, which may have destroyed it all the same.
  std::optional<Error> unsure;
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const auto destroy = [&](CK_OBJECT_HANDLE handle) {
      CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(handle);
      if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID) return rv == CKR_OK;
      unsure = token_error("C_DestroyObject", rv);
      throw Error(*unsure);
    };
    if (!unsure && object.handle.connection == connection.generation() &&
        destroy(object.handle.object))
      return true;
    // Gone, or our handles are void.
    bool done = false;
    for (CK_OBJECT_HANDLE handle : find_exact(session, application, object.label, object.value))
      done = destroy(handle) || done;
    if (!done && unsure) throw Error(*unsure);
    return done;
  });
}

}  // namespace trent::hsm
