// One exchange with an HTTP/2 client.

#include "transports/http/http2_stream.hpp"

#include "transports/http/heads.hpp"
#include "transports/http/http2_connection.hpp"

namespace myelin::http {

namespace {

constexpr int kReceiveIo = 101001;  // receiver I/O error receiving

}  // namespace

Http2Stream::Http2Stream(Loop& loop)
    : loop_(loop),
      body_(loop_.blocks),
      trailers_(&loop_.config.trailers),
      body_timer_(loop_.wheel, this, [](void* self) { static_cast<Http2Stream*>(self)->body_late(); }),
      answer_timer_(loop_.wheel, this, [](void* self) { static_cast<Http2Stream*>(self)->answer_late(); }) {}

void Http2Stream::begin(Http2Connection& connection, std::int32_t its_id, bool body_follows) {
  connection_ = &connection;
  task_ = Task<void>();
  id = its_id;
  body_follows_ = body_follows;
  body_ended_ = !body_follows;
  out = {};
  out_is_last = out_waits = false;
  out_trailers = {};
  end_told_ = body_late_ = expect_continue_ = answered_ = end_sent_ = closed_ = answer_late_ = false;
  rate_.begin();
}

void Http2Stream::start() noexcept {
  try {
    task_ = run();
  } catch (const std::bad_alloc&) {
    message_.reset();
    connection_->reset(*this, Http2Error::internal);
    connection_->finished(*this);
  }
}

std::string_view Http2Stream::target_of(std::string_view text) noexcept {
  const std::string_view line = first_line(text);
  return line.substr(0, line.rfind(' ') + 1);
}

bool Http2Stream::accept(std::string_view text) {
  HeadParser parser(loop_.config.limits);
  std::size_t consumed = 0;
  if (parser.request(message_.copy(text), head_, consumed) != Parse::done) {
    refusal_ = parser.refusal();
    message_.reset();
    return false;
  }
  // Stood in for a framing that HTTP/2 has not; nobody sent it.
  if (head_.framing == Framing::chunked) head_.fields.remove("transfer-encoding");
  expect_continue_ = head_.expect_continue;
  trailers_.begin(head_.content_type);
  const Origin& origin = connection_->origin();
  refusal_ = misdirected(head_, head_.fields, origin, loop_.config.via);
  if (refusal_.status != 0) {
    message_.reset();
    return false;
  }
  const bool has_body = body_follows_ && (head_.framing != Framing::length || head_.length > 0);
  if (head_.accepts_trailers) head_.accepts_trailers = may_bring_trailers(head_.content_type, loop_.config.trailers);
  fill_message(message_, head_, origin, has_body ? this : nullptr);
  message_.incoming.version = "2.0";
  if (connection_->entrance().observer)
    note_.begin(message_.arena.join(target_of(text), std::string_view("HTTP/2.0")), message_.headers);
  return true;
}

// --- what the frames say; only noted, as nothing may be sent from within ------------------------------

void Http2Stream::received(std::string_view bytes) {
  arrived_ += bytes.size();
  body_.append(bytes);
  connection_->wake_later(*this);
}

void Http2Stream::received_all() {
  body_ended_ = true;
  connection_->wake_later(*this);
}

void Http2Stream::taken() { connection_->wake_later(*this); }

void Http2Stream::sent_all() {
  end_sent_ = true;
  connection_->wake_later(*this);
}

void Http2Stream::closed(Http2Error) {
  closed_ = true;
  connection_->wake_later(*this);
}

void Http2Stream::wake() {
  body_place_.wake();
  answer_place_.wake();
}

void Http2Stream::body_late() {
  body_late_ = true;
  body_place_.wake();
}

void Http2Stream::answer_late() {
  answer_late_ = true;
  answer_place_.wake();
}

// --- the request's body -----------------------------------------------------------------------------

void Http2Stream::consume(std::size_t bytes) noexcept {
  body_.consume(bytes);
  connection_->consumed(*this, bytes);
}

std::size_t Http2Stream::drop_body() noexcept {
  const std::size_t left = body_.size();
  body_.clear();
  return left;
}

std::optional<std::uint64_t> Http2Stream::length() const noexcept {
  if (head_.framing != Framing::length) return std::nullopt;
  return head_.length;
}

BodySource::Status Http2Stream::body_failed(int status, const char* text) {
  fault_ = Fault(kReceiveIo, text);
  fault_.status = status;
  return Status::failed;
}

Task<BodySource::Status> Http2Stream::fill() {
  if (std::exchange(expect_continue_, false) && !answered_ && !closed_) connection_->send_continue(*this);  // REL-076
  const Duration window = loop_.config.body_idle;
  for (;;) {
    if (!body_.front().empty()) co_return Status::more;
    if (body_ended_) {
      end_told_ = true;
      co_return Status::end;
    }
    if (closed_) co_return body_failed(400, "The client ended its request before it was complete");
    arrived_ = 0;
    body_late_ = false;
    body_timer_.set(rate_.wait(Clock::now(), window));
    co_await body_place_.wait();
    body_timer_.clear();
    rate_.waited(Clock::now(), arrived_);
    if (body_late_ && !rate_.enough(window, loop_.config.body_min_rate)) {
      loop_.counters.refused.add();
      co_return body_failed(408, "Timeout while waiting for the body of the request");
    }
  }
}

// --- the answer -------------------------------------------------------------------------------------

Task<void> Http2Stream::run() {
  const bool counts = !connection_->entrance().management;
  if (counts) loop_.exchange_begins();
  co_await serve();
  connection_->report(note_.report(message_, end_sent_));
  if (counts) loop_.exchange_ends(end_sent_);
  out = {};
  out_is_last = false;
  body_timer_.clear();
  message_.reset();
  if (!end_sent_ && !closed_) connection_->reset(*this, Http2Error::internal);  // REL-002
  connection_->finished(*this);
}

/// REL-132: the client is told to come again.
Task<void> Http2Stream::shed() {
  loop_.counters.shed.add();
  const Headers again = come_again();
  const Reply reply = busy(again);
  co_await this->reply(reply);
}

Task<void> Http2Stream::serve() {
  const Pressure level = connection_->entrance().pressure(loop_.config.gauge.get());
  if (level >= Pressure::no_keep_alive) connection_->drain();
  if (level >= Pressure::no_new_work) {
    co_await shed();
    co_return;
  }
  int status = 0;
  try {
    co_await connection_->entrance().pipeline->serve(message_, *this);
  } catch (const std::exception&) {
    status = failed_status(message_);
  }
  if (status == 0 || answered_) co_return;
  Reply reply;
  reply.status = status;
  co_await this->reply(reply);
}

Task<bool> Http2Stream::reply(const Reply& wanted) {
  if (answered_ || closed_) co_return false;
  answered_ = true;
  const Reply reply = sound(wanted);
  note_.status = reply.status;
  ReplyShape shape = shape_of(reply, message_.incoming.method == "HEAD", Framing::none);
  // Where nothing follows, the head says so.
  if (reply.stream && reply.stream->ended() && reply.stream->buffered().empty()) shape.sends_body = false;
  const bool begun = connection_->answer(*this, reply, shape);
  if (!begun) co_return false;
  bool whole;
  if (shape.sends_body && reply.stream) {
    whole = co_await write_body(reply);
  } else {
    if (shape.sends_body) out = reply.bytes;
    out_is_last = true;
    whole = co_await sent();
    if (whole && shape.sends_body) note_.body = reply.bytes.size();
  }
  out = out_trailers = {};
  co_return whole;
}

/// The body as it comes. False: the client is gone, or the body failed midway and the client must see
/// that (REL-072).
Task<bool> Http2Stream::write_body(const Reply& reply) {
  BodySource& source = *reply.stream;
  for (;;) {
    const std::string_view slice = source.buffered();
    out = slice;
    out_is_last = source.ended();
    if (out_is_last && message_.incoming.accepts_trailers) out_trailers = source.trailers();
    if (out_waits) connection_->resume_body(*this);
    const bool last = out_is_last;
    const bool went = co_await sent();
    if (!went) co_return false;
    note_.body += slice.size();
    source.consume(slice.size());
    if (last) co_return true;
    const Status status = co_await source.fill();
    if (status == Status::failed) co_return false;
  }
}

/// Waits until `out` was taken, and behind the last of it until the end went out.
Task<bool> Http2Stream::sent() {
  while (!(out.empty() && (!out_is_last || end_sent_))) {
    if (closed_) co_return false;
    answer_late_ = false;
    answer_timer_.set(Clock::now() + loop_.config.write_idle);
    co_await answer_place_.wait();
    answer_timer_.clear();
    if (!answer_late_) continue;
    connection_->reset(*this, Http2Error::cancel);  // REL-034
    closed_ = true;
    out = {};
  }
  co_return end_sent_ || !closed_;
}

}  // namespace myelin::http
