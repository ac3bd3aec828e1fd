#include "endpoints/common/suspension.hpp"

#include <algorithm>
#include <cmath>

namespace myelin::endpoints {

namespace {
constexpr std::int64_t kDefaultDuration = 30'000;
/// Keeps `now + delay` inside the clock's range; a hundred years.
constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
/// A trial that never reports back blocks others no longer than this.
constexpr std::int64_t kLongestTrial = 30'000;

std::int64_t nanoseconds(TimePoint at) noexcept { return at.time_since_epoch().count(); }

std::int64_t after(TimePoint now, std::int64_t delay) noexcept {
  return nanoseconds(now + Duration(std::clamp(delay, -kLongest, kLongest)));
}

/// Java's (long) cast of a float: truncates, saturates, NaN is 0.
std::int64_t to_long(float value) noexcept {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0F) return std::numeric_limits<std::int64_t>::max();
  if (value <= -9223372036854775808.0F) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}
}  // namespace

bool contains(const std::vector<int>& codes, int code) noexcept {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

SuspensionPolicy::Class SuspensionPolicy::classify(int code, int base_code) const noexcept {
  const bool marked = timeout_codes.empty() ? code == code::kTimeout || code == code::kClosed
                                            : contains(timeout_codes, code);
  if (marked) return Class::timeout;
  if (contains(suspend_codes, code)) return Class::suspend;
  if (contains(timeout_codes, base_code)) return Class::timeout;
  if (suspend_codes.empty() || contains(suspend_codes, base_code)) return Class::suspend;
  return Class::ignored;
}

std::int64_t SuspensionPolicy::next_duration(std::int64_t last) const noexcept {
  // 32-bit float arithmetic, as the incumbent's: exact below 2^24 ms.
  const std::int64_t next = last <= 0 ? initial : to_long(static_cast<float>(last) * factor);
  if (next > maximum) return maximum;
  return next < 0 ? kDefaultDuration : next;
}

bool Suspension::ready(TimePoint now) const noexcept {
  const Phase phase = this->phase();
  if (phase == Phase::active) return true;
  if (phase == Phase::off) return false;
  const std::int64_t at = nanoseconds(now);
  return at >= next_retry_.load(std::memory_order_relaxed) && at >= trial_until_.load(std::memory_order_relaxed);
}

bool Suspension::admit(TimePoint now) noexcept {
  if (phase() == Phase::active) return true;
  const std::lock_guard lock(mutex_);
  if (!ready(now)) return false;
  if (phase() != Phase::active)
    trial_until_.store(after(now, std::clamp<std::int64_t>(delay_, 0, kLongestTrial)), std::memory_order_relaxed);
  return true;
}

void Suspension::succeeded() noexcept {
  const Phase seen = phase();
  if (seen == Phase::active || seen == Phase::off) return;
  const std::lock_guard lock(mutex_);
  if (phase() != Phase::off) activate();
}

void Suspension::spared() noexcept {
  if (phase() != Phase::active) trial_until_.store(0, std::memory_order_relaxed);
}

void Suspension::check_passed(TimePoint began) noexcept {
  const Phase seen = phase();
  if (seen == Phase::active || seen == Phase::off) return;
  const std::lock_guard lock(mutex_);
  if (phase() != Phase::off && began >= waits_since_) activate();
}

Suspension::Change Suspension::failed(const SuspensionPolicy& policy, const Fault& fault, TimePoint began,
                                      TimePoint now) noexcept {
  if (!policy.enabled) return {};
  const std::lock_guard lock(mutex_);
  const Phase phase = this->phase();
  if (phase == Phase::off) return {};                                         // EP-092
  if (phase == Phase::suspended && began < suspended_at_) return {};          // EP-093
  trial_until_.store(0, std::memory_order_relaxed);
  if (over_limit(policy)) return suspend(policy.fault_limit_suspension, now);

  switch (policy.classify(fault.code, fault.base_code)) {
    case SuspensionPolicy::Class::ignored:
      return {};
    case SuspensionPolicy::Class::timeout: {
      timeouts_.enter(phase == Phase::timeout, now);
      suspensions_.consecutive = 0;
      const std::int32_t left = remaining_ < 0 ? policy.retries : remaining_;
      remaining_ = std::max(left - 1, 0);
      if (left <= 0) break;
      wait(Phase::timeout, policy.retry_delay, now);
      return {true, Phase::timeout, policy.retry_delay};
    }
    case SuspensionPolicy::Class::suspend:
      break;
  }
  return suspend(policy.next_duration(last_), now);
}

Suspension::Change Suspension::suspend(std::int64_t duration, TimePoint now) noexcept {
  last_ = duration;
  suspensions_.enter(phase() == Phase::suspended, now);
  timeouts_.consecutive = 0;
  suspended_at_ = now;
  wait(Phase::suspended, duration, now);
  return {true, Phase::suspended, duration};
}

void Suspension::wait(Phase phase, std::int64_t delay, TimePoint now) noexcept {
  delay_ = delay;
  waits_since_ = now;
  next_retry_.store(after(now, delay), std::memory_order_relaxed);
  phase_.store(phase, std::memory_order_release);
}

bool Suspension::over_limit(const SuspensionPolicy& policy) noexcept {
  if (policy.fault_limit < 0) return false;
  if (faults_left_ < 0) faults_left_ = policy.fault_limit;
  if (faults_left_ == 0) {
    if (policy.fault_limit_recursive) faults_left_ = policy.fault_limit;
    return true;
  }
  --faults_left_;
  return false;
}

void Suspension::activate() noexcept {
  remaining_ = -1;
  last_ = -1;
  faults_left_ = -1;
  suspensions_.consecutive = timeouts_.consecutive = 0;
  trial_until_.store(0, std::memory_order_relaxed);
  phase_.store(Phase::active, std::memory_order_release);
}

void Suspension::switch_off() noexcept {
  const std::lock_guard lock(mutex_);
  activate();
  phase_.store(Phase::off, std::memory_order_release);
}

void Suspension::switch_on() noexcept {
  const std::lock_guard lock(mutex_);
  activate();
}

// --- for management ---------------------------------------------------------------------------------

namespace {

std::int64_t minute_of(TimePoint now) noexcept { return now.time_since_epoch() / std::chrono::minutes(1); }

constexpr std::array<std::int64_t, 3> kWindows{1, 5, 15};

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::active: return "ACTIVE";
    case Phase::timeout: return "TIMEOUT";
    case Phase::suspended: return "SUSPENDED";
    case Phase::off: return "OFF";
  }
  return {};
}

}  // namespace

