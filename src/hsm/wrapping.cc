// SPDX-License-Identifier: Apache-2.0
// Wrapping, unwrapping and moving secrets: sequences of token calls, each in one connection.
#include "hsm/wrapping.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "hsm/secret.h"
#include "hsm/token.h"
#include "hsm/transport.h"

namespace trent::hsm {

namespace {

Bytes wrap_once(Connection& connection, const Session& session, const WrappingKey& key,
                CK_OBJECT_HANDLE object) {
  auto base_key = connection.base_key(session, key.base_key);
  const Profile& profile = connection.profile(session);
  auto one_time =
      derive_one_time_key(session, profile, base_key->handle(), key.derivation_data, Purpose::Wrap);
  Bytes wrapped = wrap_object(session, profile, one_time.handle(), object);
  one_time.destroy();
  return wrapped;
}

bool is_gone(const Session& session, CK_OBJECT_HANDLE object) {
  CK_OBJECT_CLASS found = 0;
  CK_ATTRIBUTE attribute{CKA_CLASS, &found, sizeof found};
  return session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(
             object, &attribute, CK_ULONG{1}) == CKR_OBJECT_HANDLE_INVALID;
}

// Wraps the session object that `make` makes.
template <class Make>
Bytes wrap_made(Connection& connection, const Session& session, const WrappingKey& key, Make make) {
  TemporaryObject object = make(session);
  Bytes wrapped = wrap_once(connection, session, key, object.handle());
  object.destroy();
  return wrapped;
}

// The template of an application, as this token takes it.
class AdaptedTemplate {
 public:
  AdaptedTemplate(const Profile& profile, const ApplicationTemplate& wanted, std::size_t length)
      : attributes_(wanted.attributes, wanted.attributes + wanted.count), length_(length) {
    auto is = [](const CK_ATTRIBUTE& attribute, CK_ATTRIBUTE_TYPE type, CK_BBOOL value) {
      return attribute.type == type && attribute.pValue != nullptr &&
             attribute.ulValueLen == sizeof value &&
             std::memcmp(attribute.pValue, &value, sizeof value) == 0;
    };
    for (const CK_ATTRIBUTE& attribute : attributes_) {
      sensitive_ = sensitive_ || is(attribute, CKA_SENSITIVE, CK_TRUE);
      unextractable_ = unextractable_ || is(attribute, CKA_EXTRACTABLE, CK_FALSE);
    }
    if (profile.unwrap_template.brief)
      std::erase_if(attributes_, [&](const CK_ATTRIBUTE& attribute) {
        return is(attribute, CKA_SENSITIVE, CK_FALSE) || is(attribute, CKA_EXTRACTABLE, CK_TRUE);
      });
    if (profile.unwrap_template.length &&
        std::ranges::find(attributes_, CK_ATTRIBUTE_TYPE{CKA_VALUE_LEN}, &CK_ATTRIBUTE::type) ==
            attributes_.end())
      attributes_.push_back({CKA_VALUE_LEN, &length_, sizeof length_});
  }
  AdaptedTemplate(const AdaptedTemplate&) = delete;
  AdaptedTemplate& operator=(const AdaptedTemplate&) = delete;

  CK_ATTRIBUTE_PTR data() { return attributes_.data(); }
  CK_ULONG size() const { return static_cast<CK_ULONG>(attributes_.size()); }

  // Makes the object as secret as it was asked for, where the token does not follow the template.
  // The self-test has tried SENSITIVE only: what a ReEncrypt unwraps has to be wrapped again.
  void require_secrecy(const Session& session, const Profile& profile,
                       CK_OBJECT_HANDLE object) const {
    if (!sensitive_ && !unextractable_) return;
    if (profile.payloads == Promise::Kept && (!unextractable_ || is_as_secret(session, object)))
      return;
    Attributes again;
    if (sensitive_) again.flag(CKA_SENSITIVE, true);
    if (unextractable_) again.flag(CKA_EXTRACTABLE, false);
    CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_SetAttributeValue>(object, again.data(),
                                                                        again.size());
    if (is_lost(rv) || is_fault(rv)) throw token_error("C_SetAttributeValue", rv);
    if (rv == CKR_OK && is_as_secret(session, object)) return;
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not make what it unwraps SENSITIVE, or not EXTRACTABLE, as it was "
                "asked to.",
                "The object was destroyed. `trent check` shows what the token can do.");
  }

 private:
  bool is_as_secret(const Session& session, CK_OBJECT_HANDLE object) const {
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    std::array attributes{CK_ATTRIBUTE{CKA_SENSITIVE, &sensitive, sizeof sensitive},
                          CK_ATTRIBUTE{CKA_EXTRACTABLE, &extractable, sizeof extractable}};
    session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, attributes.data(),
                                                         static_cast<CK_ULONG>(attributes.size()));
    return (!sensitive_ || sensitive == CK_TRUE) && (!unextractable_ || extractable == CK_FALSE);
  }

  std::vector<CK_ATTRIBUTE> attributes_;
  CK_ULONG length_;
  bool sensitive_ = false;
  bool unextractable_ = false;
};

}  // namespace

void require_secrecy(const Profile& profile) {
  if (keeps_secrets(profile)) return;
  const bool keys = profile.one_time_keys != Promise::Broken;
  throw Error(ErrorCode::UnsupportedOperation,
              std::string("The token does not keep secret what it is told to: ") +
                  (keys ? "a secret that it unwraps" : "a key that it derives") +
                  " as SENSITIVE can be read.",
              "What is to stay in the token would be open to this process. Encrypt, Decrypt and "
              "GenerateDataKey work; see docs/tokens.md.");
}

