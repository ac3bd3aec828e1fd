#pragma once
// The state machine of a leaf: ACTIVE, TIMEOUT, SUSPENDED, OFF (endpoints reference, 3). The policy
// is the leaf's own and immutable; the state is kept in the StateStore, outlives a redeploy and is
// shared by all shards: reading an ACTIVE state takes no lock, transitions take a short one.

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/fault.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

bool contains(const std::vector<int>& codes, int code) noexcept;

/// `<markForSuspension>`, `<suspendOnFailure>` and the server-wide limits. Durations are milliseconds.
struct SuspensionPolicy {
  std::vector<int> timeout_codes;          ///< empty: 101504 and 101505
  std::int32_t retries = 0;                ///< retriesBeforeSuspension
  std::int32_t retry_delay = 0;
  std::vector<int> suspend_codes;          ///< empty: every code
  std::int64_t initial = -1;               ///< -1: not set
  float factor = 1.0F;
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();

  std::int64_t fault_limit = -1;           ///< maximum.failover[.recursive].retries; -1: off
  std::int64_t fault_limit_suspension = 30'000;
  bool fault_limit_recursive = false;      ///< refilled when it strikes, not only by a success

  bool enabled = true;                     ///< false: faults change nothing

  enum class Class : std::uint8_t { ignored, timeout, suspend };
  /// 3.2. An exact match of the reported code wins over a match of the unshifted one.
  Class classify(int code, int base_code) const noexcept;
  /// 3.4. `last`: the previous duration, -1 for none.
  std::int64_t next_duration(std::int64_t last) const noexcept;
};

enum class Phase : std::uint8_t { active = 1, timeout = 2, suspended = 3, off = 4 };

class Suspension final : public State {
 public:
  Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
  /// Could be used now; changes nothing.
  bool ready(TimePoint now) const noexcept;
  /// Is about to be used: true for everybody while ACTIVE; after a suspension for one trial, while
  /// others wait for its outcome or, if that never comes, for another delay (REL-125).
  bool admit(TimePoint now) noexcept;

  void succeeded() noexcept;
  /// A message that was admitted was itself at fault: if it was the trial, another may be.
  void spared() noexcept;
  /// A health check that was begun then has succeeded; it says nothing about a later suspension.
  void check_passed(TimePoint began) noexcept;

  struct Change {
    bool changed = false;       ///< entered TIMEOUT or SUSPENDED, or extended it
    Phase phase = Phase::active;
    std::int64_t delay = 0;     ///< milliseconds until the next try
  };
  /// `began`: start of the attempt that failed (EP-093).
  Change failed(const SuspensionPolicy& policy, const Fault& fault, TimePoint began, TimePoint now) noexcept;

  void switch_off() noexcept;
  void switch_on() noexcept;

  /// For management (endpoints reference, 7).
  Standing standing(TimePoint now) const noexcept;
  void reset_counters() noexcept;

 private:
  /// Events by minute: the running one and fifteen before it.
  class Minutes {
   public:
    void count(TimePoint now) noexcept;
    /// Of the last `minutes` whole ones.
    std::uint64_t last(std::int64_t minutes, TimePoint now) const noexcept;

   private:
    struct Slot {
      std::int64_t minute = -1;
      std::uint64_t count = 0;
    };
    std::array<Slot, 16> slots_;
  };
  struct Tally {
    std::uint64_t consecutive = 0, total = 0;
    TimePoint since{};
    Minutes minutes;
    void enter(bool was_there, TimePoint now) noexcept;
  };

  Change suspend(std::int64_t duration, TimePoint now) noexcept;
  void wait(Phase phase, std::int64_t delay, TimePoint now) noexcept;
  void activate() noexcept;
  bool over_limit(const SuspensionPolicy& policy) noexcept;

  std::atomic<Phase> phase_{Phase::active};
  std::atomic<std::int64_t> next_retry_{0};   ///< nanoseconds of the clock
  std::atomic<std::int64_t> trial_until_{0};  ///< somebody is trying; 0: nobody

  mutable std::mutex mutex_;                  ///< guards what follows and every transition
  Tally suspensions_, timeouts_;
  std::int64_t delay_ = 0;                    ///< milliseconds waited for last
  std::int64_t last_ = -1;                    ///< last suspend duration, -1: none
  std::int32_t remaining_ = -1;               ///< retries left, -1: as the policy says
  std::int64_t faults_left_ = -1;             ///< of fault_limit, -1: as the policy says
  TimePoint suspended_at_{};
  TimePoint waits_since_{};                   ///< in TIMEOUT or SUSPENDED
};

}  // namespace myelin::endpoints
