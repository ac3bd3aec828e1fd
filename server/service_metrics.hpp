#pragma once
// How often, with which outcome and how fast each service answered. One set of counters per service
// and shard, written by that shard alone and summed when somebody asks; they survive redeploys.

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/metrics.hpp"
#include "transports/http/counters.hpp"

namespace myelin::server {

/// Of one service on one shard.
class alignas(64) ServiceCounters {
 public:
  static constexpr std::array<double, 14> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                  0.1,    0.25,  0.5,    1,     2.5,  10,    60};  // seconds
  static constexpr std::array<std::string_view, 5> kOutcomes{"2xx", "3xx", "4xx", "5xx", "aborted"};

  /// Written by the shard's thread.
  void add(int status, bool complete, std::chrono::nanoseconds took) noexcept;

  http::Counter outcomes[kOutcomes.size()];
  http::Counter buckets[kBounds.size() + 1];
  http::Counter nanoseconds;
};

class ServiceMetrics {
 public:
  explicit ServiceMetrics(unsigned shards) : shards_(shards) {}

  /// The counters of a service on a shard; made at the first call. `type`: "proxy", "api" ... Thread
  /// safe; to be kept by the caller, as it locks.
  ServiceCounters& of(std::string_view type, std::string_view name, unsigned shard);
  void write(Metrics& metrics) const;

 private:
  /// Names come from configurations; a server that is redeployed for years must not grow (REL-008).
  static constexpr std::size_t kMost = 10'000;
  using Key = std::pair<std::string, std::string>;

  const unsigned shards_;
  mutable std::mutex mutex_;
  std::map<Key, std::vector<ServiceCounters>> services_;
};

}  // namespace myelin::server
