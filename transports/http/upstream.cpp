// The exchange with a backend over one connection.

#include "transports/http/upstream.hpp"

#include "engine/base/log.hpp"
#include "transports/http/heads.hpp"
#include "transports/http/pool.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kCollectLimit = std::size_t{64} << 20;  // REL-017

/// Positions in Synapse's list of connection states, added to codes (endpoints reference, 3.8).
constexpr int kRequestBody = 2;
constexpr int kRequestDone = 3;

}  // namespace

Upstream::Upstream(Loop& loop, Pool& pool)
    : stream(loop, *this), loop_(loop), pool_(pool), parser_(loop.config.limits) {}

std::string_view Upstream::backend() const noexcept { return target ? std::string_view(target->address) : std::string_view{}; }

// --- faults -----------------------------------------------------------------------------------------

bool Upstream::fail(int base, bool shifted, std::string text) {
  fault_ = Fault(base, std::move(text));
  if (shifted) fault_.code += request_sent_ ? kRequestDone : kRequestBody;
  fault_.sent = stream.written() > 0;
  return false;
}

/// The connection ended, or stayed silent, before the answer's head was there.
bool Upstream::fail(Io outcome) {
  switch (outcome) {
    case Io::timed_out:
      if (absolute_) return fail(code::kTimeout, false, "Send timeout");
      return fail(code::kTimeout, true, "Timeout while waiting for the answer of the back end");
    case Io::closed: return fail(code::kClosed, true, "The back end closed the connection before it answered");
    default: return fail(code::kSendIo, true, "I/O error while waiting for the answer of the back end");
  }
}

TimePoint Upstream::answer_due() const noexcept {
  return (absolute_ ? started_ : Clock::now()) + silence_;
}

// --- the request ------------------------------------------------------------------------------------

void Upstream::begin(const OutgoingRequest& request, TimePoint started) {
  request_ = &request;
  source_ = request.stream;
  idle_limit_ = request.idle_limit;
  started_ = started;
  fault_ = Fault{};
  out_.clear();
  held_ = taken_ = 0;
  chunked_ = collected_ = whole_sent_ = request_sent_ = write_failed_ = source_failed_ = stale_ = false;
  close_ = request.close || request.http10;
  absolute_ = request.timeout_is_endpoints && request.timeout.count() > 0;
  silence_ = request.timeout.count() > 0 ? request.timeout : loop_.config.backend_timeout;
  parser_.reset();
  stream.start_count();
  stream.lift_idle_due();
}

Task<bool> Upstream::exchange(const OutgoingRequest& request, TimePoint started) {
  begin(request, started);
  if (request.stream && !request.stream->length() && (request.http10 || request.force_length)) {
    const bool whole = co_await collect();
    if (!whole) co_return false;
  }
  const Pieces pieces = beginning();
  const Io written = co_await stream.write(pieces, silence_);
  if (!begun(written)) co_return false;
  if (!whole_sent_) upload_ = upload();
  int interim = 0;
  for (;;) {
    const Parse head = read_head(interim);
    if (head == Parse::done) co_return true;
    if (head == Parse::bad || source_failed_) break;
    const Io outcome = co_await stream.read(answer_due());
    if (source_failed_ || (outcome != Io::done && !fail(outcome))) break;
  }
  upload_ = Task<void>();
  const bool dead = reused && interim == 0 && stream.in.raw().empty() && !source_failed_ && fault_.base_code != code::kTimeout;
  stale_ = dead && taken_ == 0 && (stream.written() == 0 || request.idempotent);
  if (!stale_ && stream.written() > 0) take(held_);
  co_return false;
}

/// Reads the whole body of unknown length for a backend that has to be told it.
Task<bool> Upstream::collect() {
  BodySource& source = *source_;
  collected_ = true;
  whole_.assign(request_->bytes);
  for (;;) {
    const std::string_view slice = source.buffered();
    if (whole_.size() + slice.size() > kCollectLimit) {
      fail(code::kSendIo, false, "The body is too large to be sent with its length");
      fault_.status = 413;
      fault_.of_body = true;
      co_return false;
    }
    const bool last = source.ended();
    whole_ += slice;
    take(slice.size());
    if (last) break;
    const BodySource::Status status = co_await source.fill();
    if (status == BodySource::Status::failed) {
      fault_ = source.fault();
      fault_.of_body = true;
      co_return false;
    }
    if (status == BodySource::Status::end) break;
  }
  co_return true;
}

