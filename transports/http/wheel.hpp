#pragma once
// Coarse timers of one shard: a wheel of 64 slots of 100 ms, driven by one system timer that runs
// only while something is armed. A timer fires never early and at most 250 ms late (REL-037); moving
// its due time later, or clearing it, is one store. Time is Clock's, so tests may advance it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace myelin::http {

class Wheel;

inline constexpr TimePoint kNever = TimePoint::max();

/// One deadline of one owner. May be destroyed at any time, in its own action too.
class Timer {
 public:
  using Action = void (*)(void* owner);
  Timer(Wheel& wheel, void* owner, Action action) noexcept : wheel_(&wheel), owner_(owner), action_(action) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { unlink(); }

  void set(TimePoint due) {
    due_ = due;
    if (!next_ || due < earliest_) relink();
  }
  void clear() noexcept { due_ = kNever; }
  TimePoint due() const noexcept { return due_; }

 private:
  friend class Wheel;
  /// Head of a slot.
  Timer() noexcept : prev_(this), next_(this) {}
  void relink();
  void unlink() noexcept;

  Wheel* wheel_ = nullptr;
  void* owner_ = nullptr;
  Action action_ = nullptr;
  TimePoint due_ = kNever;
  TimePoint earliest_{};  ///< due times before this need another slot
  Timer* prev_ = nullptr;
  Timer* next_ = nullptr;
};

class Wheel {
 public:
  explicit Wheel(boost::asio::io_context& io) : timer_(io) {}

 private:
  friend class Timer;
  static constexpr std::size_t kSlots = 64;
  static constexpr std::chrono::milliseconds kTick{100};

  void link(Timer& timer);
  void start();
  void wait();
  void turn();
  void visit(std::size_t slot, TimePoint now);

  boost::asio::steady_timer timer_;
  Timer slots_[kSlots];
  std::int64_t position_ = 0;  ///< the last tick that was visited
  std::size_t linked_ = 0;
  bool running_ = false;
};

}  // namespace myelin::http
