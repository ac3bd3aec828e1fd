#pragma once
// `<circuitBreaker>`: opens after failures, stays open for a time, then lets a few calls through to see
// (gateways reference, 3.5 and 4.3). Kept in the StateStore; shared by all shards. Asking a closed
// breaker, and telling it of a success while nothing has failed, takes no lock. Durations are
// milliseconds.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/rules.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

struct BreakerRules {
  enum class Scope : std::uint8_t { endpoint, api, subscription };
  Scope scope = Scope::endpoint;
  std::uint32_t max_failures = 5;
  std::uint32_t failure_ratio = 100;  ///< percent; 100: the failures come in a row
  std::uint32_t minimum_calls = 0;    ///< 0: max_failures
  Duration window{60'000};
  Duration slow{0};                   ///< a call that takes so long is a failure; 0: none is
  Duration open{10'000};
  std::uint32_t half_open_calls = 1;
  StatusSet statuses;                 ///< answers that are failures

  bool is_failure(int status, std::chrono::nanoseconds took) const noexcept {
    return myelin::contains(statuses, status) || (slow.count() > 0 && took >= slow);
  }
};

/// `<circuitBreaker scope="endpoint|api|subscription" maxFailures= ...>`.
BreakerRules read_breaker(const xml::Element& element, Build& build);

class Breaker final : public State {
 public:
  enum class Phase : std::uint8_t { closed, open, half_open };

  /// A call could go through now; changes nothing.
  bool allows(const BreakerRules& rules, TimePoint now) const noexcept;
  /// A call is about to be made: after the open time it takes one of the trial places.
  bool admit(const BreakerRules& rules, TimePoint now) noexcept;
  void record(const BreakerRules& rules, bool failure, TimePoint now) noexcept;
  /// A call that was admitted says nothing: half open, its place is another's again.
  void spared() noexcept;
  Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
  void close() noexcept;

 private:
  struct Bucket {
    std::int64_t number = -1;  ///< which tenth of a window, counted from the clock's beginning
    std::uint32_t calls = 0, failures = 0;
  };
  static constexpr std::size_t kBuckets = 10;

  void count(const BreakerRules& rules, bool failure, TimePoint now) noexcept;
  bool too_many(const BreakerRules& rules, TimePoint now) const noexcept;
  void open(const BreakerRules& rules, TimePoint now) noexcept;
  void clear() noexcept;

  std::atomic<Phase> phase_{Phase::closed};
  std::atomic<std::int64_t> opens_until_{0};   ///< nanoseconds of the clock
  std::atomic<std::uint32_t> trials_{0};       ///< half open: calls let through
  std::atomic<bool> clean_{true};              ///< nothing failed since it was cleared
  std::mutex mutex_;                           ///< guards what follows and every transition
  std::array<Bucket, kBuckets> buckets_;
  std::uint32_t good_trials_ = 0;
};

std::string_view name_of(Breaker::Phase phase) noexcept;

}  // namespace myelin::endpoints
