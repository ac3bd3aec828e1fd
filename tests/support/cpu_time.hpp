#pragma once
// What something costs: CPU time of this thread, which does not grow while other programs run.

#include <ctime>

#include <chrono>

#include "tests/support/memory.hpp"

namespace myelin::test {

inline std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// A bound on CPU time; sanitizers multiply what everything costs.
constexpr std::chrono::milliseconds at_most(std::chrono::milliseconds time) { return kSanitized ? time * 20 : time; }

}  // namespace myelin::test
