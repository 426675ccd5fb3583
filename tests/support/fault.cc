// SPDX-License-Identifier: Apache-2.0
// The steering of fault.so by a test: see fault.h.
#include "fault.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace trent::test {

std::string fault_module_path() {
  const char* build = std::getenv("TRENT_BUILD");
  if (build == nullptr) throw std::runtime_error("TRENT_BUILD is not set: run it by `meson test`");
  return std::string(build) + "/tests/fault.so";
}

FaultModule& fault_module() {
  static FaultModule* const found = [] {
    void* module = dlopen(fault_module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw std::runtime_error(dlerror());
    return reinterpret_cast<FaultModule* (*)()>(dlsym(module, "trent_fault_module"))();
  }();
  return *found;
}

}  // namespace trent::test
