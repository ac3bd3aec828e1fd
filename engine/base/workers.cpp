#include "engine/base/workers.hpp"

#include <utility>

namespace myelin {

Workers& Workers::shared() {
  constexpr std::size_t kThreads = 4, kWaiting = 1024;
  static Workers all(kThreads, kWaiting);
  return all;
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    queue_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::run(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (ending_ || queue_.size() >= most_waiting_) return false;
  queue_.push_back(std::move(work));
  if (idle_ < queue_.size() && threads_.size() < most_threads_) threads_.emplace_back([this] { serve(); });
  wake_.notify_one();
  return true;
}

bool Workers::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Workers::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    --idle_;
    if (ending_) return;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace myelin