void Suspension::Minutes::count(TimePoint now) noexcept {
  const std::int64_t minute = minute_of(now);
  Slot& slot = slots_[static_cast<std::size_t>(minute) % slots_.size()];
  if (slot.minute != minute) slot = Slot{minute, 0};
  ++slot.count;
}

std::uint64_t Suspension::Minutes::last(std::int64_t minutes, TimePoint now) const noexcept {
  const std::int64_t current = minute_of(now);
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_)
    if (slot.minute < current && slot.minute >= current - minutes) sum += slot.count;
  return sum;
}

void Suspension::Tally::enter(bool was_there, TimePoint now) noexcept {
  ++consecutive;
  ++total;
  if (!was_there) since = now;
  minutes.count(now);
}

Standing Suspension::standing(TimePoint now) const noexcept {
  const std::lock_guard lock(mutex_);
  Standing standing;
  const Phase phase = this->phase();
  standing.state = name_of(phase);
  if (phase == Phase::suspended) standing.suspended_at = suspensions_.since;
  if (phase == Phase::timeout) standing.timed_out_at = timeouts_.since;
  if (phase == Phase::suspended || phase == Phase::timeout) {
    const std::int64_t left = next_retry_.load(std::memory_order_relaxed) - nanoseconds(now);
    standing.until_retry = Duration(std::max<std::int64_t>((left + 999'999) / 1'000'000, 0));
  }
  standing.consecutive_suspensions = suspensions_.consecutive;
  standing.consecutive_timeouts = timeouts_.consecutive;
  standing.suspensions = suspensions_.total;
  standing.timeouts = timeouts_.total;
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    standing.recent_suspensions[i] = suspensions_.minutes.last(kWindows[i], now);
    standing.recent_timeouts[i] = timeouts_.minutes.last(kWindows[i], now);
  }
  return standing;
}

void Suspension::reset_counters() noexcept {
  const std::lock_guard lock(mutex_);
  suspensions_ = Tally();
  timeouts_ = Tally();
}

}  // namespace myelin::endpoints
