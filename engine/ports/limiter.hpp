#pragma once
// `<limits>` and `<connection maxConnections=>` of one leaf: how many messages it has at once, over all
// shards, and who waits for a place. Entering below the limit and leaving while nobody waits take no
// lock. Kept in the StateStore.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/base/clock.hpp"
#include "engine/ports/state.hpp"

namespace myelin {

class Limiter final : public State {
 public:
  struct Bounds {
    std::uint32_t most = 0;       ///< at once; 0: no limit
    std::uint32_t pending = 1024; ///< that wait
    Duration patience{0};         ///< how long; 0: the transport's own limit
    std::uint32_t retries = 0;    ///< repeated attempts at once; 0: no limit
  };

  /// A place in the queue. `woken` is called once, on any thread, when a place was handed over.
  struct Ticket {
    std::function<void()> woken;
    bool granted = false;  ///< guarded by the limiter
  };

  enum class Entry : std::uint8_t { in, wait, full };
  /// `in`: leave() is owed. `wait`: the caller waits with `wait_in_line`.
  bool try_enter(const Bounds& bounds) noexcept;
  /// Queues up; `in` when a place had become free meanwhile.
  Entry wait_in_line(const Bounds& bounds, const std::shared_ptr<Ticket>& ticket);
  /// Gives a place in the queue up; true: it had been granted already, leave() is owed.
  bool give_up(const std::shared_ptr<Ticket>& ticket);
  void leave();

  bool try_retry(const Bounds& bounds) noexcept;
  void end_retry() noexcept { retries_.fetch_sub(1, std::memory_order_relaxed); }

  std::uint32_t inside() const noexcept { return inside_.load(std::memory_order_relaxed); }
  std::uint32_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<std::uint32_t> waiting_{0};
  std::atomic<std::uint32_t> retries_{0};
  std::mutex mutex_;
  std::deque<std::shared_ptr<Ticket>> line_;
};

}  // namespace myelin
