#pragma once
// What one shard makes of the exchanges of its listeners: metrics by service, bytes, refusals, and
// the access log. Written on the shard's thread; the counters may be read by any.

#include <array>
#include <string_view>
#include <unordered_map>

#include "server/service_metrics.hpp"
#include "transports/http/access_log.hpp"
#include "transports/http/observer.hpp"

namespace myelin::server {

class ExchangeObserver final : public http::Observer {
 public:
  /// Refusals are statuses from 400 on.
  static constexpr int kFirstRefusal = 400;
  static constexpr std::size_t kRefusals = 120;

  /// `log` null: no access log.
  ExchangeObserver(unsigned shard, ServiceMetrics& services, http::AccessLog* log) noexcept
      : shard_(shard), services_(services), log_(log) {}

  void ended(const http::ExchangeReport& report) override;
  /// A deployment was published: what is known of services by address no longer holds.
  void forget_services() noexcept { known_.clear(); }

  http::Counter received, sent;                     ///< bytes
  std::array<http::Counter, kRefusals> refused;     ///< by status, from kFirstRefusal

 private:
  struct Known {
    ServiceCounters* counters = nullptr;
    std::string_view type, name;
  };
  const Known& service_of(const Message& message);

  const unsigned shard_;
  ServiceMetrics& services_;
  http::AccessLog* const log_;
  std::unordered_map<const void*, Known> known_;  ///< by service of a deployment
};

}  // namespace myelin::server
