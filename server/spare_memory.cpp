#include "server/spare_memory.hpp"

#include <malloc.h>

#include <algorithm>

#include "server/shard_metrics.hpp"

namespace myelin::server {

namespace {

constexpr Duration kBetween{5000};
constexpr std::size_t kLeastGrowth = 16 << 20;  // bytes that are worth it

}  // namespace

bool SpareMemory::calm() {
  const std::size_t floor = floor_.load(std::memory_order_relaxed);
  if (resident_bytes() < floor + std::max(kLeastGrowth, floor / 4)) return true;
  const TimePoint now = Clock::now();
  TimePoint next = next_.load();
  if (now < next || !next_.compare_exchange_strong(next, now + kBetween)) return false;
  background_.run([this] { give_back(); });
  return true;
}

void SpareMemory::give_back() {
  malloc_trim(0);
  floor_.store(resident_bytes(), std::memory_order_relaxed);
}

}  // namespace myelin::server
