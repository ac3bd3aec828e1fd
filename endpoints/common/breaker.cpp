// The circuit breaker and its element.

#include "endpoints/common/breaker.hpp"

#include <algorithm>

#include "endpoints/common/attributes.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::pair<std::string_view, BreakerRules::Scope> kScopes[] = {
    {"endpoint", BreakerRules::Scope::endpoint},
    {"api", BreakerRules::Scope::api},
    {"subscription", BreakerRules::Scope::subscription}};

std::int64_t nanoseconds(TimePoint at) noexcept { return at.time_since_epoch().count(); }

/// A trial that never reports back does not keep the breaker half open for ever.
constexpr std::int64_t kLongestTrial = 60'000;

}  // namespace

BreakerRules read_breaker(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  BreakerRules rules;
  rules.scope = bind.choice<BreakerRules::Scope>("scope", kScopes, rules.scope);
  read_count(bind, "maxFailures", rules.max_failures, 1);
  read_count(bind, "failureRatio", rules.failure_ratio, 1, 100);
  read_count(bind, "minimumCalls", rules.minimum_calls, 1);
  read_duration(bind, "window", rules.window, 1);
  read_duration(bind, "slowCallDuration", rules.slow, 1);
  read_duration(bind, "openDuration", rules.open, 1);
  read_count(bind, "halfOpenCalls", rules.half_open_calls, 1);
  read_statuses(bind, "statusCodes", rules.statuses);
  bind.finish();
  return rules;
}

bool Breaker::allows(const BreakerRules& rules, TimePoint now) const noexcept {
  const Phase phase = this->phase();
  if (phase == Phase::closed) return true;
  const std::int64_t until = opens_until_.load(std::memory_order_relaxed);
  if (phase == Phase::open) return nanoseconds(now) >= until;
  return trials_.load(std::memory_order_relaxed) < rules.half_open_calls ||
         nanoseconds(now) >= until + nanoseconds(TimePoint(Duration(kLongestTrial)));
}

bool Breaker::admit(const BreakerRules& rules, TimePoint now) noexcept {
  if (phase() == Phase::closed) return true;
  const std::lock_guard lock(mutex_);
  if (!allows(rules, now)) return false;
  if (phase() == Phase::open || trials_.load(std::memory_order_relaxed) >= rules.half_open_calls) {
    trials_.store(0, std::memory_order_relaxed);
    good_trials_ = 0;
    opens_until_.store(nanoseconds(now), std::memory_order_relaxed);
    phase_.store(Phase::half_open, std::memory_order_release);
  }
  trials_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Breaker::record(const BreakerRules& rules, bool failure, TimePoint now) noexcept {
  const bool in_a_row = rules.failure_ratio >= 100;
  if (!failure && in_a_row && phase() == Phase::closed && clean_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  switch (phase()) {
    case Phase::open:
      return;  // of a call begun before it opened
    case Phase::half_open:
      if (failure) open(rules, now);
      else if (++good_trials_ >= rules.half_open_calls) clear();
      return;
    case Phase::closed:
      break;
  }
  if (!failure && in_a_row) {
    clear();
    return;
  }
  count(rules, failure, now);
  if (failure && too_many(rules, now)) open(rules, now);
}

void Breaker::spared() noexcept {
  if (phase() != Phase::half_open) return;
  const std::lock_guard lock(mutex_);
  if (phase() == Phase::half_open && trials_.load(std::memory_order_relaxed) > good_trials_)
    trials_.fetch_sub(1, std::memory_order_relaxed);
}

void Breaker::count(const BreakerRules& rules, bool failure, TimePoint now) noexcept {
  const std::int64_t width = std::max<std::int64_t>(nanoseconds(TimePoint(rules.window)) / static_cast<std::int64_t>(kBuckets), 1);
  const std::int64_t number = nanoseconds(now) / width;
  Bucket& bucket = buckets_[static_cast<std::size_t>(number) % kBuckets];
  if (bucket.number != number) {
    bucket = Bucket();
    bucket.number = number;
  }
  ++bucket.calls;
  if (!failure) return;
  ++bucket.failures;
  clean_.store(false, std::memory_order_relaxed);
}

bool Breaker::too_many(const BreakerRules& rules, TimePoint now) const noexcept {
  const std::int64_t width = std::max<std::int64_t>(nanoseconds(TimePoint(rules.window)) / static_cast<std::int64_t>(kBuckets), 1);
  const std::int64_t oldest = nanoseconds(now) / width - static_cast<std::int64_t>(kBuckets) + 1;
  std::uint64_t calls = 0, failures = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.number < oldest) continue;
    calls += bucket.calls;
    failures += bucket.failures;
  }
  const std::uint32_t least = rules.minimum_calls > 0 ? rules.minimum_calls : rules.max_failures;
  return calls >= least && failures >= rules.max_failures && failures * 100 >= calls * rules.failure_ratio;
}

void Breaker::open(const BreakerRules& rules, TimePoint now) noexcept {
  clear();
  opens_until_.store(nanoseconds(now + rules.open), std::memory_order_relaxed);
  phase_.store(Phase::open, std::memory_order_release);
}

void Breaker::clear() noexcept {
  buckets_.fill(Bucket());
  trials_.store(0, std::memory_order_relaxed);
  good_trials_ = 0;
  clean_.store(true, std::memory_order_relaxed);
  phase_.store(Phase::closed, std::memory_order_release);
}

void Breaker::close() noexcept {
  const std::lock_guard lock(mutex_);
  clear();
}

std::string_view name_of(Breaker::Phase phase) noexcept {
  switch (phase) {
    case Breaker::Phase::closed: return "CLOSED";
    case Breaker::Phase::open: return "OPEN";
    case Breaker::Phase::half_open: return "HALF_OPEN";
  }
  return {};
}

}  // namespace myelin::endpoints
