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
  suspended_at_ = now;
  wait(Phase::suspended, duration, now);
  return {true, Phase::suspended, duration};
}

void Suspension::wait(Phase phase, std::int64_t delay, TimePoint now) noexcept {
  delay_ = delay;
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

}  // namespace myelin::endpoints
