#pragma once
// Hears signals on a thread of its own while the main thread does something else.

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace myelin::server {

class SignalThread {
 public:
  /// `heard` is told each of `signals`, one after another, until this object goes. Every thread of the
  /// process has them, and SIGRTMIN, blocked.
  SignalThread(sigset_t signals, std::function<void(int)> heard);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace myelin::server
