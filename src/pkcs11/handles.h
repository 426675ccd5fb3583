// SPDX-License-Identifier: Apache-2.0
// Handles: random numbers that name things, so that a stale, foreign or guessed one is an error and
// never a crash.
#pragma once

#include <cstring>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/openssl.h"
#include "base/thread_safety.h"

namespace trent::pkcs11 {

// Thread-safe.
template <class T>
class HandleMap {
 public:
  // Below 2^32, for clients and proxies that carry no more; never 0 (CK_INVALID_HANDLE).
  unsigned long add(std::shared_ptr<T> thing) {
    const Lock lock(mutex_);
    for (;;) {
      std::uint32_t handle = 0;
      std::uint8_t random[sizeof handle];
      fill_random(random);
      std::memcpy(&handle, &random[0], sizeof handle);
      if (handle != 0 && things_.emplace(handle, thing).second) return handle;
    }
  }

  // nullptr if there is none.
  std::shared_ptr<T> find(unsigned long handle) const {
    const Lock lock(mutex_);
    auto found = things_.find(handle);
    return found == things_.end() ? nullptr : found->second;
  }

  // Another thing under the same handle, if there is one.
  void replace(unsigned long handle, std::shared_ptr<T> thing) {
    const Lock lock(mutex_);
    auto found = things_.find(handle);
    if (found != things_.end()) found->second = std::move(thing);
  }

  std::shared_ptr<T> take(unsigned long handle) {
    const Lock lock(mutex_);
    auto found = things_.find(handle);
    if (found == things_.end()) return nullptr;
    std::shared_ptr<T> thing = std::move(found->second);
    things_.erase(found);
    return thing;
  }

  template <class Wanted>
  std::vector<std::shared_ptr<T>> take_if(Wanted wanted) {
    const Lock lock(mutex_);
    std::vector<std::shared_ptr<T>> taken;
    for (auto each = things_.begin(); each != things_.end();) {
      if (!wanted(*each->second)) {
        ++each;
        continue;
      }
      taken.push_back(std::move(each->second));
      each = things_.erase(each);
    }
    return taken;
  }

 private:
  mutable Mutex mutex_;
  std::unordered_map<unsigned long, std::shared_ptr<T>> things_ GUARDED_BY(mutex_);
};

}  // namespace trent::pkcs11
