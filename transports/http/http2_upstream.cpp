// Frames in, calls, frames out.

#include "transports/http/http2_upstream.hpp"

#include <algorithm>

#include "transports/http/pool.hpp"

namespace myelin::http {

Http2Upstream::Http2Upstream(Loop& loop, Pool& pool, Upstream& carrier)
    : Http2Link(loop, carrier.stream, session_),
      pool_(pool),
      carrier_(carrier),
      target_(carrier.target),
      session_(loop.config.limits, loop.config.http2_limits, loop.config.http2_backend_streams, *this),
      last_received_(Clock::now()),
      rests_until_(kNever) {
  hears_out_ = true;
  schedule();  // the first frames go out together with the first request
}

/// Exchanges go first: they use everything else.
Http2Upstream::~Http2Upstream() {
  stop_writing();
  input_over_ = broken_ = true;
  calls_.clear();
}

void Http2Upstream::forget() noexcept {
  task_ = Task<void>();
  stop_writing();
  for (const auto& call : calls_) call->forget();
}

Task<void> Http2Upstream::run() {
  writer_ = write(loop_.config.backend_timeout);
  try {
    co_await read();
  } catch (const std::bad_alloc&) {
    broken_ = reset_ = true;
  }
  input_over_ = retired_ = true;
  for (const auto& call : calls_) call->lost();
  co_await settle();
  while (scheduled_ || !calls_.empty()) co_await settled_place_.wait();
  pool_.ended(*this);
}

// --- reading ----------------------------------------------------------------------------------------

Task<void> Http2Upstream::read() {
  for (;;) {
    if (!stream_.in.raw().empty()) last_received_ = Clock::now();
    const bool sound = take_input();
    if (!sound) {
      broken_ = true;
      blamed("no HTTP/2");
      co_return;
    }
    start_and_wake();
    if (std::exchange(changed_, false)) take_settings();
    schedule();
    Io outcome;
    if (calls_.empty()) outcome = co_await stream_.read_idle(due());
    else outcome = co_await stream_.read(due());
    if (session_.over() || (broken_ && !hears_out_)) {
      reset_ = broken_;
      co_return;
    }
    // A connection that was unused when the wait began may have been lent meanwhile: it has time again.
    if (outcome == Io::done || (outcome == Io::timed_out && due() > Clock::now())) continue;
    if (outcome == Io::timed_out) {
      if (session_.guard().in_head()) blamed("head_timeout");
      session_.terminate(session_.guard().in_head() ? Http2Error::calm : Http2Error::none);
    } else {
      if (calls_.empty()) loop_.counters.stale.add();
      broken_ = true;
      reset_ = outcome != Io::closed;
    }
    co_return;
  }
}

void Http2Upstream::take_settings() {
  has_settings_ = true;
  target_->streams = session_.most_streams();
  pool_.look_again(*target_);
}

/// A head that has begun has its time, an unused connection another one.
TimePoint Http2Upstream::due() const noexcept {
  if (session_.guard().in_head()) return session_.guard().head_began() + loop_.config.head_timeout;
  return calls_.empty() ? rests_until_ : kNever;
}

void Http2Upstream::blamed(const char* error) {
  if (!blame_.empty()) return;
  blame_ = *session_.guard().reason() != '\0' ? session_.guard().reason() : error;
}

// --- calls ------------------------------------------------------------------------------------------

bool Http2Upstream::has_room(std::uint32_t most) const noexcept {
  if (retired_ || broken_ || input_over_) return false;
  if (calls_.empty() && rests_until_ <= Clock::now()) return false;  // only the wheel has not come round yet
  const std::uint32_t wanted = most > 0 ? most : loop_.config.http2_backend_streams;
  const std::uint32_t allowed = has_settings_ ? session_.most_streams() : target_->streams;
  return calls_.size() < std::min({wanted, loop_.config.http2_backend_streams, allowed});
}

Http2Call& Http2Upstream::lend() {
  if (spare_.empty()) spare_.push_back(std::make_unique<Http2Call>(*this));
  calls_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  calls_.back()->index = calls_.size() - 1;
  finished_.reserve(calls_.size());  // taking note cannot fail
  reserve(calls_.size());
  pool_.lent(carrier_);
  return *calls_.back();
}

bool Http2Upstream::send(Http2Call& call, const OutgoingRequest& request, const OutFraming& framing, bool has_body) {
  if (broken_) return false;
  head_.clear();
  write_request_head(request, framing, loop_.config.via, head_);
  schedule();
  if (session_.request(call, head_, request.url.scheme, has_body)) return true;
  retired_ = true;  // its stream identifiers are used up, or it is about to end
  return false;
}

void Http2Upstream::finished(Http2Call& call, Duration idle_limit) noexcept {
  idle_limit_ = idle_limit;
  answered_ = answered_ || call.has_head;
  finished_.push_back(&call);
  schedule();
}

void Http2Upstream::start_noted() {
  if (!std::exchange(begun_, true)) task_ = run();
}

void Http2Upstream::reap() {
  const bool any = !finished_.empty();
  for (Http2Call* call : finished_) {
    consumed(*call, call->drop_body());
    forget_side(*call);
    std::swap(calls_[call->index], calls_.back());
    calls_[call->index]->index = call->index;
    spare_.push_back(std::move(calls_.back()));
    calls_.pop_back();
    pool_.call_ended(*target_);
  }
  finished_.clear();
  if (!calls_.empty()) return;
  if (any) rest();
  if (retired_ && !input_over_) session_.terminate(Http2Error::none);
}

/// The last exchange has ended.
void Http2Upstream::rest() {
  spare_.resize(1);
  Duration time = loop_.config.pool_idle;
  if (idle_limit_.count() > 0) time = std::min(time, idle_limit_);
  rests_until_ = Clock::now() + time;
  if (time.count() <= 0 || loop_.draining) retired_ = true;
  pool_.unused(carrier_);
  stream_.cancel_read(Io::done);  // the reader goes on as one that is idle
}

void Http2Upstream::retire() {
  retired_ = true;
  schedule();
}

}  // namespace myelin::http
