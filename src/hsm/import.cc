// SPDX-License-Identifier: Apache-2.0
// Key material from outside: see import.h.
#include "hsm/import.h"

#include <array>

#include "hsm/agreement.h"
#include "hsm/key_attributes.h"
#include "hsm/key_pair.h"
#include "hsm/make_key.h"
#include "hsm/oaep.h"
#include "hsm/secret_length.h"
#include "hsm/token.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

namespace {

constexpr std::array<CK_MECHANISM_TYPE, 1> kUnwrapping{CKM_RSA_PKCS_OAEP};

KeyKind import_key_kind(const KeyPairKind& pair, bool decrypts) {
  KeyKind kind = private_key_kind(pair, PairUse::EncryptDecrypt);
  kind.usage.decrypt = decrypts;
  // What is unpadded in this process is decrypted raw.
  if (!decrypts) kind.mechanisms = kUnwrapping;
  return kind;
}

MadePair generate(const Session& session, const std::string& label, const Fingerprint& id,
                  const KeyPairKind& pair, bool on_token, bool restricted, bool decrypts) {
  const KeyKind kind = import_key_kind(pair, decrypts);
  Attributes public_attributes;
  add_public_key(public_attributes, pair, on_token);
  public_attributes.text(CKA_LABEL, label)
      .flag(CKA_ENCRYPT, false)
      .flag(CKA_WRAP, false)
      .flag(CKA_VERIFY, false);
  Attributes private_attributes;
  add_key_attributes(private_attributes, kind, on_token);
  if (restricted) add_allowed_mechanisms(private_attributes, kind);
  private_attributes.text(CKA_LABEL, label).bytes(CKA_ID, id);
  return generate_objects(session, pair, public_attributes, private_attributes);
}

Error not_unwrapped(Hash hash) {
  const bool sha1 = hash == Hash::Sha1;
  return Error(ErrorCode::UnsupportedOperation,
               std::string("The token cannot unwrap key material with RSAES-OAEP and SHA-") +
                   (sha1 ? "1." : "256."),
               std::string(sha1 ? "Use the wrapping algorithm RSAES_OAEP_SHA_256 or "
                                  "RSA_AES_KEY_WRAP_SHA_256"
                                : "Use the wrapping algorithm RSAES_OAEP_SHA_1 or "
                                  "RSA_AES_KEY_WRAP_SHA_1") +
                   "; or say host-reencrypt = \"allow\" in trent.toml, and it is done in this "
                   "process.");
}

std::vector<ObjectName> find(const Session& session, std::optional<ByteView> id) {
  constexpr std::size_t kMaxName = 8192;
  Attributes search;
  search.number(CKA_CLASS, CKO_PRIVATE_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_UNWRAP, true);
  if (id) search.bytes(CKA_ID, *id);
  std::vector<ObjectName> names;
  for (const CK_OBJECT_HANDLE key : session.find(search))
    names.push_back({session.read<std::string>(key, CKA_LABEL, kMaxName),
                     session.read<Bytes>(key, CKA_ID, kMaxName)});
  return names;
}

CK_OBJECT_HANDLE find_private_key(const Session& session, const ObjectName& name) {
  Attributes search;
  search.number(CKA_CLASS, CKO_PRIVATE_KEY)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, name.label)
      .bytes(CKA_ID, name.id);
  const auto found = session.find(search);
  if (found.empty())
    throw Error(ErrorCode::InvalidImportToken, "Its wrapping key is not in the token any more.",
                "Get new ones by GetParametersForImport.");
  return found.front();
}

// An AES key that unwraps the material, of this session only.
void add_between_attributes(Attributes& attributes) {
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, {.unwrap = true});
}

