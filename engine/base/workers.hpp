#pragma once
// Threads for what must block (a token request by libcurl), so that no shard ever does. Few, started when
// there is work, with a bounded queue. Thread safe.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace myelin {

class Workers {
 public:
  /// `threads` at most work at once, `waiting` more pieces of work may queue.
  Workers(std::size_t threads, std::size_t waiting) : most_threads_(threads), most_waiting_(waiting) {}
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// The process's own. It ends with the process: what is under way is waited for, so long work looks at
  /// ending() now and then; what is queued is dropped.
  static Workers& shared();

  /// Runs `work` on one of the threads, soon. False: too much is waiting, and it will not run. Work must
  /// not throw.
  bool run(std::function<void()> work);
  bool ending() const;

 private:
  void serve();

  const std::size_t most_threads_, most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace myelin