/// Bytes of the stream that went out; they cannot be had again from here.
void Upstream::take(std::size_t bytes) {
  if (bytes == 0) return;
  BodySource& source = *source_;
  source.consume(bytes);
  taken_ += bytes;
  held_ = 0;
}

/// The head and what there is of the body, for one write.
Pieces Upstream::beginning() {
  const OutgoingRequest& request = *request_;
  BodySource* source = collected_ ? nullptr : source_;
  OutFraming framing;
  std::string_view slice = collected_ ? std::string_view(whole_) : request.bytes;
  if (request.has_body && source) {
    const auto length = source->length();
    chunked_ = !length;
    framing.kind = chunked_ ? Framing::chunked : Framing::length;
    framing.length = length.value_or(0);
    if (slice.empty()) {
      slice = source->buffered();
      held_ = slice.size();
    }
  } else if (request.has_body) {
    framing.kind = Framing::length;
    framing.length = slice.size();
  } else {
    slice = {};
  }
  const bool all_here = source && source->ended() && slice.size() == held_ && held_ == source->buffered().size();
  whole_sent_ = !request.has_body || !source || all_here;
  write_request_head(request, framing, loop_.config.via, out_);
  std::string_view tail;
  if (chunked_) {
    if (!slice.empty()) {
      char size[20];
      out_.append(size, chunk_header(slice.size(), size));
      tail = whole_sent_ ? "\r\n0\r\n\r\n" : "\r\n";
    } else if (whole_sent_) {
      tail = "0\r\n\r\n";
    }
  }
  return Pieces(out_, slice, tail);
}

/// After the first write. False: it is no use to wait for an answer.
bool Upstream::begun(Io written) {
  if (written == Io::timed_out) return fail(written);
  write_failed_ = written != Io::done;  // there may be an answer nevertheless
  request_sent_ = whole_sent_ && !write_failed_;
  if (write_failed_) whole_sent_ = true;
  return true;
}

/// Sends the rest of the body while the answer is awaited or read. Nobody awaits this task.
Task<void> Upstream::upload() {
  try {
    co_await upload_rest();
  } catch (const std::exception& error) {
    give_up_upload(Fault(code::kSendIo, error.what()));
  }
}

/// The request cannot become whole: whoever reads the answer is told.
void Upstream::give_up_upload(Fault fault) {
  source_failed_ = true;
  fault_ = std::move(fault);
  fault_.sent = fault_.of_body = true;
  stream.cancel_read(Io::failed);
}

Task<void> Upstream::upload_rest() {
  BodySource& source = *source_;
  std::string end;
  take(held_);
  for (;;) {
    if (source.buffered().empty() && !source.ended()) {
      const BodySource::Status status = co_await source.fill();
      if (status == BodySource::Status::failed) {
        give_up_upload(source.fault());
        co_return;
      }
    }
    const std::string_view slice = source.buffered();
    const bool last = source.ended();
    char size[20];
    const std::size_t size_length = chunked_ && !slice.empty() ? chunk_header(slice.size(), size) : 0;
    std::string_view tail;
    if (chunked_) tail = slice.empty() ? "" : "\r\n";
    if (chunked_ && last) tail = slice.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    if (chunked_ && last && !source.trailers().empty()) tail = with_trailers(tail, source.trailers(), end);
    const Pieces pieces(std::string_view(size, size_length), slice, tail);
    const Io outcome = co_await stream.write(pieces, silence_);
    if (outcome != Io::done) {
      write_failed_ = true;
      co_return;
    }
    take(slice.size());
    if (last) break;
    if (!absolute_) stream.postpone_read(Clock::now() + silence_);
  }
  request_sent_ = true;
}

