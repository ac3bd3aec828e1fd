// Places at an endpoint and the line before it.

#include "engine/ports/limiter.hpp"

#include <algorithm>

namespace myelin {

namespace {

bool take_below(std::atomic<std::uint32_t>& count, std::uint32_t most) noexcept {
  std::uint32_t seen = count.load(std::memory_order_seq_cst);
  while (most == 0 || seen < most)
    if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_seq_cst)) return true;
  return false;
}

}  // namespace

bool Limiter::try_enter(const Bounds& bounds) noexcept {
  // Those who wait come first.
  return waiting_.load(std::memory_order_seq_cst) == 0 && take_below(inside_, bounds.most);
}

Limiter::Entry Limiter::wait_in_line(const Bounds& bounds, const std::shared_ptr<Ticket>& ticket) {
  const std::lock_guard lock(mutex_);
  if (line_.size() >= bounds.pending) return Entry::full;
  // Announced before the last look: a leave() that comes in between sees it and takes the lock.
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  if (line_.empty() && take_below(inside_, bounds.most)) {
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    return Entry::in;
  }
  line_.push_back(ticket);
  return Entry::wait;
}

bool Limiter::give_up(const std::shared_ptr<Ticket>& ticket) {
  const std::lock_guard lock(mutex_);
  ticket->woken = nullptr;
  if (ticket->granted) return true;
  const auto place = std::find(line_.begin(), line_.end(), ticket);
  if (place != line_.end()) {
    line_.erase(place);
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
  }
  return false;
}

/// The place goes to the first in line, if there is one, else it becomes free.
void Limiter::leave() {
  if (waiting_.load(std::memory_order_seq_cst) == 0) {
    inside_.fetch_sub(1, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) == 0) return;
    // Somebody has just queued up and may have missed the free place: it is taken back for them.
    inside_.fetch_add(1, std::memory_order_seq_cst);
  }
  std::function<void()> woken;
  {
    const std::lock_guard lock(mutex_);
    if (line_.empty()) {
      inside_.fetch_sub(1, std::memory_order_seq_cst);
      return;
    }
    const std::shared_ptr<Ticket> first = std::move(line_.front());
    line_.pop_front();
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    first->granted = true;
    woken = std::move(first->woken);
    if (woken) woken();
  }
}

bool Limiter::try_retry(const Bounds& bounds) noexcept { return take_below(retries_, bounds.retries); }

}  // namespace myelin
