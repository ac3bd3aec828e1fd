// The exchange with a back end on one stream.

#include "transports/http/http2_call.hpp"

#include "transports/http/heads.hpp"
#include "transports/http/http2_upstream.hpp"
#include "transports/http/pool.hpp"

namespace myelin::http {

namespace {

/// Positions in Synapse's list of connection states, added to codes (endpoints reference, 3.8).
constexpr int kRequestBody = 2;
constexpr int kRequestDone = 3;

/// Somebody broke a rule of HTTP.
bool is_violation(Http2Error error) noexcept {
  switch (error) {
    case Http2Error::protocol:
    case Http2Error::flow_control:
    case Http2Error::frame_size:
    case Http2Error::compression:
    case Http2Error::http11_required: return true;
    default: return false;
  }
}

}  // namespace

Http2Call::Http2Call(Http2Upstream& connection)
    : connection_(connection),
      loop_(connection.loop()),
      parser_(loop_.config.limits),
      body_(loop_.blocks),
      trailers_(&loop_.config.trailers),
      timer_(loop_.wheel, this, [](void* self) { static_cast<Http2Call*>(self)->late(); }) {}

std::string_view Http2Call::backend() const noexcept { return connection_.target().address; }

// --- faults -----------------------------------------------------------------------------------------

bool Http2Call::fail(int base, bool shifted, std::string text) {
  fault_ = Fault(base, std::move(text));
  if (shifted) fault_.code += request_sent_ ? kRequestDone : kRequestBody;
  fault_.sent = head_sent_;
  return false;
}

bool Http2Call::fail_late() {
  leave_if_dead();
  if (absolute_) return fail(code::kTimeout, false, "Send timeout");
  return fail(code::kTimeout, true, "Timeout while waiting for the answer of the back end");
}

/// Where nothing comes, not for others either, nobody may be there any more.
void Http2Call::leave_if_dead() {
  if (connection_.silent_since(Clock::now() - silence_ / 2)) connection_.retire();
}

/// The stream ended before the answer's head was there.
bool Http2Call::fail_closed() {
  if (unprocessed()) {
    fault_ = Fault(code::kConnectFailed, "No available connections to serve the request", "the back end takes no more requests");
    fault_.status = 503;
    return false;
  }
  if (lost_ && !connection_.blame().empty())
    return fail(code::kProtocol, false, "The back end does not speak HTTP/2: " + connection_.blame());
  if (refusal_) return fail(code::kProtocol, false, std::string("The back end does not speak HTTP: ") + refusal_);
  if (is_violation(error_)) return fail(code::kProtocol, false, "The back end and we disagree on HTTP/2");
  const bool proper = lost_ ? !connection_.was_reset() : error_ == Http2Error::none;
  if (proper) return fail(code::kClosed, true, "The back end closed the connection before it answered");
  return fail(code::kSendIo, true, "I/O error while waiting for the answer of the back end");
}

/// The back end has not looked at the request (RFC 9113, 8.7).
bool Http2Call::unprocessed() const noexcept { return !head_sent_ || error_ == Http2Error::refused_stream; }

/// Nothing is lost when the request goes out again, and it can.
bool Http2Call::judge_repeatable() const noexcept {
  if (!closed_ || source_failed_ || taken_ > 0 || refusal_) return false;
  if (unprocessed() || http1_required()) return true;
  return lost_ && reused_ && interim_ == 0 && request_->idempotent && connection_.blame().empty();
}

TimePoint Http2Call::answer_due() const noexcept { return (absolute_ ? started_ : Clock::now()) + silence_; }

// --- the request ------------------------------------------------------------------------------------

void Http2Call::begin(const OutgoingRequest& request, TimePoint started) {
  upload_ = Task<void>();
  request_ = &request;
  source_ = request.has_body ? request.stream : nullptr;
  idle_limit_ = request.idle_limit;
  started_ = started;
  fault_ = Fault{};
  refusal_ = nullptr;
  error_ = Http2Error::none;
  held_ = taken_ = 0;
  interim_ = 0;
  busy_ = true;
  reused_ = connection_.has_answered();
  has_head = head_sent_ = request_sent_ = source_failed_ = body_ended_ = end_told_ = closed_ = lost_ = late_ = repeatable_ = false;
  absolute_ = request.timeout_is_endpoints && request.timeout.count() > 0;
  silence_ = request.timeout.count() > 0 ? request.timeout : loop_.config.backend_timeout;
  out = out_trailers = {};
  out_is_last = out_waits = false;
}

/// The head goes out, and what there is of the body.
bool Http2Call::submit() {
  OutFraming framing;
  if (source_) {
    const auto length = source_->length();
    if (length) framing = {Framing::length, *length};
    out = source_->buffered();
    held_ = out.size();
    out_is_last = source_->ended();
  } else {
    if (request_->has_body) framing = {Framing::length, request_->bytes.size()};
    if (request_->has_body) out = request_->bytes;
    out_is_last = true;
  }
  const bool sends_body = !(out.empty() && out_is_last);
  if (connection_.send(*this, *request_, framing, sends_body)) return true;
  closed_ = true;
  return false;
}

Task<bool> Http2Call::exchange(const OutgoingRequest& request, TimePoint started) {
  begin(request, started);
  const bool uploads = submit() && !out_is_last;
  if (uploads) upload_ = upload();
  const bool answered = co_await receive_head();
  if (answered) {
    if (!uploads && out.empty()) take(held_);
    co_return true;
  }
  upload_ = Task<void>();
  repeatable_ = judge_repeatable();
  co_return false;
}

/// Bytes of the stream that went out; they cannot be had again from here.
void Http2Call::take(std::size_t bytes) {
  held_ = 0;
  if (bytes == 0) return;
  source_->consume(bytes);
  taken_ += bytes;
}

/// Sends the rest of the body while the answer is awaited or read. Nobody awaits this task.
Task<void> Http2Call::upload() {
  try {
    co_await upload_rest();
  } catch (const std::exception& error) {
    give_up_upload(Fault(code::kSendIo, error.what()));
  }
}

/// The request cannot become whole: whoever reads the answer is told.
void Http2Call::give_up_upload(Fault fault) {
  source_failed_ = true;
  fault_ = std::move(fault);
  fault_.sent = fault_.of_body = true;
  connection_.wake_later(*this);
}

Task<void> Http2Call::upload_rest() {
  BodySource& source = *source_;
  for (;;) {
    while (!out.empty()) co_await upload_place_.wait();
    const bool was_last = out_is_last;
    take(held_);
    if (was_last) co_return;
    if (source.buffered().empty() && !source.ended()) {
      const BodySource::Status status = co_await source.fill();
      if (status == BodySource::Status::failed) {
        give_up_upload(source.fault());
        co_return;
      }
    }
    out = source.buffered();
    held_ = out.size();
    out_is_last = source.ended();
    if (out_is_last) out_trailers = source.trailers();
    if (out_waits) connection_.resume_body(*this);
  }
}

// --- what the frames say; only noted, as nothing may be sent from within ------------------------------

bool Http2Call::head(std::string_view text) {
  const auto refuse = [this](const char* reason) {
    refusal_ = reason;
    connection_.wake_later(*this);
    return false;
  };
  if (text.empty()) return refuse("bad_field");
  if (request_ && request_->head_limit > 0 && text.size() > request_->head_limit)
    return refuse("the head of the answer is larger than maxHeaderSize");
  text_.assign(text);
  parser_.reset();
  std::size_t consumed = 0;
  const std::string_view method = request_ ? request_->method : std::string_view();
  if (parser_.response(text_, method, head_, consumed) != Parse::done) return refuse(parser_.refusal().reason);
  if (head_.status >= 200) {
    has_head = true;
    trailers_.begin(head_.fields.get("content-type").value_or(""));
  }
  if (!has_head && ++interim_ > kInterimAnswers) return refuse("it sends interim answers that nobody asked for");
  connection_.wake_later(*this);
  return true;
}

void Http2Call::received(std::string_view bytes) {
  body_.append(bytes);
  connection_.wake_later(*this);
}

void Http2Call::received_all() {
  body_ended_ = true;
  connection_.wake_later(*this);
}

void Http2Call::taken() { connection_.wake_later(*this); }

void Http2Call::sent_all() { request_sent_ = true; }

void Http2Call::closed(Http2Error error) {
  if (std::exchange(closed_, true)) return;
  error_ = error;
  connection_.wake_later(*this);
}

void Http2Call::lost() {
  lost_ = !closed_;
  closed(Http2Error::none);
}

void Http2Call::wake() {
  upload_place_.wake();
  answer_place_.wake();
}

void Http2Call::late() {
  late_ = true;
  answer_place_.wake();
}

// --- the answer -------------------------------------------------------------------------------------

Task<bool> Http2Call::receive_head() {
  for (;;) {
    if (has_head) co_return true;
    if (source_failed_) co_return false;
    if (closed_ || refusal_) co_return fail_closed();
    late_ = false;
    timer_.set(answer_due());
    co_await answer_place_.wait();
    timer_.clear();
    if (late_ && !has_head && !closed_) co_return fail_late();
  }
}

Task<BodySource::Status> Http2Call::fill() {
  for (;;) {
    if (!body_.front().empty()) co_return Status::more;
    if (body_ended_) {
      end_told_ = true;
      co_return Status::end;
    }
    if (source_failed_) co_return Status::failed;
    if (closed_) break;
    late_ = false;
    timer_.set(Clock::now() + silence_);
    co_await answer_place_.wait();
    timer_.clear();
    if (!late_ || !body_.front().empty() || body_ended_) continue;
    leave_if_dead();
    fail(code::kTimeout, false, "Timeout in the body of the answer");
    co_return Status::failed;
  }
  const bool violation = is_violation(error_) || (lost_ && !connection_.blame().empty());
  if (violation) fail(code::kProtocol, false, "The body of the answer is malformed");
  else fail(code::kClosed, false, "The back end ended the connection within its answer");
  co_return Status::failed;
}

void Http2Call::consume(std::size_t bytes) noexcept {
  body_.consume(bytes);
  connection_.consumed(*this, bytes);
}

std::size_t Http2Call::drop_body() noexcept {
  const std::size_t left = body_.size();
  body_.clear();
  return left;
}

std::optional<std::uint64_t> Http2Call::length() const noexcept {
  if (head_.framing != Framing::length) return std::nullopt;
  return head_.length;
}

// --- afterwards -------------------------------------------------------------------------------------

void Http2Call::release() noexcept {
  if (!std::exchange(busy_, false)) return;
  upload_ = Task<void>();
  timer_.clear();
  request_ = nullptr;
  source_ = nullptr;
  out = out_trailers = {};
  out_is_last = false;
  if (!closed_) connection_.reset(*this, Http2Error::cancel);
  connection_.finished(*this, idle_limit_);
}

}  // namespace myelin::http
