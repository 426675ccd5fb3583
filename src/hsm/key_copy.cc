// SPDX-License-Identifier: Apache-2.0
// From token to token: see key_copy.h.
#include "hsm/key_copy.h"

#include "hsm/make_key.h"
#include "hsm/transport.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

namespace {

// SoftHSM would fill the value up, and nobody could take that away again.
void require_whole(const Profile& profile, const KeyKind& kind) {
  constexpr CK_ULONG kBlock = 8;
  if (!profile.zero_pads || kind.length % kBlock == 0) return;
  throw Error(
      ErrorCode::UnsupportedOperation,
      "The token cannot wrap a key of " + std::to_string(kind.length) + " bytes.",
      "It fills up what it wraps to a multiple of 8 bytes. Take a key of 32, 48 or 64 bytes "
      "(HMAC_256, HMAC_384, HMAC_512), or import the same key material in each region "
      "(origin EXTERNAL).");
}

// What the other token agrees on with it has to be unwrapped where it is wrapped, so all of it is
// one step.
TemporaryObject copy(Connection& from, const Session& from_session, const KeyRef& ref,
                     const ImportedKind& wanted, const Profile& to_profile,
                     const Session& to_session, Attributes& attributes) {
  const Profile& from_profile = from.profile(from_session);
  require_secrecy(from_profile);
  require_whole(from_profile, ref.kind);
  const CK_OBJECT_HANDLE key = from.find_key(from_session, ref, [&](CK_OBJECT_HANDLE object) {
    return wanted.id_of(from_session, object) == ref.id;
  });
  Transport transport(from_session, from_profile, to_session, to_profile);
  TemporaryObject copy = transport.unwrap(transport.wrap(key), attributes);
  transport.destroy();
  return copy;
}

}  // namespace

void copy_key(Token& from, const KeyRef& ref, Token& to, const ImportedKind& wanted,
              const std::string& label) {
  make_key(to, label,
           [&](Connection& connection, const Session& session, bool restricted,
               std::optional<Fingerprint>& made) {
             const Profile& profile = connection.profile(session);
             require_secrecy(profile);
             // First as a session object: what fails before the last call leaves nothing.
             const bool copies = profile.session_copies;
             KeyKind kind = wanted.kind;
             // Few tokens want to be told, and SoftHSM refuses to.
             if (!profile.unwrap_template.length) kind.length = 0;
             Attributes attributes;
             add_key_attributes(attributes, kind, !copies);
             if (restricted) add_allowed_mechanisms(attributes, kind);
             attributes.text(CKA_LABEL, label);
             TemporaryObject key =
                 from.run(Retry::Always, [&](Connection& other, const Session& other_session) {
                   return copy(other, other_session, ref, wanted, profile, session, attributes);
                 });
             keep_promise(profile.payloads, session, key.handle(), Extractable::Yes);
             if (wanted.id_of(session, key.handle()) != ref.id)
               throw token_error("C_UnwrapKey", CKR_GENERAL_ERROR);
             made = ref.id;
             keep_key(session, key, copies, label, ref.id);
             return true;
           });
}

}  // namespace trent::hsm
