#include "server/shard_metrics.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace myelin::server {

namespace {

using Type = Metrics::Type;

const auto kStarted = std::chrono::system_clock::now();

template <class Get>
std::uint64_t sum_of(std::span<const ShardFigures> shards, Get get) {
  std::uint64_t sum = 0;
  for (const ShardFigures& shard : shards) sum += get(shard);
  return sum;
}

struct TransportCounter {
  http::Counter http::Counters::*counter;
  std::string_view name;
  Type type;
  std::string_view help;
};
constexpr TransportCounter kTransport[] = {
    {&http::Counters::accepted, "myelin_connections_accepted_total", Type::counter, "Client connections."},
    {&http::Counters::open, "myelin_connections_open", Type::gauge, "Client connections that are open."},
    {&http::Counters::accept_pauses, "myelin_accept_pauses_total", Type::counter,
     "Pauses of accepting, at a limit of connections, descriptors or memory."},
    {&http::Counters::handshakes_failed, "myelin_tls_handshakes_failed_total", Type::counter,
     "TLS handshakes of clients that came to nothing."},
    {&http::Counters::over_address, "myelin_connections_refused_total", Type::counter,
     "Connections closed at once, as their client's address had too many."},
    {&http::Counters::requests, "myelin_requests_accepted_total", Type::counter, "Requests whose head was accepted."},
    {&http::Counters::answered, "myelin_requests_answered_total", Type::counter, "Requests with a complete answer."},
    {&http::Counters::aborted, "myelin_requests_aborted_total", Type::counter,
     "Requests that ended without a complete answer: the client went away, or the back end's body broke off."},
    {&http::Counters::shed, "myelin_requests_shed_total", Type::counter, "Requests answered 503 for want of memory."},
    {&http::Counters::connects, "myelin_backend_connections_total", Type::counter, "Connections made to backends."},
    {&http::Counters::connect_failures, "myelin_backend_connect_failures_total", Type::counter,
     "Connections to backends that failed."},
    {&http::Counters::reuses, "myelin_backend_connection_reuses_total", Type::counter,
     "Requests sent on a connection that was kept."},
    {&http::Counters::stale, "myelin_backend_connections_stale_total", Type::counter,
     "Kept connections that backends ended."},
    {&http::Counters::retries, "myelin_backend_silent_retries_total", Type::counter,
     "Requests repeated because a kept connection was dead."},
    {&http::Counters::waits, "myelin_backend_waits_total", Type::counter, "Requests that waited for a connection."},
    {&http::Counters::rejections, "myelin_backend_rejections_total", Type::counter,
     "Requests refused by a full queue for connections."}};

struct EngineCounter {
  std::atomic<std::uint64_t> EngineCounters::*counter;
  std::string_view name, help;
};
constexpr EngineCounter kEngine[] = {
    {&EngineCounters::faults, "myelin_faults_total", "Faults handled in flows."},
    {&EngineCounters::resent, "myelin_resends_total", "Requests sent again after a byte had gone out."},
    {&EngineCounters::over_budget, "myelin_resends_over_budget_total", "Requests not sent again for want of budget."},
    {&EngineCounters::refused_flows, "myelin_flows_refused_total",
     "Messages not taken, as too many were under way that no client waits for."}};

}  // namespace

void write_shards(Metrics& metrics, std::span<const ShardFigures> shards) {
  for (const TransportCounter& each : kTransport)
    metrics.one(each.name, each.type, each.help,
                sum_of(shards, [&](const ShardFigures& shard) { return (shard.transport.*each.counter).get(); }));
  for (const EngineCounter& each : kEngine)
    metrics.one(each.name, Type::counter, each.help, sum_of(shards, [&](const ShardFigures& shard) {
                  return (shard.engine.*each.counter).load(std::memory_order_relaxed);
                }));
  metrics.one("myelin_requests_in_flight", Type::gauge, "Exchanges under way.",
              sum_of(shards, [](const ShardFigures& shard) { return shard.active; }));
  metrics.one("myelin_http_received_bytes_total", Type::counter, "Bytes of exchanges that came from clients.",
              sum_of(shards, [](const ShardFigures& shard) { return shard.exchanges.received.get(); }));
  metrics.one("myelin_http_sent_bytes_total", Type::counter, "Bytes of exchanges that went to clients.",
              sum_of(shards, [](const ShardFigures& shard) { return shard.exchanges.sent.get(); }));
  metrics.family("myelin_requests_refused_total", Type::counter, "Requests refused before they were routed.");
  for (std::size_t i = 0; i < ExchangeObserver::kRefusals; ++i) {
    const auto sum = sum_of(shards, [i](const ShardFigures& shard) { return shard.exchanges.refused[i].get(); });
    const auto status = std::to_string(ExchangeObserver::kFirstRefusal + static_cast<int>(i));
    if (sum > 0) metrics.sample(sum, {{"status", status}});
  }
}

std::size_t resident_bytes() noexcept {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return 0;
  text[size] = '\0';
  char* resident = nullptr;
  std::strtoull(text, &resident, 10);
  return std::strtoull(resident, nullptr, 10) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void write_process(Metrics& metrics) {
  metrics.family("myelin_build_info", Type::gauge, "The version that runs.");
  metrics.sample(std::uint64_t{1}, {{"version", MYELIN_VERSION}});
  metrics.family("process_start_time_seconds", Type::gauge, "Start of the process, since the epoch.");
  metrics.sample(std::chrono::duration<double>(kStarted.time_since_epoch()).count());
  metrics.one("process_resident_memory_bytes", Type::gauge, "Resident memory.", resident_bytes());
}

}  // namespace myelin::server
