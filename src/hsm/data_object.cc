#include "hsm/data_object.h"

#include <map>

#include "hsm/token.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kMaxLabel = 8192;
constexpr std::size_t kMaxValue = 1 << 20;

void add_identity(Attributes& attributes, std::string_view application) {
  // PRIVATE: whoever reaches the module can make and change public objects, without a login.
  attributes.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_APPLICATION, application);
}

// Label and value in one call where they fit; nullopt if the object is gone.
std::optional<DataObject> read(const Session& session, CK_OBJECT_HANDLE handle) {
  // SoftHSM fails in other ways to read an object that somebody destroys meanwhile, but not twice.
  bool failed = false;
  for (std::size_t room = 4096;;) {
    DataObject object;
    object.label.resize(std::min(room, kMaxLabel));
    object.value.resize(room);
    CK_ATTRIBUTE attributes[] = {
        {CKA_LABEL, object.label.data(), static_cast<CK_ULONG>(object.label.size())},
        {CKA_VALUE, object.value.data(), static_cast<CK_ULONG>(object.value.size())}};
    CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(handle, &attributes[0],
                                                                        CK_ULONG{2});
    if (rv == CKR_OBJECT_HANDLE_INVALID) return std::nullopt;
    if (rv == CKR_BUFFER_TOO_SMALL && room < kMaxValue) {
      room = kMaxValue;
      continue;
    }
    if ((rv == CKR_GENERAL_ERROR || rv == CKR_ATTRIBUTE_VALUE_INVALID) && !failed) {
      failed = true;
      continue;
    }
    if (rv != CKR_OK) throw token_error("C_GetAttributeValue", rv);
    object.label.resize(attributes[0].ulValueLen);
    object.value.resize(attributes[1].ulValueLen);
    object.handle.object = handle;
    return object;
  }
}

// A record is replaced by creating its new object and then destroying the old one. A search that
// finds the old one and cannot read it any more has missed the new one: so it looks again.
std::vector<DataObject> read_all(const Connection& connection, const Session& session,
                                 Attributes& search) {
  constexpr int kAttempts = 10;
  std::map<CK_OBJECT_HANDLE, DataObject> read_so_far;
  bool missed = true;
  for (int attempt = 0; missed && attempt < kAttempts; ++attempt) {
    missed = false;
    for (CK_OBJECT_HANDLE handle : session.find(search)) {
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

bool destroy_exact(Token& token, const std::string& application, const std::string& label,
                   const std::string& value) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    Attributes search;
    add_identity(search, application);
    search.text(CKA_LABEL, label).text(CKA_VALUE, value);
    for (CK_OBJECT_HANDLE handle : session.find(search)) {
      CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(handle);
      if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID) throw token_error("C_DestroyObject", rv);
    }
    return true;
  });
}

}  // namespace

std::vector<DataObject> find_data(Token& token, const std::string& application,
                                  const std::string& label) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    Attributes search;
    add_identity(search, application);
    search.text(CKA_LABEL, label);
    return read_all(connection, session, search);
  });
}

std::vector<DataObject> list_data(Token& token, const std::string& application) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    Attributes search;
    add_identity(search, application);
    return read_all(connection, session, search);
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
  try {
    return token.run(Retry::IfNotPerformed, [&](Connection& connection, const Session& session) {
      Attributes attributes;
      add_identity(attributes, application);
      attributes.text(CKA_LABEL, label).text(CKA_VALUE, value);
      CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
      session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(),
                                                      &handle);
      const auto kept = read(session, handle);
      if (!kept || kept->label != label || kept->value != value) throw not_kept(label);
      return DataHandle{handle, connection.generation()};
    });
  } catch (const Error& error) {
    // A token that reports a failure may have made the object all the same.
    if (error.ck_rv() != CKR_OK) {
      try {
        destroy_exact(token, application, label, value);
      } catch (const Error&) {  // the first failure is the one to report
      }
    }
    throw;
  }
}

void destroy_data(Token& token, const std::string& application, const DataObject& object) {
  bool done = token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    if (object.handle.connection != connection.generation()) return false;
    CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(object.handle.object);
    if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID) throw token_error("C_DestroyObject", rv);
    return rv == CKR_OK;
  });
  if (!done) destroy_exact(token, application, object.label, object.value);
}

}  // namespace trent::hsm
