#include "transports/http/memory_gauge.hpp"

#include <malloc.h>

#include <exception>

#include "engine/base/log.hpp"

namespace myelin::http {

namespace {

constexpr std::chrono::nanoseconds kBetween = std::chrono::milliseconds(100);
constexpr unsigned kBetweenTrims = 10;  // looks; giving memory back takes time
constexpr std::size_t kNoKeepAlive = 85, kNoNewWork = 92, kNoAccept = 97;  // percent of the target

Pressure level_of(std::size_t percent) noexcept {
  if (percent >= kNoAccept) return Pressure::no_accept;
  if (percent >= kNoNewWork) return Pressure::no_new_work;
  return percent >= kNoKeepAlive ? Pressure::no_keep_alive : Pressure::none;
}

constexpr const char* kSaid[] = {"memory suffices again", "memory is short: connections are not kept",
                                 "memory is short: requests are answered 503",
                                 "memory is short: no connection is accepted"};

}  // namespace

Pressure MemoryGauge::pressure(TimePoint now) noexcept {
  TimePoint::rep due = next_.load(std::memory_order_relaxed);
  const TimePoint::rep time = now.time_since_epoch().count();
  if (time >= due && next_.compare_exchange_strong(due, time + kBetween.count(), std::memory_order_relaxed)) look();
  return level_.load(std::memory_order_relaxed);
}

void MemoryGauge::look() noexcept {
  const auto measured = [this] { return level_of(resident_() * 100 / target_); };
  try {
    Pressure level = measured();
    // What was freed counts as resident until the allocator gives it back.
    const unsigned looks = looks_.load(std::memory_order_relaxed);
    if (level != Pressure::none && looks == 0 && malloc_trim(0) == 1) level = measured();
    looks_.store(level == Pressure::none ? 0 : (looks + 1) % kBetweenTrims, std::memory_order_relaxed);
    if (level_.exchange(level, std::memory_order_relaxed) != level)
      log::warn("http", kSaid[static_cast<std::size_t>(level)]);
  } catch (const std::exception&) {  // no memory to say so
  }
}

}  // namespace myelin::http