TemporaryObject create(const Session& session, Attributes& attributes, const SecretBytes& value) {
  attributes.bytes(CKA_VALUE, value);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

// Makes objects of the material, as often as it is asked.
class Unwrapping {
 public:
  Unwrapping(Connection& connection, const Session& session, const WrappedMaterial& material,
             HostImport host)
      : session_(session),
        profile_(connection.profile(session)),
        key_(find_private_key(session, material.import_key)),
        public_key_(read_public_key(session, key_, kRsa2048)),
        hash_(material.hash),
        bytes_(material.bytes) {
    require_secrecy(profile_);
    CK_BBOOL decrypts = CK_FALSE;
    CK_ATTRIBUTE attribute{CKA_DECRYPT, &decrypts, sizeof decrypts};
    session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(key_, &attribute, CK_ULONG{1});
    in_host_ = decrypts == CK_TRUE;
    if (in_host_ && host == HostImport::Never) throw not_unwrapped(hash_);
    if (material.aes_between)
      open_between();
    else if (in_host_)
      value_ = decrypt_oaep(session_, key_, {public_key_, hash_, bytes_});
  }

  bool in_host() const { return in_host_; }

  // Throws unless it is so many bytes.
  void require_length(std::size_t wanted) {
    const std::size_t length = value_.empty() ? unwrapped_length() : value_.size();
    if (length != wanted)
      throw Error(ErrorCode::IncorrectKeyMaterial,
                  "The key material has " + std::to_string(length) + " bytes.",
                  "Keys of this kind have " + std::to_string(wanted) + ".");
  }

  // Throws if it does not unwrap, whatever it is.
  void require_private_key() {
    if (!value_.empty())
      throw Error(ErrorCode::UnsupportedOperation,
                  "The token cannot unwrap private keys with this wrapping algorithm.",
                  "Use the wrapping algorithm RSA_AES_KEY_WRAP_SHA_1 or RSA_AES_KEY_WRAP_SHA_256.");
    unwrapped_length();
  }

  TemporaryObject make(KeyKind kind, bool on_token, bool restricted, const std::string& label) {
    // Few tokens want to be told, and SoftHSM refuses to.
    if (!value_.empty() || !profile_.unwrap_template.length) kind.length = 0;
    Attributes attributes;
    add_key_attributes(attributes, kind, on_token);
    if (restricted) add_allowed_mechanisms(attributes, kind);
    attributes.text(CKA_LABEL, label);
    if (!value_.empty()) return create(session_, attributes, value_);
    TemporaryObject made = unwrap(attributes);
    keep_promise(profile_.payloads, session_, made.handle(), Extractable::No);
    return made;
  }

  void destroy() {
    if (between_) between_->destroy();
  }

 private:
  std::size_t unwrapped_length() {
    TemporaryObject payload = unwrap_payload();
    const std::size_t length = secret_length(session_, profile_, payload.handle());
    payload.destroy();
    return length;
  }

  void open_between() {
    const std::size_t modulus = public_key_.modulus().size();
    if (bytes_.size() <= modulus) throw Error(ErrorCode::InvalidCiphertext, {});
    const OaepCiphertext first{public_key_, hash_, bytes_.first(modulus)};
    bytes_ = bytes_.subspan(modulus);
    Attributes attributes;
    add_between_attributes(attributes);
    if (in_host_) {
      const SecretBytes value = decrypt_oaep(session_, key_, first);
      if (value.size() != 16 && value.size() != 24 && value.size() != 32)
        throw Error(ErrorCode::InvalidCiphertext, {});
      between_.emplace(create(session_, attributes, value));
      return;
    }
    if (profile_.unwrap_template.length) attributes.number(CKA_VALUE_LEN, 32);
    between_.emplace(unwrap_oaep(session_, key_, first, attributes));
  }

  // As a secret whose length can be found out.
  TemporaryObject unwrap_payload() {
    if (between_) {
      if (bytes_.size() < 16 || bytes_.size() % 8 != 0)
        throw Error(ErrorCode::InvalidCiphertext, {});
      Profile lenient = profile_;
      lenient.value_len = false;
      return unwrap_object(session_, lenient, between_->handle(), {bytes_, bytes_.size() - 8},
                           Readable::No);
    }
    Attributes attributes;
    add_payload_attributes(attributes, Readable::No, profile_.unwrap_template.brief);
    return unwrap_oaep(session_, key_, {public_key_, hash_, bytes_}, attributes);
  }

  TemporaryObject unwrap(Attributes& attributes) {
    if (!between_) return unwrap_oaep(session_, key_, {public_key_, hash_, bytes_}, attributes);
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const CK_RV rv = try_unwrap(session_, profile_, between_->handle(), bytes_,
                                {attributes.data(), attributes.size()}, &handle);
    if (rv != CKR_OK) throw token_error("C_UnwrapKey", rv);
    return {session_, handle};
  }

  const Session& session_;
  const Profile& profile_;
  CK_OBJECT_HANDLE key_;
  PublicKey public_key_;
  Hash hash_;
  ByteView bytes_;  // the material, under the RSA key or the AES key between
  bool in_host_ = false;
  SecretBytes value_;  // of the material, if this process has to see it
  std::optional<TemporaryObject> between_;
};

Error incorrect(const KeyPairKind& pair, const std::string& what, CK_RV rv = CKR_OK) {
  return Error(ErrorCode::IncorrectKeyMaterial, "The key material is " + what + ".",
               "Bring a private " + std::string(pair.type_name) +
                   " key of the key's spec, in PKCS#8 DER (RFC 5958).",
               rv);
}

// What a token says of a private key that it cannot read, once it has unwrapped it.
bool blames_content(CK_RV rv) {
  return !is_lost(rv) && (!is_fault(rv) || rv == CKR_FUNCTION_FAILED || rv == CKR_GENERAL_ERROR);
}

Bytes rsa_public_half(const Session& session, CK_OBJECT_HANDLE key, const KeyPairKind& pair) {
  Bytes der = read_public_key(session, key, pair);
  const PublicKey read(der);
  const std::size_t bits = read.modulus().size() * 8;
  if (bits != pair.modulus_bits)
    throw incorrect(pair, "an RSA key of " + std::to_string(bits) + " bits");
  if (!std::ranges::equal(read.exponent(), kPublicExponent))
    throw incorrect(pair, "an RSA key whose public exponent is not 65537");
  return der;
}

// No token tells the point of a private key. ECDH with the base point gives its x coordinate, and a
// signature tells which of the two points that have it is the one.
Bytes ec_public_half(const Session& session, CK_OBJECT_HANDLE key, const ImportedKind& wanted) {
  const KeyPairKind& pair = *wanted.pair;
  const Bytes curve = session.read<Bytes>(key, CKA_EC_PARAMS, 1024);
  if (as_text(curve) != pair.curve) throw incorrect(pair, "a key on another curve");
  const SecretBytes x = agree(session, key, base_point(curve));
  for (const std::uint8_t sign : {2, 3}) {
    Bytes point{sign};
    append(point, x);
    point = PublicKey(ec_public_key(curve, point)).point();
    KeyKind signing = wanted.kind;
    signing.usage = {.sign = true};
    const PrivateKeyRef ref{own_key_ref({}, {}, signing),
                            std::make_shared<PublicKey>(ec_public_key(curve, point))};
    if (is_private_key_of(session, key, ref)) return ref.public_key->der();
  }
  throw token_error("C_DeriveKey", CKR_GENERAL_ERROR);
}

ImportedId imported_pair(const Session& session, Unwrapping& unwrapping,
                         const ImportedKind& wanted) {
  unwrapping.require_private_key();
  const bool is_rsa = wanted.pair->type == CKK_RSA;
  KeyKind probe = wanted.kind;
  if (!is_rsa) probe.usage = {.sign = true, .derive = true};
  const auto make = [&] {
    try {
      return unwrapping.make(probe, false, false, {});
    } catch (const Error& error) {
      if (!blames_content(error.ck_rv())) throw;
      throw incorrect(*wanted.pair, "no such key", error.ck_rv());
    }
  };
  TemporaryObject key = make();
  ImportedId imported;
  imported.public_key =
      std::make_shared<PublicKey>(is_rsa ? rsa_public_half(session, key.handle(), *wanted.pair)
                                         : ec_public_half(session, key.handle(), wanted));
  imported.id = wanted.id_of_public(imported.public_key->der());
  key.destroy();
  return imported;
}

ImportedId imported_secret(const Session& session, Unwrapping& unwrapping,
                           const ImportedKind& wanted) {
  unwrapping.require_length(wanted.kind.length);
  TemporaryObject key = unwrapping.make(wanted.kind, false, false, {});
  ImportedId imported{wanted.id_of(session, key.handle())};
  key.destroy();
  return imported;
}

bool is_imported(const Session& session, CK_OBJECT_HANDLE key, const ImportedKind& wanted,
                 const ImportedId& imported) {
  if (wanted.pair == nullptr) return wanted.id_of(session, key) == imported.id;
  return is_private_key_of(session, key,
                           {own_key_ref({}, imported.id, wanted.kind), imported.public_key});
}

}  // namespace

