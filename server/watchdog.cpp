#include "server/watchdog.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "server/notify.hpp"

namespace myelin::server {

namespace {

/// The time within which the manager wants to hear of us; 0: it does not. A successor is another process than the
/// one that the manager has started, so WATCHDOG_PID is not handed on to it.
Duration wanted() {
  const char* limit = std::getenv("WATCHDOG_USEC");
  const char* process = std::getenv("WATCHDOG_PID");
  const auto micros = text::parse_long(limit ? limit : "");
  const bool for_us = !process || text::parse_long(process) == ::getpid();
  ::unsetenv("WATCHDOG_PID");
  return micros && for_us ? Duration(*micros / 1000) : Duration(0);
}

}  // namespace

Watchdog::Watchdog(std::vector<Post> shards) : shards_(std::move(shards)) {
  const Duration limit = wanted();
  if (limit.count() <= 0) return;
  every_ = std::max(limit / 2, Duration(1));
  ask();
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::draining() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

/// A round has a count of its own: late answers do not speak for the next one.
void Watchdog::ask() {
  answers_ = std::make_shared<std::atomic<std::size_t>>(0);
  for (const Post& shard : shards_) shard([count = answers_] { ++*count; });
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, every_, [this] { return over_; })) {
    if (draining_) {
      notify("WATCHDOG=1");
    } else if (*answers_ == shards_.size()) {
      notify("WATCHDOG=1");
      ask();
    } else {
      log::error("server", "a thread has hung for " + std::to_string(every_.count()) + " ms");
    }
  }
}

}  // namespace myelin::server
