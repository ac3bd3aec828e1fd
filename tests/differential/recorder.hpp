#pragma once
// The backend behind each server: answers every request, with 200 unless told otherwise, keeps how it was
// read, and closes the connection behind each answer. Thread safe.

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/differential/reading.hpp"
#include "tests/support/socket.hpp"

namespace myelin::differential {

class Recorder {
 public:
  Recorder();
  ~Recorder();
  std::uint16_t port() const noexcept { return listener_.port(); }

  /// Exactly these bytes from now on; empty: a plain 200.
  void answer_with(std::string bytes);

  /// What has come since the last call, once every connection has ended (or for a second).
  std::vector<Reading> take();

 private:
  struct Connection {
    std::unique_ptr<test::Stream> stream;
    std::thread thread;
    bool over = false;
  };
  void accept();
  void serve(Connection& connection);

  test::Listener listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Connection> connections_;
  std::size_t open_ = 0;
  std::vector<Reading> readings_;
  std::string answer_;
  std::thread acceptor_;
};

}  // namespace myelin::differential
