#pragma once
// The one source of time. Monotonic; a wall-clock jump changes nothing (REL-038). Tests inject time
// by advance(), which the admin port offers when `admin.test_clock=true`. Thread safe.

#include <atomic>
#include <chrono>

namespace myelin {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
 public:
  static TimePoint now() noexcept { return held_ != TimePoint{} ? held_ : read(); }

  /// While one lives, now() of its thread is the moment of its last tick(): asking is nearly free. For work
  /// that takes microseconds between ticks.
  class Held {
   public:
    Held() noexcept { tick(); }
    Held(const Held&) = delete;
    ~Held() { held_ = TimePoint{}; }
    void tick() noexcept { held_ = read(); }
  };

  /// The date of a moment near now; it jumps when the system's date does.
  static std::chrono::system_clock::time_point wall(TimePoint at) noexcept {
    const std::chrono::milliseconds offset(offset_.load(std::memory_order_relaxed));
    return std::chrono::system_clock::now() + offset + (at - now());
  }
  /// Moves time forward; for tests only.
  static void advance(Duration by) noexcept {
    offset_.fetch_add(by.count(), std::memory_order_relaxed);
    held_ = TimePoint{};
  }

 private:
  static TimePoint read() noexcept {
    return std::chrono::steady_clock::now() +
           std::chrono::milliseconds(offset_.load(std::memory_order_relaxed));
  }
  static inline thread_local constinit TimePoint held_{};
  static inline std::atomic<std::int64_t> offset_{0};
};

}  // namespace myelin
