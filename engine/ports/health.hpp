#pragma once
// Active health checks of endpoints (gateways reference, 3.6, 4.3 and 4.5): what to ask, how results are
// counted into a state, and what is remembered of each endpoint. The leaf holds the first two, the
// runner (engine/runtime/health_runner.hpp) asks, and management reads the HealthRecord.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/cron.hpp"
#include "engine/expr/assertion.hpp"
#include "engine/expr/expression.hpp"
#include "engine/ports/condition.hpp"
#include "engine/ports/rules.hpp"
#include "engine/ports/state.hpp"

namespace myelin {

// --- counting ---------------------------------------------------------------------------------------

struct HealthRules {
  enum class Counting : std::uint8_t {
    consecutive,  ///< results in a row; a DOWN endpoint stays DOWN until `rise` checks in a row succeed
    saturating,   ///< Gravitee v2: both counters go up and down between 0 and their threshold
    cumulative    ///< Gravitee v4: a counter is reset only when it reaches its threshold
  };
  Counting counting = Counting::consecutive;
  std::uint32_t rise = 2;  ///< REL-127
  std::uint32_t fall = 3;
  Health start = Health::up;  ///< or down or unknown, until checks say otherwise
};

/// The state machine of one endpoint, a value.
class HealthMachine {
 public:
  void begin(const HealthRules& rules) noexcept;
  /// The state after one more result.
  Health observe(const HealthRules& rules, bool passed) noexcept;
  Health health() const noexcept { return health_; }

 private:
  Health consecutive(const HealthRules& rules, bool passed) noexcept;
  Health saturating(const HealthRules& rules, bool passed) noexcept;
  Health cumulative(const HealthRules& rules, bool passed) noexcept;

  Health health_ = Health::unknown;
  std::uint32_t successes_ = 0, failures_ = 0;
};

// --- what to ask ------------------------------------------------------------------------------------

/// `<assert>`: one of the four.
struct HealthAssertion {
  std::string source;                                  ///< as written, for people
  std::optional<StatusSet> statuses;
  std::string header;                                  ///< has to be there
  std::optional<std::string> header_value;             ///< and to be this
  std::unique_ptr<const expr::Assertion> assertion;
  std::unique_ptr<expr::Expression> expression;        ///< on the answer as a message
};

/// `<healthCheck>` of one leaf. Immutable after the leaf was linked.
struct HealthCheck {
  enum class Type : std::uint8_t { http, tcp, tls, grpc } type = Type::http;
  Duration interval{2'000};            ///< REL-127; unused with a schedule
  std::optional<Cron> schedule;
  Duration jitter{900};                ///< largest offset of the endpoint's checks; which one is fixed by its key
  Duration timeout{0};                 ///< of one check, set when linked
  HealthRules rules;
  bool shared = false;                 ///< written in a group's `<shared>`

  std::string method = "GET";
  std::string path;                    ///< below the target, or an absolute URL
  bool from_root = false;              ///< the target's own path is dropped (GW-127)
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;
  std::vector<HealthAssertion> assertions;  ///< all have to hold (GW-128); none: status 200

  std::string url;                     ///< what is asked; set when linked

  /// Both are due at the same times.
  bool same_times(const HealthCheck& other) const noexcept {
    return interval == other.interval && schedule == other.schedule && jitter == other.jitter;
  }
  /// The first time after `now`; TimePoint::max() when the schedule has no further time. `last`: the
  /// one before, which keeps the rhythm of an interval; `offset`: within the jitter.
  TimePoint next_time(TimePoint last, TimePoint now, Duration offset) const noexcept;
};

/// The address a check asks: `target` with `path` below its own path, one slash between them, or, with
/// `from_root`, below its host. Queries of both are kept; doubled slashes are made one. An absolute
/// `path` stands for itself. Empty: `target` is no http(s) URL.
std::string health_check_url(std::string_view target, std::string_view path, bool from_root);

// --- what is remembered -------------------------------------------------------------------------------

struct HealthOutcome {
  HealthOutcome() = default;
  bool passed = false;
  int status = 0;      ///< of the answer; 502: there was none, 504: none in time (GW-132); 0: no HTTP
  Duration took{0};
  std::string why;     ///< of a failure
};

/// One check, and the state before and after it. It is a transition when they differ (GW-133).
struct HealthEvent {
  TimePoint at{};      ///< Clock's; Clock::wall() tells the date
  HealthOutcome outcome;
  Health before = Health::unknown, after = Health::unknown;
  bool is_transition() const noexcept { return before != after; }
};

/// Checks by time, in rings of buckets, for the share that succeeded.
class Availability {
 public:
  enum class Window : std::uint8_t { minute, hour, day, week, month };  ///< of 30 days
  static constexpr std::size_t kWindows = 5;

  void add(TimePoint at, bool passed) noexcept;
  /// Percent over the window that ends at `now`; nullopt: no check in it (GW-134).
  std::optional<double> percent(Window window, TimePoint now) const noexcept;

 private:
  struct Bucket {
    std::uint32_t number = 0;  ///< of its length since the clock's start
    std::uint32_t passed = 0, all = 0;
  };
  struct Shape {
    std::chrono::seconds bucket;
    std::size_t first, count;  ///< in buckets_
  };
  static const Shape& shape(std::size_t window) noexcept;
  std::array<Bucket, 12 + 60 + 96 + 84 + 90> buckets_{};
};

/// What checks found out about one endpoint. Kept in the StateStore, so it outlives a redeploy of an
/// unchanged endpoint. Thread safe: written by the shard that checks, read by anybody.
class HealthRecord final : public State {
 public:
  /// True once: the endpoint begins in the configured state.
  bool begin(const HealthRules& rules);
  /// Counts a result; the event that was recorded.
  HealthEvent add(const HealthRules& rules, HealthOutcome outcome, TimePoint at);

  Health health() const;
  /// Newest first, at most kRecent. Transitions are kept apart, so checks do not push them out (GW-135).
  std::vector<HealthEvent> recent() const;
  std::vector<HealthEvent> transitions() const;
  std::optional<double> availability(Availability::Window window, TimePoint now) const;
  std::uint64_t passed() const;
  std::uint64_t failed() const;

  static constexpr std::size_t kRecent = 100;

 private:
  /// A ring that grows until it is full.
  class Ring {
   public:
    void add(const HealthEvent& event);
    std::vector<HealthEvent> newest_first() const;

   private:
    std::vector<HealthEvent> events_;
    std::size_t next_ = 0;
  };

  mutable std::mutex mutex_;
  bool begun_ = false;
  HealthMachine machine_;
  Availability availability_;
  Ring recent_, transitions_;
  std::uint64_t passed_ = 0, failed_ = 0;
};

}  // namespace myelin
