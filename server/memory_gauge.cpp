#include "server/memory_gauge.hpp"

#include <malloc.h>

#include <fstream>
#include <string>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"

namespace myelin::server {

namespace {

using http::Pressure;

constexpr std::chrono::milliseconds kBetween{100};
constexpr unsigned kBetweenTrims = 10;  // looks; giving memory back takes time
constexpr std::size_t kNoKeepAlive = 85, kNoNewWork = 92, kNoAccept = 97;  // percent of the target

Pressure level_of(std::size_t percent) noexcept {
  if (percent >= kNoAccept) return Pressure::no_accept;
  if (percent >= kNoNewWork) return Pressure::no_new_work;
  return percent >= kNoKeepAlive ? Pressure::no_keep_alive : Pressure::none;
}

/// The lowest limit in the folder of a control group or one above it; 0: none.
std::size_t lowest_limit(const std::string& root, std::string path, const char* name) {
  constexpr std::int64_t kNone = std::int64_t{1} << 60;  // version 1 writes a huge number
  std::size_t lowest = 0;
  for (;;) {
    std::ifstream file(root + path + "/" + name);
    std::string text;
    if (file >> text) {
      const auto bytes = text::parse_long(text).value_or(kNone);  // version 2 writes "max"
      if (bytes < kNone && (lowest == 0 || static_cast<std::size_t>(bytes) < lowest))
        lowest = static_cast<std::size_t>(bytes);
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return lowest;
    path.resize(slash);
  }
}

/// Of this process; a container sees its own group as the root.
std::size_t cgroup_limit() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t path = line.find(':', line.find(':') + 1) + 1;
    if (line.find(":memory:") != std::string::npos)
      return lowest_limit("/sys/fs/cgroup/memory", line.substr(path), "memory.limit_in_bytes");
    std::size_t limit = 0;
    if (line.starts_with("0::")) limit = lowest_limit("/sys/fs/cgroup", line.substr(path), "memory.max");
    if (limit > 0) return limit;
  }
  return 0;
}

}  // namespace

std::size_t memory_target(const Settings& settings) {
  const std::int64_t set = settings.number("memory.limit", 0);
  if (set < 0) return 0;
  if (set > 0) return static_cast<std::size_t>(set);
  return cgroup_limit() / 4 * 3;
}

MemoryGauge::MemoryGauge(std::size_t target, std::function<std::size_t()> resident)
    : target_(target), resident_(std::move(resident)) {}

Pressure MemoryGauge::pressure(TimePoint now) noexcept {
  TimePoint::rep due = next_.load(std::memory_order_relaxed);
  const TimePoint::rep time = now.time_since_epoch().count();
  if (time >= due && next_.compare_exchange_strong(due, time + std::chrono::nanoseconds(kBetween).count(),
                                                   std::memory_order_relaxed))
    look();
  return level_.load(std::memory_order_relaxed);
}

void MemoryGauge::look() noexcept {
  const auto percent = [this] { return resident_() * 100 / target_; };
  Pressure level = level_of(percent());
  // What was freed counts as resident until the allocator gives it back.
  if (level != Pressure::none && trims_ == 0 && malloc_trim(0) == 1) level = level_of(percent());
  trims_ = level == Pressure::none ? 0 : (trims_ + 1) % kBetweenTrims;
  if (level_.exchange(level, std::memory_order_relaxed) == level) return;
  static constexpr const char* kSaid[] = {"memory suffices again", "memory is short: connections are not kept",
                                          "memory is short: requests are answered 503",
                                          "memory is short: no connection is accepted"};
  try {
    log::warn("server", kSaid[static_cast<std::size_t>(level)]);
  } catch (...) {  // it is about memory, after all
  }
}

}  // namespace myelin::server
