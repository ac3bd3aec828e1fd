#pragma once
// Where one coroutine of a shard waits until somebody wakes it. One that is destroyed meanwhile gives
// its place up. Whoever was woken looks again at what it waits for.

#include <cassert>
#include <coroutine>
#include <utility>

namespace myelin::http {

class WaitingPlace {
 public:
  class Wait {
   public:
    explicit Wait(WaitingPlace& place) noexcept : place_(place) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (waits_) place_.waiter_ = nullptr;
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
      assert(!place_.waiter_);
      place_.waiter_ = waiter;
      waits_ = true;
    }
    void await_resume() noexcept { waits_ = false; }

   private:
    WaitingPlace& place_;
    bool waits_ = false;
  };

  Wait wait() noexcept { return Wait(*this); }
  /// Resumes whoever waits, at once.
  void wake() {
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> waiter_;
};

}  // namespace myelin::http
