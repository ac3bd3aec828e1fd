#include "tests/differential/recorder.hpp"

#include <utility>

namespace myelin::differential {

using test::Millis;
using test::Stream;

Recorder::Recorder() {
  listener_.listen();
  acceptor_ = std::thread([this] { accept(); });
}

Recorder::~Recorder() {
  listener_.refuse();
  acceptor_.join();
  for (Connection& connection : connections_) {
    connection.stream->shut();
    connection.thread.join();
  }
}

void Recorder::accept() {
  while (auto stream = listener_.accept()) {
    std::lock_guard lock(mutex_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      if (at->over) at->thread.join();
      at = at->over ? connections_.erase(at) : std::next(at);
    }
    Connection& connection = connections_.emplace_back();
    connection.stream = std::move(stream);
    ++open_;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

/// One request; the end of the connection when it does not become one.
void Recorder::serve(Connection& connection) {
  std::string bytes;
  std::optional<Reading> reading;
  bool broken = false;
  while (!reading && !broken && connection.stream->read(bytes) == Stream::End::data) reading = take_request(bytes, broken);
  if (reading) {
    std::string answer;
    {
      std::lock_guard lock(mutex_);
      readings_.push_back(std::move(*reading));
      answer = answer_.empty() ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : answer_;
    }
    connection.stream->write(answer);
  }
  connection.stream->finish_writing();
  connection.stream->read(bytes, Millis(1000));
  std::lock_guard lock(mutex_);
  connection.stream->shut();
  connection.over = true;
  --open_;
  changed_.notify_all();
}

void Recorder::answer_with(std::string bytes) {
  std::lock_guard lock(mutex_);
  answer_ = std::move(bytes);
}

std::vector<Reading> Recorder::take() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, Millis(1000), [this] { return open_ == 0; });
  return std::exchange(readings_, {});
}

}  // namespace myelin::differential
