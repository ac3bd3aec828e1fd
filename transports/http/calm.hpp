#pragma once
// Notices that a shard has much less to do than it had, a second later: what was freed may then be given
// back. Costs a comparison per exchange. Not thread safe.

#include <algorithm>
#include <cstddef>
#include <functional>

#include "transports/http/wheel.hpp"

namespace myelin::http {

class Calm {
 public:
  /// `found` is called by the wheel. False: not now; it is asked again.
  Calm(Wheel& wheel, const std::function<bool()>& found)
      : found_(found), timer_(wheel, this, [](void* self) { static_cast<Calm*>(self)->due(); }) {}

  /// So many are under way, one more than before.
  void more(std::size_t now) noexcept {
    now_ = now;
    most_ = std::max(most_, now);
  }
  /// So many are under way, one less than before.
  void less(std::size_t now) {
    now_ = now;
    if (is_calm() && timer_.due() == kNever) timer_.set(Clock::now() + kPatience);
  }

 private:
  static constexpr std::size_t kMany = 64, kShare = 8;
  static constexpr Duration kPatience{1000};

  bool is_calm() const noexcept { return most_ >= kMany && now_ <= most_ / kShare; }
  void due() {
    timer_.clear();
    if (!is_calm()) return;
    if (found_()) most_ = now_;
    else timer_.set(Clock::now() + kPatience);
  }

  const std::function<bool()>& found_;
  Timer timer_;
  std::size_t now_ = 0, most_ = 0;
};

}  // namespace myelin::http
