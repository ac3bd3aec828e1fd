// Counters, switch and health of one endpoint.

#include "engine/ports/condition.hpp"

#include <algorithm>
#include <bit>

namespace myelin {

namespace {

constexpr std::size_t kMostCodes = 64;  // codes told apart; more share one entry
constexpr int kOtherCodes = -1;

/// A small number of the calling thread.
std::size_t thread_number() noexcept {
  static std::atomic<std::size_t> count{0};
  thread_local const std::size_t mine = count.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t value = 1) noexcept {
  counter.fetch_add(value, std::memory_order_relaxed);
}

}  // namespace

std::string_view name_of(Switch position) noexcept {
  switch (position) {
    case Switch::on: return "on";
    case Switch::drain: return "drain";
    case Switch::off: return "off";
  }
  return {};
}

std::string_view name_of(Health health) noexcept {
  switch (health) {
    case Health::unknown: return "UNKNOWN";
    case Health::down: return "DOWN";
    case Health::transitionally_down: return "TRANSITIONALLY_DOWN";
    case Health::transitionally_up: return "TRANSITIONALLY_UP";
    case Health::up: return "UP";
  }
  return {};
}

// --- latency ----------------------------------------------------------------------------------------

std::size_t LatencyBuckets::index(std::int64_t microseconds) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)) >> 4;
  if (value < 4) return 0;
  const auto octave = static_cast<std::size_t>(std::bit_width(value)) - 3;  // 4..7 is octave 0
  const std::size_t quarter = (value >> octave) & 3;
  return std::min(octave * 4 + quarter, kCount - 1);
}

std::int64_t LatencyBuckets::bound(std::size_t index) noexcept {
  const std::size_t octave = index / 4, quarter = index % 4;
  return static_cast<std::int64_t>((5 + quarter) << (octave + 4));
}

std::int64_t LatencyBuckets::percentile(double fraction) const noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  if (all == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(all));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    seen += counts[i];
    if (seen > wanted || seen == all) return bound(i);
  }
  return bound(kCount - 1);
}

// --- counters ---------------------------------------------------------------------------------------

struct alignas(64) Condition::Stripe {
  std::atomic<std::uint64_t> sent{0}, failed{0}, timeouts{0}, latency_sum{0};
  std::array<std::atomic<std::uint64_t>, 6> answers{};
  std::array<std::atomic<std::uint64_t>, LatencyBuckets::kCount> latency{};
};

Condition::~Condition() {
  for (auto& stripe : stripes_) delete stripe.load(std::memory_order_acquire);
}

Condition::Stripe& Condition::stripe() noexcept {
  std::atomic<Stripe*>& mine = stripes_[thread_number() % kStripes];
  if (Stripe* found = mine.load(std::memory_order_acquire)) return *found;
  auto* made = new Stripe;
  Stripe* expected = nullptr;
  if (mine.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *expected;
}

void Condition::begin() noexcept {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  add(stripe().sent);
}

void Condition::answered(int status, std::chrono::nanoseconds took) noexcept {
  const std::int64_t microseconds = std::max<std::int64_t>(took.count() / 1000, 0);
  Stripe& mine = stripe();
  add(mine.answers[status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : 0]);
  add(mine.latency[LatencyBuckets::index(microseconds)]);
  add(mine.latency_sum, static_cast<std::uint64_t>(microseconds));
  // A lost update between two threads costs one sample of many.
  const auto now = static_cast<std::uint32_t>(std::clamp<std::int64_t>(microseconds, 1, UINT32_MAX / 8));
  const std::uint32_t before = latency_.load(std::memory_order_relaxed);
  latency_.store(before == 0 ? now : before - before / 8 + now / 8, std::memory_order_relaxed);
}

void Condition::failed(const Fault& fault, TimePoint now) {
  Stripe& mine = stripe();
  add(mine.failed);
  if (fault.base_code == code::kTimeout) add(mine.timeouts);
  const std::lock_guard lock(mutex_);
  last_error_.code = fault.code;
  last_error_.message = fault.message;
  last_error_.at = now;
  ++errors_[errors_.size() < kMostCodes || errors_.contains(fault.code) ? fault.code : kOtherCodes];
}

void Condition::moved_on(int error_code) {
  const std::lock_guard lock(mutex_);
  ++errors_[error_code];
}

Traffic Condition::traffic() const noexcept {
  Traffic sum;
  for (const auto& slot : stripes_) {
    const Stripe* stripe = slot.load(std::memory_order_acquire);
    if (!stripe) continue;
    const auto get = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
    sum.sent += get(stripe->sent);
    sum.failed += get(stripe->failed);
    sum.timeouts += get(stripe->timeouts);
    sum.latency_sum += get(stripe->latency_sum);
    for (std::size_t i = 0; i < sum.answers.size(); ++i) sum.answers[i] += get(stripe->answers[i]);
    for (std::size_t i = 0; i < LatencyBuckets::kCount; ++i) sum.latency.counts[i] += get(stripe->latency[i]);
  }
  return sum;
}

Condition::LastError Condition::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

std::map<int, std::uint64_t> Condition::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

void Condition::reset_counters() {
  for (auto& slot : stripes_) {
    Stripe* stripe = slot.load(std::memory_order_acquire);
    if (!stripe) continue;
    for (auto* counter : {&stripe->sent, &stripe->failed, &stripe->timeouts, &stripe->latency_sum})
      counter->store(0, std::memory_order_relaxed);
    for (auto& counter : stripe->answers) counter.store(0, std::memory_order_relaxed);
    for (auto& counter : stripe->latency) counter.store(0, std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  last_error_ = {};
  errors_.clear();
}

// --- switch and health ------------------------------------------------------------------------------

void Condition::set_position(Switch position) noexcept {
  const std::int64_t now = Clock::now().time_since_epoch().count();
  if (position_.exchange(position, std::memory_order_relaxed) == position) return;
  position_since_.store(now, std::memory_order_relaxed);
  if (position == Switch::on) usable_since_.store(now, std::memory_order_relaxed);
}

void Condition::set_health(Health health) noexcept {
  const std::int64_t now = Clock::now().time_since_epoch().count();
  const Health before = health_.exchange(health, std::memory_order_relaxed);
  if (before == health) return;
  health_since_.store(now, std::memory_order_relaxed);
  if (before == Health::down) usable_since_.store(now, std::memory_order_relaxed);
}

}  // namespace myelin
