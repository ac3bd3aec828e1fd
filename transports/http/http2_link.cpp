// Turns and output.

#include "transports/http/http2_link.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace myelin::http {

void Http2Link::wake_later(Http2Side& side) {
  if (std::exchange(side.wake_due, true)) return;
  to_wake_.push_back(&side);
  schedule();
}

void Http2Link::resume_body(Http2Side& side) {
  side.out_waits = false;
  if (broken_) return;
  frames_.resume_body(side.id);
  schedule();
}

void Http2Link::reset(Http2Side& side, Http2Error error) {
  if (broken_) return;
  frames_.reset(side.id, error);
  schedule();
}

void Http2Link::consumed(Http2Side& side, std::size_t bytes) noexcept {
  if (bytes == 0 || broken_) return;
  frames_.consumed(side.id, bytes);
  schedule();
}

void Http2Link::forget_side(Http2Side& side) {
  if (!broken_) frames_.attach(side.id, nullptr);
  if (std::exchange(side.wake_due, false)) std::erase(to_wake_, &side);
}

// --- turns ----------------------------------------------------------------------------------------------

void Http2Link::schedule() {
  if (std::exchange(scheduled_, true)) return;
  boost::asio::post(loop_.io, [this, &loop = loop_] {
    if (!loop.ended) turn();
  });
}

void Http2Link::turn() {
  start_and_wake();
  reap();
  scheduled_ = false;
  output_place_.wake();
  if ((broken_ && !hears_out_) || frames_.over()) stream_.cancel_read(Io::closed);
  if (input_over_ && !scheduled_) settled_place_.wake();
}

void Http2Link::start_and_wake() {
  start_noted();
  for (std::size_t i = 0; i < to_wake_.size(); ++i) {
    Http2Side& side = *to_wake_[i];
    side.wake_due = false;
    side.wake();
  }
  to_wake_.clear();
}

Task<void> Http2Link::settle() {
  if (broken_) stop_writing();
  schedule();
  while (scheduled_ || !writer_.done()) co_await settled_place_.wait();
}

// --- bytes ----------------------------------------------------------------------------------------------

bool Http2Link::take_input() {
  Inbound& in = stream_.in;
  const std::string_view raw = in.raw();
  if (raw.empty()) return true;
  const bool sound = frames_.receive(raw);
  in.eat(raw.size());
  return sound;
}

Task<void> Http2Link::write(Duration patience) {
  while (!broken_) {
    const bool sound = frames_.output(out_);
    if (!sound) {
      broken_ = true;
      break;
    }
    if (out_.empty()) {
      if (input_over_) break;
      if (idle()) std::string().swap(out_);
      co_await output_place_.wait();
      continue;
    }
    const Pieces pieces{std::string_view(out_)};
    const Io outcome = co_await stream_.write(pieces, patience);
    out_.clear();
    if (outcome == Io::timed_out) hears_out_ = false;
    if (outcome != Io::done) broken_ = true;
  }
  schedule();
}

}  // namespace myelin::http
