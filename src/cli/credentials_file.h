// SPDX-License-Identifier: Apache-2.0
// credentials.toml, changed in place: comments and what people have written stay as they are.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "cli/replace_file.h"
#include "server/credentials.h"

namespace trent::cli {

// Nobody else changes the file through this class while the object lives. Changes are in memory
// until save(). Throws Failure, or Error if the file is refused.
class CredentialsFile {
 public:
  // The file need not be there. Its directory has to.
  explicit CredentialsFile(const std::string& path);
  CredentialsFile(const CredentialsFile&) = delete;
  CredentialsFile& operator=(const CredentialsFile&) = delete;

  const std::string& path() const { return path_; }
  std::string directory() const;
  const std::vector<server::Principal>& principals() const { return credentials_.principals; }
  // Throws UsageError if there is no such access key.
  const server::Principal& find(const std::string& access_key_id) const;

  // `lines` are those below [[principal]].
  void add(std::string_view lines);
  void disable(const std::string& access_key_id);
  // The section stays if its principal is known in other ways too.
  void remove(const std::string& access_key_id);

  void save();
  // As it was before all changes.
  void restore();

 private:
  struct Range {
    std::size_t begin, end;  // of lines
  };
  Range section_of(const server::Principal& principal) const;
  // Throws Failure if that makes a file that is refused.
  void take(std::vector<std::string> lines);

  // Root may change the file of the server's user, who has to be able to read it.
  Readers readers() const { return was_there_ ? Readers::AsBefore : Readers::UserOnly; }

  std::string path_;
  FileDescriptor lock_;
  bool was_there_;
  SecretString original_;
  std::vector<std::string> lines_;
  server::Credentials credentials_;
};

}  // namespace trent::cli
