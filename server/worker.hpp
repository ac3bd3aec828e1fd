#pragma once
// One thread's part of the server: transport, engine, and what is noted about exchanges.

#include <memory>
#include <thread>

#include "engine/runtime/engine.hpp"
#include "server/exchange_observer.hpp"
#include "server/shard_metrics.hpp"
#include "server/spare_memory.hpp"
#include "transports/http/shard.hpp"

namespace myelin::server {

class Worker {
 public:
  Worker(unsigned number, http::Config config, std::shared_ptr<const Deployment> deployment, ServiceMetrics& services,
         http::AccessLog* log, SpareMemory& memory)
      : shard(std::make_unique<http::Shard>(with_calm(std::move(config), memory))),
        engine(shard->sender(), std::move(deployment)),
        observer(number, services, log) {}
  /// Exchanges that were cut off end with their shard, and still use the engine.
  ~Worker() {
    engine.forget_flows();
    shard.reset();
  }

  void start() {
    thread = std::thread([this] { shard->run(); });
  }
  /// On the shard's thread.
  void deploy(const std::shared_ptr<const Deployment>& deployment) {
    engine.deploy(deployment);
    observer.forget_services();
  }
  ShardFigures figures() const { return {shard->counters(), engine.counters(), observer, shard->active()}; }

  std::unique_ptr<http::Shard> shard;
  Engine engine;
  ExchangeObserver observer;
  std::thread thread;

 private:
  http::Config with_calm(http::Config config, SpareMemory& memory) {
    config.calm = [this, &memory] {
      engine.forget_spare();
      return memory.calm();
    };
    return config;
  }
};

}  // namespace myelin::server
