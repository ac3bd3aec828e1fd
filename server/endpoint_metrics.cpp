#include "server/endpoint_metrics.hpp"

#include <array>
#include <memory>
#include <set>
#include <vector>

#include "engine/base/clock.hpp"

namespace myelin::server {

namespace {

/// One endpoint, kept while the metrics are written.
struct Entry {
  const Endpoint* endpoint;
  std::shared_ptr<const Endpoint> kept;
  Traffic traffic;
  Standing standing;
};

using Entries = std::vector<Entry>;

/// Keys lead to endpoints that are listed themselves.
void collect(const Endpoint& endpoint, std::shared_ptr<const Endpoint> kept, TimePoint now, std::set<std::string>& seen,
             Entries& to) {
  if (!seen.insert(endpoint.key).second) return;
  to.push_back({&endpoint, std::move(kept), endpoint.condition().traffic(), endpoint.standing(now)});
  for (const auto& child : endpoint.children())
    if (child->parent == &endpoint) collect(*child, child, now, seen, to);
}

std::string_view label(const Endpoint& endpoint) noexcept {
  return endpoint.name.empty() ? endpoint.key : endpoint.name;
}

/// The group around it, as a label.
std::string_view group_of(const Endpoint& endpoint) noexcept {
  return endpoint.parent ? label(*endpoint.parent) : std::string_view();
}

class Writer {
 public:
  Writer(Metrics& metrics, const Entries& entries) : metrics_(metrics), entries_(entries) {}

  template <class Value>
  void each(std::string_view name, Metrics::Type type, std::string_view help, Value value) {
    metrics_.family(name, type, help);
    for (const Entry& entry : entries_)
      metrics_.sample(static_cast<std::uint64_t>(value(entry)),
                      {{"endpoint", entry.endpoint->key}, {"name", label(*entry.endpoint)}, {"group", group_of(*entry.endpoint)}});
  }

  void answers() {
    constexpr std::array<std::string_view, 6> kClasses{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    metrics_.family("myelin_endpoint_answers_total", Metrics::Type::counter, "Answers by status class.");
    for (const Entry& entry : entries_)
      for (std::size_t i = 0; i < kClasses.size(); ++i)
        if (entry.traffic.answers[i] > 0)
          metrics_.sample(entry.traffic.answers[i], {{"endpoint", entry.endpoint->key},
                                                     {"name", label(*entry.endpoint)},
                                                     {"group", group_of(*entry.endpoint)},
                                                     {"status", kClasses[i]}});
  }

  /// Whole doublings of the fine buckets: 0.08 ms, 0.16 ms ...
  void latency() {
    constexpr std::size_t kOctaves = LatencyBuckets::kCount / 4;
    std::array<double, kOctaves> bounds{};
    for (std::size_t i = 0; i < kOctaves; ++i) bounds[i] = static_cast<double>(LatencyBuckets::bound(i * 4 + 3)) / 1e6;
    metrics_.family("myelin_endpoint_latency_seconds", Metrics::Type::histogram, "Time until the head of an answer.");
    for (const Entry& entry : entries_) {
      std::array<std::uint64_t, kOctaves + 1> counts{};
      std::uint64_t all = 0;
      for (std::size_t i = 0; i < LatencyBuckets::kCount; ++i) all += counts[i / 4] += entry.traffic.latency.counts[i];
      if (all == 0) continue;
      metrics_.histogram(bounds, counts, static_cast<double>(entry.traffic.latency_sum) / 1e6,
                         {{"endpoint", entry.endpoint->key}, {"name", label(*entry.endpoint)}, {"group", group_of(*entry.endpoint)}});
    }
  }

 private:
  Metrics& metrics_;
  const Entries& entries_;
};

/// ACTIVE 1, TIMEOUT 2, SUSPENDED 3, OFF 4, as the incumbent numbers them.
int number_of(std::string_view state) noexcept {
  if (state == "TIMEOUT") return 2;
  if (state == "SUSPENDED") return 3;
  return state == "OFF" ? 4 : 1;
}

}  // namespace

void write_endpoints(Metrics& metrics, const Deployment& deployment) {
  const TimePoint now = Clock::now();
  Entries entries;
  std::set<std::string> seen;
  for (const Endpoint* root : deployment.endpoint_roots) collect(*root, nullptr, now, seen, entries);
  Writer writer(metrics, entries);
  using Type = Metrics::Type;
  writer.each("myelin_endpoint_ready", Type::gauge, "1 when a new message may be sent there.",
              [now](const Entry& entry) { return entry.endpoint->ready(now, Use::fresh) ? 1 : 0; });
  writer.each("myelin_endpoint_state", Type::gauge, "By traffic: 1 ACTIVE, 2 TIMEOUT, 3 SUSPENDED, 4 OFF.",
              [](const Entry& entry) { return number_of(entry.standing.state); });
  writer.each("myelin_endpoint_health", Type::gauge,
              "By checks: 0 unknown, 1 DOWN, 2 TRANSITIONALLY_DOWN, 3 TRANSITIONALLY_UP, 4 UP.",
              [](const Entry& entry) { return static_cast<int>(entry.endpoint->condition().health()); });
  writer.each("myelin_endpoint_switch", Type::gauge, "Set by people: 0 on, 1 drain, 2 off.",
              [](const Entry& entry) { return static_cast<int>(entry.endpoint->condition().position()); });
  writer.each("myelin_endpoint_in_flight", Type::gauge, "Messages sent there and not finished.",
              [](const Entry& entry) { return entry.endpoint->condition().in_flight(); });
  writer.each("myelin_endpoint_sent_total", Type::counter, "Attempts.",
              [](const Entry& entry) { return entry.traffic.sent; });
  writer.each("myelin_endpoint_failed_total", Type::counter, "Attempts that ended in a fault.",
              [](const Entry& entry) { return entry.traffic.failed; });
  writer.each("myelin_endpoint_timeouts_total", Type::counter, "Attempts without an answer in time.",
              [](const Entry& entry) { return entry.traffic.timeouts; });
  writer.each("myelin_endpoint_suspensions_total", Type::counter, "Times it was suspended.",
              [](const Entry& entry) { return entry.standing.suspensions; });
  writer.answers();
  writer.latency();
}

}  // namespace myelin::server