Bytes make_import_key(Token& token, const std::string& label, const Fingerprint& id,
                      const KeyPairKind& pair, Hash hash, HostImport host) {
  return make_key(
      token, label,
      [&](Connection& connection, const Session& session, bool restricted,
          std::optional<Fingerprint>& made) {
        const Profile& profile = connection.profile(session);
        const bool copies = profile.session_copies;
        for (bool decrypts = false;; decrypts = true) {
          MadePair generated = generate(session, label, id, pair, !copies, restricted, decrypts);
          Bytes der = read_public_key(session, generated.public_key.handle(), pair);
          generated.public_key.destroy();
          if (!decrypts && !can_unwrap_oaep(session, profile, generated.private_key.handle(),
                                            PublicKey(der), hash)) {
            if (host == HostImport::Never) throw not_unwrapped(hash);
            continue;
          }
          made = id;
          keep_key(session, generated.private_key, copies, label, id);
          return der;
        }
      });
}

std::optional<ObjectName> find_import_key(Token& token, const Fingerprint& id) {
  return token.run(Retry::Always,
                   [&](Connection&, const Session& session) -> std::optional<ObjectName> {
                     auto names = find(session, id);
                     if (names.empty()) return std::nullopt;
                     return std::move(names.front());
                   });
}

std::vector<ObjectName> list_import_keys(Token& token, std::string_view prefix) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    std::vector<ObjectName> names = find(session, std::nullopt);
    std::erase_if(names, [&](const ObjectName& name) { return !name.label.starts_with(prefix); });
    return names;
  });
}

