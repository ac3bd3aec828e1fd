#pragma once
// How much may be sent again after bytes had gone out (REL-122), of one shard: a dying back end is
// survived, a retry storm is not. A re-send is allowed while few are under way compared with the
// exchanges under way, or while few were made compared with the deliveries of the last seconds. Used
// only on its shard.

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace myelin {

class RetryBudget {
 public:
  std::uint64_t percent = 20;  ///< of exchanges under way, and of recent deliveries
  std::uint64_t least = 3;     ///< always allowed at once

  void exchange_began() noexcept { ++active_; }
  void exchange_ended() noexcept { --active_; }
  void delivered(TimePoint now) noexcept { ++slot(now).deliveries; }

  bool allows(TimePoint now) noexcept {
    if (resending_ < std::max(least, active_ * percent / 100)) return true;
    std::uint64_t deliveries = 0, resends = 0;
    const std::int64_t oldest = number(now) - static_cast<std::int64_t>(slots_.size()) + 1;
    for (const Slot& each : slots_) {
      if (each.number < oldest) continue;
      deliveries += each.deliveries;
      resends += each.resends;
    }
    return resends < deliveries * percent / 100;
  }
  void began(TimePoint now) noexcept {
    ++resending_;
    ++slot(now).resends;
  }
  void ended() noexcept { --resending_; }

 private:
  struct Slot {
    std::int64_t number = -1;
    std::uint64_t deliveries = 0, resends = 0;
  };
  static std::int64_t number(TimePoint now) noexcept { return now.time_since_epoch() / std::chrono::seconds(2); }
  Slot& slot(TimePoint now) noexcept {
    Slot& found = slots_[static_cast<std::size_t>(number(now)) % slots_.size()];
    if (found.number != number(now)) found = Slot{number(now), 0, 0};
    return found;
  }

  std::uint64_t active_ = 0, resending_ = 0;
  std::array<Slot, 5> slots_;
};

}  // namespace myelin
