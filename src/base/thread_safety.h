// SPDX-License-Identifier: Apache-2.0
// Mutexes of which the compiler knows what they guard: clang's -Wthread-safety refuses an access
// to what is GUARDED_BY() a mutex where that is not held. GCC takes the words for comments.
#pragma once

#include <mutex>
#include <shared_mutex>

#ifdef __clang__
#define TRENT_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define TRENT_THREAD_SAFETY(attribute)
#endif

// Of data: to read it, the mutex is held, shared or alone; to write it, alone.
#define GUARDED_BY(mutex) TRENT_THREAD_SAFETY(guarded_by(mutex))
// The same of what a pointer points to.
#define PT_GUARDED_BY(mutex) TRENT_THREAD_SAFETY(pt_guarded_by(mutex))
// Of functions: the caller holds the mutex alone; at least shared; not at all.
#define REQUIRES(...) TRENT_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) TRENT_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
// Of functions that are right for a reason which cannot be said in these words.
#define NO_THREAD_SAFETY_ANALYSIS TRENT_THREAD_SAFETY(no_thread_safety_analysis)

// For the classes below.
#define TRENT_CAPABILITY(name) TRENT_THREAD_SAFETY(capability(name))
#define TRENT_SCOPED_CAPABILITY TRENT_THREAD_SAFETY(scoped_lockable)
#define TRENT_ACQUIRE(...) TRENT_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define TRENT_ACQUIRE_SHARED(...) TRENT_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define TRENT_RELEASE(...) TRENT_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define TRENT_RELEASE_SHARED(...) TRENT_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))

namespace trent {

class TRENT_CAPABILITY("mutex") Mutex {
 public:
  void lock() TRENT_ACQUIRE() { mutex_.lock(); }
  void unlock() TRENT_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class TRENT_CAPABILITY("mutex") SharedMutex {
 public:
  void lock() TRENT_ACQUIRE() { mutex_.lock(); }
  void unlock() TRENT_RELEASE() { mutex_.unlock(); }
  void lock_shared() TRENT_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() TRENT_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// Holds a mutex alone, from here to the end of the block, but for where it is unlocked in between.
template <class M>
class TRENT_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(M& mutex) TRENT_ACQUIRE(mutex) : lock_(mutex) {}
  ~Lock() TRENT_RELEASE() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() TRENT_ACQUIRE() { lock_.lock(); }
  void unlock() TRENT_RELEASE() { lock_.unlock(); }

 private:
  std::unique_lock<M> lock_;
};

// Holds a mutex shared with other readers, to the end of the block.
class TRENT_SCOPED_CAPABILITY SharedLock {
 public:
  explicit SharedLock(SharedMutex& mutex) TRENT_ACQUIRE_SHARED(mutex) : lock_(mutex) {}
  ~SharedLock() TRENT_RELEASE() = default;
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  std::shared_lock<SharedMutex> lock_;
};

}  // namespace trent