ImportedId imported_id(Token& token, const WrappedMaterial& material, const ImportedKind& wanted,
                       HostImport host) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    Unwrapping unwrapping(connection, session, material, host);
    ImportedId imported = wanted.pair == nullptr ? imported_secret(session, unwrapping, wanted)
                                                 : imported_pair(session, unwrapping, wanted);
    unwrapping.destroy();
    imported.in_host = unwrapping.in_host();
    return imported;
  });
}

void import_key(Token& token, const WrappedMaterial& material, const ImportedKind& wanted,
                HostImport host, const std::string& label, const ImportedId& imported) {
  make_key(token, label,
           [&](Connection& connection, const Session& session, bool restricted,
               std::optional<Fingerprint>& made) {
             // First as a session object: what fails before the last call leaves nothing.
             const bool copies = connection.profile(session).session_copies;
             Unwrapping unwrapping(connection, session, material, host);
             TemporaryObject key = unwrapping.make(wanted.kind, !copies, restricted, label);
             if (!is_imported(session, key.handle(), wanted, imported))
               throw token_error("C_UnwrapKey", CKR_GENERAL_ERROR);
             made = imported.id;
             keep_key(session, key, copies, label, imported.id);
             unwrapping.destroy();
             return true;
           });
}

}  // namespace trent::hsm
