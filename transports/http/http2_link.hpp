#pragma once
// What an HTTP/2 connection is on either side: a writer that sends what the session has to say, and turns, in
// which what the frames noted is done when nobody is in the middle of something. Reading is the side's own.

#include <string>
#include <vector>

#include "engine/base/task.hpp"
#include "transports/http/http2_session.hpp"
#include "transports/http/stream.hpp"
#include "transports/http/waiting_place.hpp"

namespace myelin::http {

class Http2Link {
 public:
  Loop& loop() noexcept { return loop_; }

  // For the exchanges.
  /// Wakes the side's coroutines when it is safe to.
  void wake_later(Http2Side& side);
  /// There is more of `out`.
  void resume_body(Http2Side& side);
  void reset(Http2Side& side, Http2Error error);
  void consumed(Http2Side& side, std::size_t bytes) noexcept;

 protected:
  Http2Link(Loop& loop, Stream& stream, Http2Session& session) : loop_(loop), stream_(stream), frames_(session) {}
  ~Http2Link() = default;

  /// Starts what was noted.
  virtual void start_noted() = 0;
  /// Takes exchanges that have ended away; none of their coroutines runs here.
  virtual void reap() = 0;
  virtual bool idle() const noexcept = 0;

  void schedule();
  void start_and_wake();
  /// Hands what was received to the session. False: it is dead.
  bool take_input();
  /// Sends until input_over_ and nothing is left; for `patience` the peer may take nothing.
  Task<void> write(Duration patience);
  /// Nobody is in the middle of something, and what was to be written is.
  Task<void> settle();
  void forget_side(Http2Side& side);
  /// Stops the writer, whatever it waits for.
  void stop_writing() { writer_ = Task<void>(); }
  /// Memory for taking note of `exchanges`, so that it cannot fail.
  void reserve(std::size_t exchanges) { to_wake_.reserve(exchanges); }

  Loop& loop_;
  Stream& stream_;
  WaitingPlace settled_place_;
  bool scheduled_ = false;
  bool input_over_ = false;   ///< nothing more is read
  bool broken_ = false;       ///< nothing more is written
  bool hears_out_ = false;    ///< when the peer takes nothing any more, what it said before is read nevertheless
  Task<void> writer_;

 private:
  void turn();

  Http2Session& frames_;
  std::vector<Http2Side*> to_wake_;
  std::string out_;
  WaitingPlace output_place_;
};

}  // namespace myelin::http
