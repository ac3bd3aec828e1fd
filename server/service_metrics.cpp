#include "server/service_metrics.hpp"

namespace myelin::server {

namespace {

std::size_t outcome_of(int status, bool complete) noexcept {
  if (!complete || status < 200 || status > 599) return 4;
  return static_cast<std::size_t>(status / 100 - 2);
}

std::size_t bucket_of(std::chrono::nanoseconds took) noexcept {
  const double seconds = std::chrono::duration<double>(took).count();
  std::size_t i = 0;
  while (i < ServiceCounters::kBounds.size() && seconds > ServiceCounters::kBounds[i]) ++i;
  return i;
}

}  // namespace

void ServiceCounters::add(int status, bool complete, std::chrono::nanoseconds took) noexcept {
  outcomes[outcome_of(status, complete)].add();
  buckets[bucket_of(took)].add();
  nanoseconds.add(static_cast<std::uint64_t>(took.count()));
}

ServiceCounters& ServiceMetrics::of(std::string_view type, std::string_view name, unsigned shard) {
  std::lock_guard lock(mutex_);
  Key key(type, name);
  auto found = services_.find(key);
  if (found == services_.end()) {
    if (services_.size() >= kMost) key = Key("other", "");
    found = services_.try_emplace(key, shards_).first;
  }
  return found->second[shard];
}

void ServiceMetrics::write(Metrics& metrics) const {
  std::lock_guard lock(mutex_);
  metrics.family("myelin_http_requests_total", Metrics::Type::counter,
                 "Requests by the service that took them and the status class of the answer.");
  for (const auto& [key, shards] : services_)
    for (std::size_t i = 0; i < ServiceCounters::kOutcomes.size(); ++i) {
      std::uint64_t sum = 0;
      for (const ServiceCounters& shard : shards) sum += shard.outcomes[i].get();
      if (sum > 0)
        metrics.sample(sum, {{"service_type", key.first}, {"service", key.second}, {"status", ServiceCounters::kOutcomes[i]}});
    }
  metrics.family("myelin_http_request_duration_seconds", Metrics::Type::histogram,
                 "From the end of the request's head to the end of the answer.");
  for (const auto& [key, shards] : services_) {
    std::array<std::uint64_t, ServiceCounters::kBounds.size() + 1> counts{};
    double nanoseconds = 0;
    for (const ServiceCounters& shard : shards) {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += shard.buckets[i].get();
      nanoseconds += static_cast<double>(shard.nanoseconds.get());
    }
    metrics.histogram(ServiceCounters::kBounds, counts, nanoseconds / 1e9,
                      {{"service_type", key.first}, {"service", key.second}});
  }
}

}  // namespace myelin::server
