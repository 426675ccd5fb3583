// SPDX-License-Identifier: Apache-2.0
// A directory of a test's own, with its files.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace trent::test {

class Files {
 public:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "trent-server-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
  }
  ~Files() { std::filesystem::remove_all(directory_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  const std::filesystem::path& directory() const { return directory_; }

  // Makes or replaces it, and returns its path.
  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const std::string path = (directory_ / name).string();
    std::filesystem::remove(path);
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace trent::test
