#pragma once
// What a request holds on to while it looks for a connection. Only the pool includes this.

#include <coroutine>
#include <utility>

#include "transports/http/pool.hpp"

namespace myelin::http {

inline Fault no_connection() {
  Fault fault(code::kConnectFailed, "No available connections to serve the request");
  fault.status = 503;
  return fault;
}

/// Gives a connection, or a place on one, up when the exchange that was to use it goes away, unless it was handed on.
template <class Lent>
class Lease {
 public:
  explicit Lease(Lent& lent) noexcept : lent_(&lent) {}
  Lease(const Lease&) = delete;
  ~Lease() {
    if (lent_) lent_->drop();
  }
  Lent* operator->() const noexcept { return lent_; }
  Lent& hand_on() noexcept { return *std::exchange(lent_, nullptr); }

 private:
  Lent* lent_;
};

/// One request in a target's queue.
class Waiter {
 public:
  Waiter(Loop& loop, Target& target, TimePoint due)
      : target_(target), timer_(loop.wheel, this, [](void* self) { static_cast<Waiter*>(self)->wake(); }), due_(due) {}
  Waiter(const Waiter&) = delete;
  ~Waiter() { leave(); }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    previous_ = target_.last;
    (previous_ ? previous_->next_ : target_.first) = this;
    target_.last = this;
    ++target_.waiting;
    timer_.set(due_);
  }
  void await_resume() const noexcept {}
  void wake() {
    leave();
    waiter_.resume();
  }

 private:
  void leave() noexcept {
    if (target_.first != this && !previous_) return;
    (previous_ ? previous_->next_ : target_.first) = next_;
    (next_ ? next_->previous_ : target_.last) = previous_;
    previous_ = next_ = nullptr;
    --target_.waiting;
  }
  Target& target_;
  Timer timer_;
  TimePoint due_;
  std::coroutine_handle<> waiter_;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

}  // namespace myelin::http
