#pragma once
// The service manager's watchdog: as long as every shard does its work the manager is told so, and when one
// hangs, it starts the server anew.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/clock.hpp"

namespace myelin::server {

class Watchdog {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /// Takes what the manager wants out of the environment (WATCHDOG_USEC, WATCHDOG_PID); nothing happens when
  /// it wants nothing. `shards` run what they are given on their threads.
  explicit Watchdog(std::vector<Post> shards);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;

  /// Shards end one after another from here on, which has a limit of its own: they are asked no more.
  void draining();

 private:
  void run();
  void ask();

  std::vector<Post> shards_;
  Duration every_{0};
  std::shared_ptr<std::atomic<std::size_t>> answers_;  ///< of the last round
  std::mutex mutex_;
  std::condition_variable changed_;
  bool draining_ = false, over_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace myelin::server
