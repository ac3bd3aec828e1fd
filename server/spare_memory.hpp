#pragma once
// Gives memory that the allocator holds, and nobody uses, back to the system once a flood is over. Thread safe.

#include <atomic>
#include <cstddef>

#include "engine/base/clock.hpp"
#include "server/background.hpp"

namespace myelin::server {

class SpareMemory {
 public:
  /// There is much less to do than there was. Returns at once; the work is done by a thread of its own, as it
  /// takes a millisecond for some ten megabytes. False: it was asked for moments ago; ask again.
  bool calm();

 private:
  void give_back();

  Background background_;
  std::atomic<TimePoint> next_{TimePoint()};
  std::atomic<std::size_t> floor_{0};  ///< resident bytes after it was done last
};

}  // namespace myelin::server
