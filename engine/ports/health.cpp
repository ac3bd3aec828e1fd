// Counting, addresses and memory of health checks.

#include "engine/ports/health.hpp"

#include <algorithm>

#include "engine/ports/sender.hpp"

namespace myelin {

// --- counting ---------------------------------------------------------------------------------------

void HealthMachine::begin(const HealthRules& rules) noexcept {
  health_ = rules.start;
  successes_ = failures_ = 0;
  if (rules.counting == HealthRules::Counting::cumulative) return;
  if (health_ == Health::up) successes_ = rules.rise;
  if (health_ == Health::down) failures_ = rules.fall;
}

Health HealthMachine::observe(const HealthRules& rules, bool passed) noexcept {
  switch (rules.counting) {
    case HealthRules::Counting::consecutive: health_ = consecutive(rules, passed); break;
    case HealthRules::Counting::saturating: health_ = saturating(rules, passed); break;
    case HealthRules::Counting::cumulative: health_ = cumulative(rules, passed); break;
  }
  return health_;
}

Health HealthMachine::consecutive(const HealthRules& rules, bool passed) noexcept {
  successes_ = passed ? std::min(successes_ + 1, rules.rise) : 0;
  failures_ = passed ? 0 : std::min(failures_ + 1, rules.fall);
  if (successes_ >= rules.rise) return Health::up;
  if (failures_ >= rules.fall || health_ == Health::down) return Health::down;
  return passed ? Health::transitionally_up : Health::transitionally_down;
}

Health HealthMachine::saturating(const HealthRules& rules, bool passed) noexcept {
  std::uint32_t& grows = passed ? successes_ : failures_;
  std::uint32_t& shrinks = passed ? failures_ : successes_;
  grows = std::min(grows + 1, passed ? rules.rise : rules.fall);
  if (shrinks > 0) --shrinks;
  if (successes_ >= rules.rise) return Health::up;
  if (failures_ >= rules.fall) return Health::down;
  return passed ? Health::transitionally_up : Health::transitionally_down;
}

Health HealthMachine::cumulative(const HealthRules& rules, bool passed) noexcept {
  const Health end = passed ? Health::up : Health::down;
  if (health_ == end) return end;
  std::uint32_t& count = passed ? successes_ : failures_;
  if (++count < (passed ? rules.rise : rules.fall)) return passed ? Health::transitionally_up : Health::transitionally_down;
  count = 0;
  return end;
}

// --- when and where ---------------------------------------------------------------------------------

TimePoint HealthCheck::next_time(TimePoint last, TimePoint now, Duration offset) const noexcept {
  if (!schedule) {
    const auto missed = now < last ? 0 : (now - last) / interval;
    return last + interval * (missed + 1);
  }
  // Seconds of the calendar that lie before the offset belong to the time that is over.
  const auto wall = Clock::wall(now) - offset;
  const auto next = schedule->next(std::chrono::floor<std::chrono::seconds>(wall));
  if (!next) return TimePoint::max();
  return now + std::chrono::duration_cast<std::chrono::nanoseconds>(*next - wall);
}

namespace {

std::string with_single_slashes(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  return out;
}

}  // namespace

std::string health_check_url(std::string_view target, std::string_view path, bool from_root) {
  if (Url::parse(path)) return std::string(path);
  const auto url = Url::parse(target);
  if (!url) return {};
  const std::string_view whole = from_root ? std::string_view() : url->target;
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  const std::size_t path_mark = std::min(path.find('?'), path.size());
  std::string full(whole.substr(0, mark));
  if (path_mark > 0) full += '/';
  full += path.substr(0, path_mark);
  if (full.empty()) full = "/";
  full = with_single_slashes(full);
  std::string query(whole.substr(mark));
  if (path_mark < path.size()) query += (query.empty() ? "?" : "&") + std::string(path.substr(path_mark + 1));
  return std::string(url->scheme) + "://" + std::string(url->authority) + full + query;
}

// --- availability -------------------------------------------------------------------------------------

const Availability::Shape& Availability::shape(std::size_t window) noexcept {
  using std::chrono::seconds;
  static constexpr std::array<Shape, kWindows> kShapes{
      {{seconds(5), 0, 12}, {seconds(60), 12, 60}, {seconds(900), 72, 96}, {seconds(7200), 168, 84},
       {seconds(28'800), 252, 90}}};
  return kShapes[window];
}

void Availability::add(TimePoint at, bool passed) noexcept {
  for (std::size_t window = 0; window < kWindows; ++window) {
    const Shape& of = shape(window);
    const auto number = static_cast<std::uint32_t>(at.time_since_epoch() / of.bucket);
    Bucket& bucket = buckets_[of.first + number % of.count];
    if (bucket.number != number) bucket = {number, 0, 0};
    bucket.passed += passed ? 1 : 0;
    ++bucket.all;
  }
}

std::optional<double> Availability::percent(Window window, TimePoint now) const noexcept {
  const Shape& of = shape(static_cast<std::size_t>(window));
  const auto newest = static_cast<std::uint32_t>(now.time_since_epoch() / of.bucket);
  std::uint64_t passed = 0, all = 0;
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    const Bucket& bucket = buckets_[i];
    if (bucket.number > newest || newest - bucket.number >= of.count) continue;
    passed += bucket.passed;
    all += bucket.all;
  }
  if (all == 0) return std::nullopt;
  return 100.0 * static_cast<double>(passed) / static_cast<double>(all);
}

// --- the record ---------------------------------------------------------------------------------------

void HealthRecord::Ring::add(const HealthEvent& event) {
  if (events_.size() < kRecent) {
    events_.push_back(event);
    return;
  }
  events_[next_] = event;
  next_ = (next_ + 1) % kRecent;
}

std::vector<HealthEvent> HealthRecord::Ring::newest_first() const {
  std::vector<HealthEvent> out;
  out.reserve(events_.size());
  for (std::size_t i = events_.size(); i-- > 0;) out.push_back(events_[(next_ + i) % events_.size()]);
  return out;
}

bool HealthRecord::begin(const HealthRules& rules) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(begun_, true)) return false;
  machine_.begin(rules);
  return true;
}

HealthEvent HealthRecord::add(const HealthRules& rules, HealthOutcome outcome, TimePoint at) {
  const std::lock_guard lock(mutex_);
  HealthEvent event;
  event.at = at;
  event.before = machine_.health();
  event.after = machine_.observe(rules, outcome.passed);
  availability_.add(at, outcome.passed);
  ++(outcome.passed ? passed_ : failed_);
  event.outcome = std::move(outcome);
  recent_.add(event);
  if (event.is_transition()) transitions_.add(event);
  return event;
}

Health HealthRecord::health() const {
  const std::lock_guard lock(mutex_);
  return machine_.health();
}

std::vector<HealthEvent> HealthRecord::recent() const {
  const std::lock_guard lock(mutex_);
  return recent_.newest_first();
}

std::vector<HealthEvent> HealthRecord::transitions() const {
  const std::lock_guard lock(mutex_);
  return transitions_.newest_first();
}

std::optional<double> HealthRecord::availability(Availability::Window window, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return availability_.percent(window, now);
}

std::uint64_t HealthRecord::passed() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

std::uint64_t HealthRecord::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace myelin
