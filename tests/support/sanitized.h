// SPDX-License-Identifier: Apache-2.0
// Whether this is a build with a sanitizer for memory or threads: they need room and time of their
// own, and their allocator's locks do not survive a fork() beside other threads.
#pragma once

namespace trent::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // GCC
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace trent::test
