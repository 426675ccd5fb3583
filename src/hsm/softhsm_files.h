// SPDX-License-Identifier: Apache-2.0
// SoftHSM's files, as far as they need care from outside. SoftHSM keeps all tokens of a
// configuration in one directory, each in a directory of its own, and rewrites the token's file
// token.object in every login: it empties the file first, so that a process that is killed in that
// moment leaves a token that SoftHSM no longer knows. What was in the file changes only when a PIN
// or a label is set, so a copy that is kept beside brings the token back, with the same PIN.
#pragma once

#include <p11-kit/pkcs11.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace trent::hsm {

// Whether SoftHSM made the token.
bool is_softhsm(const CK_TOKEN_INFO& token);

// directories.tokendir, as SoftHSM reads it; its own default if the text names none.
std::string parse_token_directory(std::string_view softhsm_configuration);

// Where the tokens are by the configuration that SoftHSM would read in this process; nullopt if
// there is none that can be read. Whether the module that is used is SoftHSM cannot be told from
// its name: it may be wrapped in another one.
std::optional<std::filesystem::path> softhsm_token_directory();

// The first line of a configuration whose directories.tokendir is the directory "tokens" beside it,
// wherever it is: SoftHSM takes no relative path.
inline constexpr std::string_view kFollowsDirectory =
    "# Made by `trent init`. Trent keeps directories.tokendir where this file is.";
// Writes such a configuration anew if it has been moved or copied. Throws KMSInternalException if
// that fails.
void follow_directory(const std::filesystem::path& configuration);

// What is in a token.object, by its form: SoftHSM writes numbers of 8 bytes, big-endian, and
// attributes as type, kind, value.
enum class TokenObject {
  Damaged,     // SoftHSM does not read it, or knows no token in it
  WithoutPin,  // a token of which a PIN has not been set yet
  Whole,
};
TokenObject classify_token_object(ByteView content);

// Keeps what token.object of the token with this serial holds, if it has changed and there is a
// place for it: TOKENDIR.backup, beside the directory of the tokens. Never throws: a token that
// works without a copy is better than one that does not work. The caller holds the start lock.
void keep_token_object(const std::string& serial) noexcept;

struct RestoredToken {
  std::filesystem::path file;  // token.object
  std::string copied;          // when the copy was made: "2026-11-24 09:30:00Z"
};
enum class Damage {
  Empty,  // what a login that was cut off leaves
  Any,    // whatever SoftHSM cannot read
};
// Puts the copy back where a token.object is damaged and stays so for a while. The caller holds the
// start lock, so that no login of Trent's is under way. Throws KMSInternalException if it cannot be
// written.
std::vector<RestoredToken> restore_token_objects(Damage damage);

// What of SoftHSM's files keeps this process from its tokens, and what to do; empty: nothing that
// can be seen.
std::string softhsm_advice();

// The first file or directory of SoftHSM's tokens that this process may read and not write; empty:
// none.
std::filesystem::path softhsm_write_protected();

// The tokens, by their serial numbers, whose directories belong to others than the user of this
// process, and to whom. SoftHSM opens what it makes to its maker only.
std::map<std::string, uid_t> softhsm_tokens_of_others();

// The objects of a token that this process may not read, and SoftHSM leaves out without a word.
std::vector<std::filesystem::path> softhsm_closed_objects(const std::string& serial);

}  // namespace trent::hsm