Bytes wrap(Token& token, const WrappingKey& key, ByteView secret) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    return wrap_made(connection, session, key,
                     [&](const Session& own) { return import_secret(own, secret); });
  });
}

SecretBytes unwrap(Token& token, const WrappingKey& key, const WrappedSecret& payload) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto base_key = connection.base_key(session, key.base_key);
    const Profile& profile = connection.profile(session);
    auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.derivation_data,
                                        Purpose::Unwrap);
    auto object = unwrap_object(session, profile, one_time.handle(), payload, Readable::Yes);
    one_time.destroy();
    auto secret = session.read<SecretBytes>(object.handle(), CKA_VALUE, payload.bytes.size());
    object.destroy();
    return secret;
  });
}

Bytes wrap_new_secret(Token& token, const WrappingKey& key, std::size_t length) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    require_secrecy(connection.profile(session));
    return wrap_made(connection, session, key,
                     [&](const Session& own) { return generate_secret(own, length); });
  });
}

Bytes rewrap(Token& token, const WrappingKey& source, const WrappedSecret& payload,
             const WrappingKey& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const Profile& profile = connection.profile(session);
    require_secrecy(profile);
    // Both are found and proven first: the secret is in the token for four calls, from its unwrap
    // to its destruction.
    auto from = connection.base_key(session, source.base_key);
    auto to = connection.base_key(session, destination.base_key);
    auto unwrapping = derive_one_time_key(session, profile, from->handle(), source.derivation_data,
                                          Purpose::Unwrap);
    auto secret = unwrap_object(session, profile, unwrapping.handle(), payload, Readable::No);
    auto wrapping = derive_one_time_key(session, profile, to->handle(), destination.derivation_data,
                                        Purpose::Wrap);
    Bytes wrapped = wrap_object(session, profile, wrapping.handle(), secret.handle());
    secret.destroy();
    wrapping.destroy();
    unwrapping.destroy();
    return wrapped;
  });
}

Bytes rewrap_across(Token& source_token, const WrappingKey& source, const WrappedSecret& payload,
                    Token& destination_token, const WrappingKey& destination) {
  return source_token.run(Retry::Always, [&](Connection& from, const Session& from_session) {
    return destination_token.run(Retry::Always, [&](Connection& to, const Session& to_session) {
      const Profile& from_profile = from.profile(from_session);
      const Profile& to_profile = to.profile(to_session);
      require_secrecy(from_profile);
      require_secrecy(to_profile);
      // As in rewrap(): all that can be done before the secret is there.
      auto from_key = from.base_key(from_session, source.base_key);
      auto to_key = to.base_key(to_session, destination.base_key);
      Transport transport(from_session, from_profile, to_session, to_profile);
      auto unwrapping = derive_one_time_key(from_session, from_profile, from_key->handle(),
                                            source.derivation_data, Purpose::Unwrap);
      auto secret =
          unwrap_object(from_session, from_profile, unwrapping.handle(), payload, Readable::No);
      Bytes moving = transport.wrap(secret.handle());
      secret.destroy();
      unwrapping.destroy();
      std::size_t length = from_profile.zero_pads ? (payload.length + 7) / 8 * 8 : payload.length;
      auto arrived = transport.unwrap(moving, length);
      auto wrapping = derive_one_time_key(to_session, to_profile, to_key->handle(),
                                          destination.derivation_data, Purpose::Wrap);
      Bytes wrapped = wrap_object(to_session, to_profile, wrapping.handle(), arrived.handle());
      arrived.destroy();
      wrapping.destroy();
      transport.destroy();
      return wrapped;
    });
  });
}

Bytes wrap(Token& token, const WrappingKey& key, ApplicationObject object) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    // On a fresh connection the number may be another object's.
    if (connection.generation() != object.generation) throw ApplicationObjectGone();
    require_secrecy(connection.profile(session));
    try {
      return wrap_once(connection, session, key, object.handle);
    } catch (const Error& error) {
      // A bad handle passes for a lost connection, unless it is known whose it was.
      if (is_lost(error.ck_rv()) && is_gone(session, object.handle)) throw ApplicationObjectGone();
      throw;
    }
  });
}

ApplicationObject unwrap(Token& token, const WrappingKey& key, const WrappedSecret& payload,
                         const ApplicationTemplate& destination) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    auto base_key = connection.base_key(session, key.base_key);
    const Profile& profile = connection.profile(session);
    require_secrecy(profile);
    AdaptedTemplate adapted(profile, destination, payload.length);
    auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.derivation_data,
                                        Purpose::Unwrap);
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const CK_RV rv = try_unwrap(destination.session, profile, one_time.handle(), payload.bytes,
                                {adapted.data(), adapted.size()}, &handle);
    if (rv != CKR_OK) {
      // Was it the payload? Then the same happens without the application's template.
      unwrap_object(session, profile, one_time.handle(), payload, Readable::No).destroy();
      throw token_error("C_UnwrapKey", rv);
    }
    TemporaryObject object(destination.session, handle);
    adapted.require_secrecy(destination.session, profile, handle);
    require_length(destination.session, profile, handle, payload.length);
    one_time.destroy();
    object.release();
    return ApplicationObject{handle, destination.session.module().generation()};
  });
}

std::size_t longest_secret(Token& token) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    std::atomic<std::size_t>& known = connection.longest_secret;
    if (known == 0) {
      const Profile& profile = connection.profile(session);
      std::size_t length = 4096;
      while (length > 64 && !round_trip(session, profile, length)) length /= 2;
      known = length;
    }
    return known.load();
  });
}

}  // namespace trent::hsm
