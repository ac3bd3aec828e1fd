#pragma once
// How often threads that want to be counted receive, send, wait and arm; not under a sanitizer.

#include <atomic>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MYELIN_COUNTS_SYSTEM_CALLS
#endif

namespace myelin::http::test {

struct SystemCalls {
  std::atomic<int> receive{0}, send{0}, wait{0}, control{0}, timer{0};

  void forget() {
    for (std::atomic<int>* one : {&receive, &send, &wait, &control, &timer}) *one = 0;
  }
};

inline SystemCalls calls;
inline thread_local bool counted = false;  ///< this thread's are

}  // namespace myelin::http::test
