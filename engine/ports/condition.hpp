#pragma once
// What is known about one endpoint besides its suspension: switched on, draining or off, healthy by
// checks, how many messages it has in flight, how it answered. Kept in the StateStore, so it outlives a
// redeploy of an unchanged endpoint; shared by all shards. Everything a message touches is an atomic;
// counters are striped by thread. Times are Clock's.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/base/fault.hpp"
#include "engine/ports/state.hpp"

namespace myelin {

/// Set by people: configuration (`state=`) or the admin interface. `drain`: no new messages, sessions
/// that are bound go on.
enum class Switch : std::uint8_t { on, drain, off };

/// Set by health checks (gateways reference, 4.5). Only `down` excludes.
enum class Health : std::uint8_t { unknown, down, transitionally_down, transitionally_up, up };

std::string_view name_of(Switch position) noexcept;
std::string_view name_of(Health health) noexcept;

/// Answers by latency: four buckets per doubling, from 64 µs to over a minute.
class LatencyBuckets {
 public:
  static constexpr std::size_t kCount = 84;
  static std::size_t index(std::int64_t microseconds) noexcept;
  /// Upper bound of a bucket in µs; the last has none.
  static std::int64_t bound(std::size_t index) noexcept;

  std::array<std::uint64_t, kCount> counts{};
  /// The value below which `fraction` of the answers came, in µs; 0 without answers.
  std::int64_t percentile(double fraction) const noexcept;
};

/// A sum over all threads.
struct Traffic {
  std::uint64_t sent = 0;       ///< attempts begun
  std::uint64_t failed = 0;     ///< attempts that ended in a fault
  std::uint64_t timeouts = 0;   ///< of them: no answer in time
  std::array<std::uint64_t, 6> answers{};  ///< by status class; [0]: any other
  std::uint64_t latency_sum = 0;           ///< µs until the answer's head
  LatencyBuckets latency;
};

class Condition final : public State {
 public:
  Condition() = default;
  ~Condition() override;

  // --- switch and health -----------------------------------------------------------------------
  Switch position() const noexcept { return position_.load(std::memory_order_relaxed); }
  void set_position(Switch position) noexcept;
  Health health() const noexcept { return health_.load(std::memory_order_relaxed); }
  void set_health(Health health) noexcept;
  /// True once: whoever makes the endpoint applies its configured `state`.
  bool claim_initial() noexcept { return !claimed_.exchange(true, std::memory_order_relaxed); }
  /// When it came (back) into use, for slow start.
  TimePoint usable_since() const noexcept { return TimePoint(std::chrono::nanoseconds(usable_since_.load(std::memory_order_relaxed))); }
  void begins_anew(TimePoint now) noexcept { usable_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  TimePoint position_since() const noexcept { return TimePoint(std::chrono::nanoseconds(position_since_.load(std::memory_order_relaxed))); }
  TimePoint health_since() const noexcept { return TimePoint(std::chrono::nanoseconds(health_since_.load(std::memory_order_relaxed))); }
  /// A weight set while running; 0: the configured one holds.
  std::uint32_t weight() const noexcept { return weight_.load(std::memory_order_relaxed); }
  void set_weight(std::uint32_t weight) noexcept { weight_.store(weight, std::memory_order_relaxed); }

  // --- traffic -------------------------------------------------------------------------------------
  std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
  /// Running average of the time until the answer's head, in µs; 0 before the first answer.
  std::uint32_t latency() const noexcept { return latency_.load(std::memory_order_relaxed); }
  void begin() noexcept;
  void end() noexcept { in_flight_.fetch_sub(1, std::memory_order_relaxed); }
  void answered(int status, std::chrono::nanoseconds took) noexcept;
  void failed(const Fault& fault, TimePoint now);
  /// A group moved on to another child (303100, 304100; EP-142).
  void moved_on(int error_code);

  Traffic traffic() const noexcept;
  struct LastError {
    int code = 0;
    std::string message;
    TimePoint at{};
  };
  LastError last_error() const;
  std::map<int, std::uint64_t> errors() const;
  /// Forgets counters and the last error (EP-178).
  void reset_counters();

 private:
  struct Stripe;
  Stripe& stripe() noexcept;

  std::atomic<Switch> position_{Switch::on};
  std::atomic<Health> health_{Health::unknown};
  std::atomic<bool> claimed_{false};
  std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint32_t> latency_{0};
  std::atomic<std::uint32_t> weight_{0};
  std::atomic<std::int64_t> usable_since_{0}, position_since_{0}, health_since_{0};

  static constexpr std::size_t kStripes = 8;
  std::array<std::atomic<Stripe*>, kStripes> stripes_{};  ///< made on first use

  mutable std::mutex mutex_;  ///< guards what follows; taken on faults and by readers only
  LastError last_error_;
  std::map<int, std::uint64_t> errors_;
};

}  // namespace myelin
