// The timer wheel: lazily checked slots (REL-037, REL-038).

#include "transports/http/wheel.hpp"

#include <algorithm>

namespace myelin::http {

namespace {

std::int64_t tick_before(TimePoint time, std::chrono::milliseconds tick) noexcept {
  return time.time_since_epoch() / tick;
}

}  // namespace

void Timer::relink() {
  unlink();
  wheel_->link(*this);
}

void Timer::unlink() noexcept {
  if (!next_ || !wheel_) return;
  prev_->next_ = next_;
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
  --wheel_->linked_;
}

void Wheel::link(Timer& timer) {
  if (!running_) start();
  const std::int64_t last = position_ + static_cast<std::int64_t>(kSlots) - 1;
  std::int64_t tick = last;  // a far deadline is looked at again when its slot comes
  if (timer.due_ < TimePoint(std::chrono::nanoseconds(kTick) * last))
    tick = std::max(tick_before(timer.due_, kTick) + 1, position_ + 1);
  timer.earliest_ = TimePoint(std::chrono::nanoseconds(kTick) * (tick - 1));
  Timer& head = slots_[static_cast<std::size_t>(tick) % kSlots];
  timer.prev_ = head.prev_;
  timer.next_ = &head;
  head.prev_->next_ = &timer;
  head.prev_ = &timer;
  ++linked_;
}

void Wheel::start() {
  running_ = true;
  position_ = tick_before(Clock::now(), kTick);
  wait();
}

void Wheel::wait() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) turn();
  });
}

void Wheel::turn() {
  const TimePoint now = Clock::now();
  const std::int64_t here = tick_before(now, kTick);
  std::int64_t first = std::max(position_ + 1, here - static_cast<std::int64_t>(kSlots) + 1);
  position_ = std::max(position_, here);
  for (; first <= here; ++first) visit(static_cast<std::size_t>(first) % kSlots, now);
  running_ = linked_ > 0;
  if (running_) wait();
}

void Wheel::visit(std::size_t slot, TimePoint now) {
  Timer seen;  // takes the whole slot, so that what is linked again is not met twice
  Timer& head = slots_[slot];
  if (head.next_ == &head) return;
  seen.next_ = head.next_;
  seen.prev_ = head.prev_;
  seen.next_->prev_ = seen.prev_->next_ = &seen;
  head.prev_ = head.next_ = &head;
  while (seen.next_ != &seen) {
    Timer& timer = *seen.next_;
    timer.unlink();
    if (timer.due_ == kNever) continue;
    if (timer.due_ > now) {
      link(timer);
      continue;
    }
    timer.due_ = kNever;
    timer.action_(timer.owner_);
  }
}

}  // namespace myelin::http