// --- the answer -------------------------------------------------------------------------------------

/// Takes what has come of the answer's head; `interim` counts answers before the real one. bad: see fault_.
Parse Upstream::read_head(int& interim) {
  Inbound& in = stream.in;
  for (;;) {
    const std::string_view raw = in.raw();
    if (raw.empty()) return Parse::more;
    std::size_t consumed = 0;
    const Parse parse = parser_.response(raw, request_->method, head_, consumed);
    if (parse == Parse::more) return parse;
    if (parse == Parse::bad) return misspoken(std::string("The back end does not speak HTTP: ") + parser_.refusal().reason);
    if (request_->head_limit > 0 && consumed > request_->head_limit)
      return misspoken("The head of the answer is larger than maxHeaderSize");
    if (head_.status >= 200) {
      accept_head(consumed);
      return Parse::done;
    }
    if (head_.status == 101 || ++interim > kInterimAnswers)
      return misspoken("The back end sends interim answers that nobody asked for");
    in.eat(consumed);
  }
}

Parse Upstream::misspoken(std::string text) {
  fail(code::kProtocol, false, std::move(text));
  return Parse::bad;
}

void Upstream::accept_head(std::size_t consumed) {
  if (whole_sent_) take(held_);
  head_text_ = stream.in.raw().substr(0, consumed);
  stream.in.eat(consumed);
  stream.in.pin();
  const bool chunked = head_.framing == Framing::chunked;
  stream.in.begin_body(head_.framing, head_.length, chunked ? head_.fields.get("Content-Type").value_or("") : "");
}

Task<BodySource::Status> Upstream::fill() {
  Inbound& in = stream.in;
  for (;;) {
    in.decode();
    if (in.bad()) {
      fail(code::kProtocol, false, std::string("The body of the answer is malformed: ") + in.reason());
      co_return Status::failed;
    }
    if (!in.body().empty()) co_return Status::more;
    if (in.ended()) {
      in.tell_end();
      co_return Status::end;
    }
    if (source_failed_) co_return Status::failed;
    const Io outcome = co_await stream.read(Clock::now() + silence_);
    if (source_failed_) co_return Status::failed;
    if (outcome == Io::done) continue;
    if (outcome == Io::closed && in.end_of_input()) co_return Status::end;
    if (outcome == Io::timed_out) fail(code::kTimeout, false, "Timeout in the body of the answer");
    else fail(code::kClosed, false, "The back end ended the connection within its answer");
    co_return Status::failed;
  }
}

std::optional<std::uint64_t> Upstream::length() const noexcept {
  if (head_.framing != Framing::length) return std::nullopt;
  return head_.length;
}

// --- afterwards -------------------------------------------------------------------------------------

/// Both messages ended cleanly and both sides allow it (REL-073, REL-074).
bool Upstream::reusable() noexcept {
  Inbound& in = stream.in;
  if (!in.ended()) in.decode();
  in.consume(in.body().size());
  return request_sent_ && !write_failed_ && !source_failed_ && in.ended() && !in.bad() && in.raw().empty() &&
         head_.keep_alive && head_.framing != Framing::until_close && !close_ && !loop_.draining &&
         !stream.read_ended();
}

void Upstream::release() noexcept {
  if (!busy) return;
  if (!reusable()) {
    drop();
    return;
  }
  request_ = nullptr;
  source_ = nullptr;
  upload_ = Task<void>();
  stream.in.next_message();
  pool_.put_back(*this, head_.keep_alive_timeout);
}

void Upstream::rest(TimePoint until) {
  reused = true;
  rests_until_ = until;
  stream.start_idle_read(until);
}

void Upstream::drop() noexcept {
  upload_ = Task<void>();
  request_ = nullptr;
  source_ = nullptr;
  if (!whole_.empty()) std::string().swap(whole_);
  stream.close();
  pool_.closed(*this);
}

/// Idle connections alone: the peer closed it, said something, or its time is over (REL-073).
void Upstream::read_unawaited() {
  if (!busy && target) pool_.died(*this);
}

}  // namespace myelin::http
