#pragma once
// What takes long and is waited for by nobody else: each work on a thread of its own. Thread safe.

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace myelin::server {

class Background {
 public:
  Background() = default;
  Background(const Background&) = delete;
  ~Background() { wait(); }

  void run(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    all_.remove_if([](One& one) { return one.over && (one.thread.join(), true); });
    std::list<One> made(1);
    made.front().thread = std::thread([&over = made.front().over, work = std::move(work)] {
      work();
      over = true;
    });
    all_.splice(all_.end(), made);
  }
  /// Nothing that was begun is under way.
  bool idle() {
    const std::lock_guard lock(mutex_);
    return std::all_of(all_.begin(), all_.end(), [](const One& one) { return one.over.load(); });
  }
  /// Returns when all that was begun is over.
  void wait() {
    const std::lock_guard lock(mutex_);
    for (One& one : all_) one.thread.join();
    all_.clear();
  }

 private:
  struct One {
    std::thread thread;
    std::atomic<bool> over{false};
  };
  std::mutex mutex_;
  std::list<One> all_;
};

}  // namespace myelin::server
