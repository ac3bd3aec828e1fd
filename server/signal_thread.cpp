#include "server/signal_thread.hpp"

#include <pthread.h>

namespace myelin::server {

SignalThread::SignalThread(sigset_t signals, std::function<void(int)> heard) {
  sigaddset(&signals, SIGRTMIN);
  thread_ = std::thread([this, signals, heard = std::move(heard)] {
    for (;;) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) continue;
      if (signal != SIGRTMIN) heard(signal);
      else if (over_) return;
    }
  });
}

SignalThread::~SignalThread() {
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGRTMIN);
  thread_.join();
}

}  // namespace myelin::server
