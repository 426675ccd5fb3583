// SPDX-License-Identifier: Apache-2.0
// Audit logs in a directory of their own, and what is in them.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audit/verify.h"
#include "check.h"

namespace trent::test {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "trent-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Failure("mkdtemp");
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
}

// What ends with a line break.
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

inline audit::Verifier verify(const std::vector<std::string>& lines,
                              const std::vector<audit::Expected>& expected = {},
                              audit::Verifier::Source source = audit::Verifier::Source::File) {
  audit::Verifier verifier(source, expected);
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!verifier.add(lines[i], "line " + std::to_string(i + 1))) break;
  verifier.finish();
  return verifier;
}

// How many records there are, after it is seen that they are one whole chain from its beginning.
inline std::uint64_t whole_chain(const std::vector<std::string>& paths) {
  std::vector<std::string> lines;
  for (const std::string& path : paths)
    for (std::string& line : lines_of(content_of(path))) lines.push_back(std::move(line));
  const audit::Verifier verifier = verify(lines);
  if (!verifier.fault().empty()) throw Failure(verifier.fault());
  for (const std::string& remark : verifier.remarks()) throw Failure(remark);
  if (lines.empty()) return 0;
  CHECK_EQ(verifier.chains().size(), 1U);
  CHECK_EQ(verifier.chains().begin()->second.first, 1U);
  CHECK_EQ(verifier.chains().begin()->second.last, lines.size());
  return lines.size();
}

}  // namespace trent::test
