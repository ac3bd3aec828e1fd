#pragma once
// The server's own figures at /metrics: counters of all shards, summed when somebody asks.

#include <cstddef>
#include <span>

#include "engine/runtime/engine.hpp"
#include "server/exchange_observer.hpp"
#include "server/metrics.hpp"
#include "transports/http/counters.hpp"

namespace myelin::server {

struct ShardFigures {
  const http::Counters& transport;
  const EngineCounters& engine;
  const ExchangeObserver& exchanges;
  std::size_t active;  ///< exchanges under way
};

void write_shards(Metrics& metrics, std::span<const ShardFigures> shards);
/// Version, start time, memory.
void write_process(Metrics& metrics);
/// Resident memory of this process in bytes; 0 when the system does not tell.
std::size_t resident_bytes() noexcept;

}  // namespace myelin::server
