// Frames in, exchanges, frames out.

#include "transports/http/http2_connection.hpp"

#include <fmt/format.h>

#include "engine/base/log.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kSpareStreams = 256;
constexpr Duration kDrainNotice{1'000};  // for requests that crossed the announcement on their way

}  // namespace

Http2Connection::Http2Connection(Loop& loop, Stream& stream, const Origin& origin, const Entrance& entrance)
    : Http2Link(loop, stream, session_),
      origin_(origin),
      entrance_(entrance),
      session_(loop.config.limits, loop.config.http2_limits, *this),
      drain_timer_(loop.wheel, this, [](void* self) { static_cast<Http2Connection*>(self)->end_drain(); }),
      idle_since_(Clock::now()) {}

/// Exchanges go first: they use everything else.
Http2Connection::~Http2Connection() {
  stop_writing();
  input_over_ = broken_ = true;
  streams_.clear();
}

Task<bool> Http2Connection::run() {
  writer_ = write(loop_.config.write_idle);
  if (loop_.draining) drain();
  try {
    co_await read();
  } catch (const std::bad_alloc&) {
    broken_ = true;
  }
  input_over_ = true;
  give_up();
  co_await settle();
  if (!broken_ && !streams_.empty()) stream_.shutdown_send();  // exchanges may take long to notice
  while (scheduled_ || !streams_.empty()) co_await settled_place_.wait();
  co_return !broken_;
}

// --- reading ----------------------------------------------------------------------------------------

Task<void> Http2Connection::read() {
  for (;;) {
    const bool sound = take_frames();
    if (!sound) {
      broken_ = true;
      co_return;
    }
    start_and_wake();
    schedule();
    Io outcome;
    if (streams_.empty()) outcome = co_await stream_.read_idle(due());
    else outcome = co_await stream_.read(due());
    if (broken_ || session_.over()) co_return;
    if (outcome == Io::done) continue;
    if (outcome == Io::timed_out) time_out();
    else broken_ = outcome != Io::closed || !streams_.empty();
    co_return;
  }
}

/// False: the session is dead.
bool Http2Connection::take_frames() {
  const bool sound = take_input();
  if (!sound) log::warn("http", fmt::format("{} does not speak HTTP/2", origin_.remote));
  if (*session_.guard().reason() != '\0') input_over_ = true;
  return sound;
}

/// REL-030..032: a head that has begun has its time, an idle connection another one.
TimePoint Http2Connection::due() const noexcept {
  if (session_.guard().in_head()) return session_.guard().head_began() + loop_.config.head_timeout;
  return streams_.empty() ? idle_since_ + loop_.config.keep_alive : kNever;
}

void Http2Connection::time_out() {
  slow_head_ = session_.guard().in_head();
  session_.terminate(slow_head_ ? Http2Error::calm : Http2Error::none);
}

void Http2Connection::blamed(bool connection, const char* error) {
  loop_.counters.refused.add();
  if (connection && slow_head_) error = "head_timeout";
  else if (connection && *session_.guard().reason() != '\0') error = session_.guard().reason();
  const char* what = connection ? "connection" : "request";
  log::warn("http", fmt::format("gave up an HTTP/2 {} of {}: {}", what, origin_.remote, error));
}

/// Nothing more comes: whoever waits for it is told.
void Http2Connection::give_up() {
  for (const auto& stream : streams_) stream->give_up();
}

// --- requests ---------------------------------------------------------------------------------------

void Http2Connection::request(std::int32_t id, bool body_follows) {
  if (input_over_) return;
  // Exchanges outlive the streams that their client resets: they count too (REL-041).
  if (streams_.size() >= std::size_t{2} * loop_.config.http2_limits.streams) {
    session_.reset(id, Http2Error::refused_stream);
    return;
  }
  const std::string_view text = session_.head().finish(body_follows);
  if (text.empty()) {
    refuse(id, session_.head().refusal(), {});
    return;
  }
  Http2Stream& stream = new_stream();
  stream.begin(*this, id, body_follows);
  if (!stream.accept(text)) {
    refuse(id, stream.refusal(), text);
    finished(stream);
    return;
  }
  session_.attach(id, &stream);
  begun_.push_back(&stream);
  if (++requests_ >= loop_.config.keep_alive_requests) drain();  // REL-032
}

Http2Stream& Http2Connection::new_stream() {
  std::unique_ptr<Http2Stream> stream;
  if (auto& spare = loop_.spare_streams; spare && !spare->empty()) {
    stream = std::move(spare->back());
    spare->pop_back();
  } else {
    stream = std::make_unique<Http2Stream>(loop_);
  }
  streams_.push_back(std::move(stream));
  streams_.back()->index = streams_.size() - 1;
  for (auto* notes : {&begun_, &finished_}) notes->reserve(streams_.size());  // taking note cannot fail
  reserve(streams_.size());
  return *streams_.back();
}

void Http2Connection::refuse(std::int32_t id, const Refusal& refusal, std::string_view text) {
  loop_.counters.refused.add();
  log::warn("http", fmt::format("refused a request of {}: {} {}", origin_.remote, refusal.status, refusal.reason));
  const Reply reply = refused(refusal.status);
  write_head(reply, OutFraming{Framing::length, 0}, nullptr);
  ExchangeReport told;
  told.status = refusal.status;
  told.complete = session_.answer(id, head_, false);
  const std::string line = std::string(Http2Stream::target_of(text)) + "HTTP/2.0";
  if (!text.empty()) told.request_line = line;
  report(told);
}

void Http2Connection::report(ExchangeReport told) {
  if (!entrance_.observer) return;
  told.client = origin_.remote;
  told.received = stream_.take_received();
  told.sent = stream_.written();
  stream_.start_count();
  entrance_.observer->ended(told);
}

void Http2Connection::finished(Http2Stream& stream) {
  finished_.push_back(&stream);
  schedule();
}

void Http2Connection::reap() {
  if (finished_.empty()) return;
  if (!loop_.spare_streams) loop_.spare_streams = std::make_shared<std::vector<std::unique_ptr<Http2Stream>>>();
  auto& spare = *loop_.spare_streams;
  for (Http2Stream* stream : finished_) {
    consumed(*stream, stream->drop_body());
    forget_side(*stream);
    std::swap(streams_[stream->index], streams_.back());
    streams_[stream->index]->index = stream->index;
    if (spare.size() < kSpareStreams) spare.push_back(std::move(streams_.back()));
    streams_.pop_back();
  }
  finished_.clear();
  if (!streams_.empty()) return;
  idle_since_ = Clock::now();
  if (!session_.guard().in_head()) session_.head().release();
  stream_.cancel_read(Io::done);  // the reader goes on as one that is idle
}

// --- what streams ask for -----------------------------------------------------------------------------

void Http2Connection::write_head(const Reply& reply, const OutFraming& framing, const Identity* identity) {
  const ReplyContext context{loop_.config.server_name, true, false, identity};
  head_.clear();
  write_reply_head(reply, framing, context, head_);
}

bool Http2Connection::answer(Http2Stream& stream, const Reply& reply, const ReplyShape& shape) {
  if (broken_) return false;
  write_head(reply, shape.framing, &stream.identity());
  schedule();
  return session_.answer(stream.id, head_, shape.sends_body);
}

void Http2Connection::send_continue(Http2Stream& stream) {
  if (broken_) return;
  session_.interim(stream.id, "100");
  schedule();
}

void Http2Connection::start_noted() {
  for (std::size_t i = 0; i < begun_.size(); ++i) begun_[i]->start();
  begun_.clear();
}

// --- the end ----------------------------------------------------------------------------------------

void Http2Connection::drain() {
  if (std::exchange(announced_, true) || broken_) return;
  session_.announce_end();
  drain_timer_.set(Clock::now() + kDrainNotice);
  schedule();
}

void Http2Connection::end_known() {
  if (announced_) end_drain();
}

void Http2Connection::end_drain() {
  drain_timer_.clear();
  if (broken_ || std::exchange(refuses_, true)) return;
  session_.refuse_more();
  schedule();
}

}  // namespace myelin::http
