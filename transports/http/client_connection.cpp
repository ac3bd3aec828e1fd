// The life of a client connection: handshake, then exchange after exchange.

#include "transports/http/client_connection.hpp"

#include <fmt/format.h>

#include "engine/base/log.hpp"
#include "transports/http/waiting_place.hpp"

namespace myelin::http {

namespace {

constexpr Duration kLastChance{1'000};           // for another request, while the shard drains
constexpr Duration kLinger{2'000};               // REL-039
constexpr std::size_t kLingerBytes = 64 * 1024;
constexpr int kReceiveIo = 101001;               // receiver I/O error receiving

/// What an HTTP/2 connection begins with is no request of HTTP/1, so looking for it costs others nothing.
constexpr std::string_view kHttp2Opening = "PRI * HTTP/2.0\r\n";

}  // namespace

ClientConnection::ClientConnection(Loop& loop, Clients& clients)
    : loop_(loop), clients_(clients), stream_(loop, *this), parser_(loop.config.limits) {}

void ClientConnection::start(const boost::asio::ip::tcp::endpoint& remote, std::string_view local, int descriptor,
                             const Entrance& entrance) {
  const auto address = remote.address();
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  using boost::asio::ip::v4_mapped;
  remote_ = mapped ? make_address_v4(v4_mapped, address.to_v6()).to_string() : address.to_string();
  local_ = local;
  tls_ = entrance.tls;
  entrance_ = &entrance;
  origin_ = Origin{};
  origin_.remote = remote_;
  origin_.local = local_;
  origin_.tls = tls_ != nullptr;
  origin_.client_auth = tls_ && static_cast<const TlsServerContext&>(*tls_).client_auth;
  requests_ = 0;
  idle_ = answered_ = false;
  broken_ = !stream_.adopt(descriptor);
  if (tls_) stream_.use_tls(static_cast<const TlsServerContext&>(*tls_));
  task_ = run();
}

Task<void> ClientConnection::run() {
  try {
    bool more = co_await shake_hands();
    while (more) {
      more = co_await exchange();
      message_.reset();
    }
    if (http2_) co_await serve_http2();
  } catch (const std::exception& error) {  // memory ran out between exchanges
    log::error("http", fmt::format("connection of {}: {}", remote_, error.what()));
    broken_ = true;
  }
  http2_.reset();
  message_.reset();
  message_.arena.release();
  std::string().swap(out_);
  place = AddressPlace();  // who sees the end may come again
  if (broken_) stream_.abort();
  else stream_.close();
  tls_.reset();
  clients_.gone(*this);
}

Task<bool> ClientConnection::shake_hands() {
  if (!tls_ || broken_) co_return !broken_;
  const TimePoint due = Clock::now() + loop_.config.handshake_timeout;
  const Io outcome = co_await stream_.handshake(due);
  if (outcome != Io::done && log::enabled(log::Severity::debug))
    log::debug("http", fmt::format("TLS handshake with {} failed: {}", remote_, stream_.tls()->problem()));
  if (outcome != Io::done) {
    loop_.counters.handshakes_failed.add();
    co_return false;
  }
  origin_.server_name = stream_.tls()->server_name();
  if (stream_.tls()->protocol() != "h2") co_return true;
  switch_to_http2();
  co_return false;
}

Task<void> ClientConnection::serve_http2() {
  broken_ = false;
  const bool sound = co_await http2_->run();
  if (sound) co_await linger();
  else broken_ = true;
}

Task<bool> ClientConnection::exchange() {
  answered_ = complete_ = broken_ = false;
  const bool received = co_await receive_head();
  if (!received) co_return false;
  if (!management()) loop_.exchange_begins();
  int failed = 0;
  if (sheds()) {
    co_await shed();
  } else {
    try {
      co_await entrance_->pipeline->serve(message_, *this);
    } catch (const std::exception&) {
      failed = failed_status(message_);
    }
  }
  if (failed != 0) co_await fail(failed);
  report(note_.report(message_, complete_));
  if (!management()) loop_.exchange_ends(complete_);
  message_.reset();
  if (!complete_) broken_ = true;
  if (broken_) co_return false;
  if (body_done()) co_return keep_alive_;
  bool skipped = false;
  if (keep_alive_) skipped = co_await skip_body();
  else co_await linger();
  co_return skipped;
}

// --- the request ------------------------------------------------------------------------------------

Task<bool> ClientConnection::receive_head() {
  Inbound& in = stream_.in;
  in.next_message();
  parser_.reset();
  TimePoint head_due = kNever;
  for (;;) {
    if (const std::string_view raw = in.raw(); !raw.empty()) {
      std::size_t consumed = 0;
      const Parse parse = parser_.request(raw, head_, consumed);
      if (parse == Parse::done) {
        take_request(consumed);
        const Refusal refusal = misdirected(head_, message_.headers, origin_, loop_.config.via);
        if (refusal.status == 0) co_return true;
        co_await refuse(refusal.status, refusal.reason, note_.request_line);
        co_return false;
      }
      if (parse == Parse::bad && may_switch() && raw.starts_with(kHttp2Opening)) {
        switch_to_http2();
        co_return false;
      }
      if (head_due == kNever) {
        note_.began = Clock::now();
        head_due = note_.began + loop_.config.head_timeout;
      }
      if (parse == Parse::bad) {
        co_await refuse(parser_.refusal().status, parser_.refusal().reason, first_line(raw));
        co_return false;
      }
    }
    idle_ = head_due == kNever;
    Io outcome;
    if (idle_) {
      const Duration patience = requests_ == 0 ? loop_.config.head_timeout : loop_.config.keep_alive;
      outcome = co_await stream_.read_idle(Clock::now() + (loop_.draining ? kLastChance : patience));
    } else {
      outcome = co_await stream_.read(head_due);
    }
    const bool was_idle = std::exchange(idle_, false);
    if (outcome == Io::timed_out && !was_idle) co_await refuse(408, "head_timeout", first_line(in.raw()));
    if (outcome != Io::done) co_return false;
  }
}

void ClientConnection::take_request(std::size_t consumed) {
  Inbound& in = stream_.in;
  const std::string_view text = in.raw().substr(0, consumed);
  const char* copied = message_.copy(text).data();
  rebase(head_, text, copied);
  in.eat(consumed);
  in.begin_body(head_.framing, head_.length, head_.content_type);
  ++requests_;
  expect_continue_ = head_.expect_continue;
  body_wanted_ = false;
  keep_alive_ = head_.keep_alive;
  rate_.begin();

  const bool has_body = head_.framing == Framing::chunked || head_.length > 0;
  if (head_.accepts_trailers) head_.accepts_trailers = may_bring_trailers(head_.content_type, loop_.config.trailers);
  fill_message(message_, head_, origin_, has_body ? this : nullptr);
  if (entrance_->observer) {
    const char* start = head_.method.data();
    note_.begin(first_line({start, static_cast<std::size_t>(copied + consumed - start)}), message_.headers);
  }
}

/// From now on frames are spoken; what was received of them is still there.
void ClientConnection::switch_to_http2() {
  http2_ = std::make_unique<Http2Connection>(loop_, stream_, origin_, *entrance_);
}

Task<void> ClientConnection::refuse(int status, const char* reason, std::string_view request_line) {
  loop_.counters.refused.add();
  log::warn("http", fmt::format("refused a request of {}: {} {}", remote_, status, reason));
  const Reply reply = refused(status);
  const ReplyContext context{loop_.config.server_name, false, false, nullptr};
  const OutFraming framing{Framing::length, 0};
  out_.clear();
  write_reply_head(reply, framing, context, out_);
  const Pieces pieces{std::string_view(out_)};
  const Io outcome = co_await stream_.write(pieces, loop_.config.write_idle);
  complete_ = outcome == Io::done;
  ExchangeReport told;
  told.request_line = request_line;
  told.status = status;
  told.complete = complete_;
  told.took = Clock::now() - note_.began;
  report(told);
  if (complete_) co_await linger();
}

// --- what the observer is told ------------------------------------------------------------------------

void ClientConnection::report(ExchangeReport told) {
  if (!entrance_->observer) return;
  told.client = remote_;
  told.received = stream_.take_received();
  told.sent = stream_.written();
  stream_.start_count();
  entrance_->observer->ended(told);
}

/// Lets the client read the last answer: a reset could overtake it (REL-039).
Task<void> ClientConnection::linger() {
  stream_.shutdown_send();
  const TimePoint due = Clock::now() + kLinger;
  std::size_t dropped = 0;
  Inbound& in = stream_.in;
  while (dropped < kLingerBytes) {
    in.next_message();
    dropped += in.raw().size();
    in.eat(in.raw().size());
    const Io outcome = co_await stream_.read(due);
    if (outcome != Io::done) co_return;
  }
  // It sends on: that is not read any more, but a connection that ends with bytes unread is reset.
  WaitingPlace over;
  Timer timer(loop_.wheel, &over, [](void* to) { static_cast<WaitingPlace*>(to)->wake(); });
  timer.set(due);
  co_await over.wait();
}

// --- the request body -------------------------------------------------------------------------------

void ClientConnection::consume(std::size_t bytes) noexcept {
  body_wanted_ = true;
  stream_.in.consume(bytes);
}

std::optional<std::uint64_t> ClientConnection::length() const noexcept {
  if (head_.framing != Framing::length) return std::nullopt;
  return head_.length;
}

BodySource::Status ClientConnection::body_failed(int status, const char* text) {
  fault_ = Fault(kReceiveIo, text);
  fault_.status = status;
  keep_alive_ = false;
  return Status::failed;
}

Task<BodySource::Status> ClientConnection::fill() {
  Inbound& in = stream_.in;
  body_wanted_ = true;
  if (std::exchange(expect_continue_, false) && !answered_) {  // REL-076
    const Pieces pieces("HTTP/1.1 100 Continue\r\n\r\n");
    const Io outcome = co_await stream_.write(pieces, loop_.config.write_idle);
    if (outcome != Io::done)
      co_return body_failed(400, "The client is gone");
  }
  for (;;) {
    in.decode();
    if (in.bad()) co_return body_failed(400, in.reason());
    if (!in.body().empty()) co_return Status::more;
    if (in.ended()) {
      in.tell_end();
      co_return Status::end;
    }
    const std::size_t before = in.raw().size();
    const Duration window = loop_.config.body_idle;
    const TimePoint due = rate_.wait(Clock::now(), window);
    const Io outcome = co_await stream_.read(due);
    rate_.waited(Clock::now(), outcome == Io::done ? in.raw().size() - before : 0);
    if (outcome == Io::done) continue;
    if (outcome != Io::timed_out) co_return body_failed(400, "The client ended the connection within its request");
    if (!rate_.enough(window, loop_.config.body_min_rate)) {
      loop_.counters.refused.add();
      co_return body_failed(408, "Timeout while waiting for the body of the request");
    }
  }
}

/// What nobody read of a body that is small enough to keep the connection for.
Task<bool> ClientConnection::skip_body() {
  std::size_t dropped = 0;
  while (dropped <= kLingerBytes) {
    dropped += buffered().size();
    consume(buffered().size());
    if (ended()) co_return true;
    const Status status = co_await fill();
    if (status == Status::failed) co_return false;
  }
  co_return false;
}

// --- the answer -------------------------------------------------------------------------------------

/// REL-132: the client is told to come again.
Task<void> ClientConnection::shed() {
  loop_.counters.shed.add();
  const Headers again = come_again();
  Reply reply = busy(again);
  reply.close = true;
  co_await this->reply(reply);
}

/// True: the server is under such pressure that the request is not to be served.
bool ClientConnection::sheds() {
  const Pressure level = entrance_->pressure(loop_.config.gauge.get());
  if (level >= Pressure::no_keep_alive) keep_alive_ = false;
  return level >= Pressure::no_new_work;
}

/// The pipeline has thrown.
Task<void> ClientConnection::fail(int status) {
  Reply reply;
  reply.status = status;
  reply.close = true;
  co_await this->reply(reply);
}

bool ClientConnection::may_keep_alive(const Reply& reply) {
  if (!keep_alive_ || reply.close || loop_.draining || requests_ >= loop_.config.keep_alive_requests) return false;
  if (body_done() || stream_.in.ended()) return true;
  // A body that is still arriving: one that somebody reads is an upload overtaken by its answer
  // (REL-075), one that waits for 100 may never come; of others a small rest is read away. Chunks that are
  // not here yet may become any size.
  if (body_wanted_ || expect_continue_) return false;
  if (head_.framing != Framing::chunked) return head_.length <= kLingerBytes;
  stream_.in.decode();
  return stream_.in.ended();
}

Task<bool> ClientConnection::reply(const Reply& wanted) {
  if (answered_ || broken_) co_return false;
  answered_ = true;
  const Reply reply = sound(wanted);
  note_.status = reply.status;
  const bool head_only = message_.incoming.method == "HEAD";
  const ReplyShape shape = shape_of(reply, head_only, head_.http10 ? Framing::until_close : Framing::chunked);
  const bool sends_body = shape.sends_body;
  const OutFraming& framing = shape.framing;
  keep_alive_ = may_keep_alive(reply) && !(sends_body && framing.kind == Framing::until_close);

  const ReplyContext context{loop_.config.server_name, keep_alive_, head_.http10, &message_.identity};
  out_.clear();
  write_reply_head(reply, framing, context, out_);
  BodySource* const source = sends_body ? reply.stream : nullptr;
  const bool chunked = framing.kind == Framing::chunked;
  const bool whole = !source || source->ended();
  const Pieces pieces = source ? next_pieces(*source, chunked) : Pieces(out_, sends_body ? reply.bytes : std::string_view{});
  const std::size_t body = pieces.texts[1].size();
  const Io outcome = co_await stream_.write(pieces, loop_.config.write_idle);
  complete_ = outcome == Io::done;
  if (complete_) note_.body += body;
  if (complete_ && source) source->consume(body);
  if (complete_ && !whole) complete_ = co_await write_rest(*source, chunked);
  broken_ = !complete_;
  co_return complete_;
}

/// What is in out_ and, behind it, what there is of a body.
Pieces ClientConnection::next_pieces(BodySource& source, bool chunked) {
  const std::string_view slice = source.buffered();
  const bool last = source.ended();
  std::string_view tail;
  if (chunked && !slice.empty()) {
    char size[20];
    out_.append(size, chunk_header(slice.size(), size));
    tail = last ? "\r\n0\r\n\r\n" : "\r\n";
  } else if (chunked && last) {
    tail = "0\r\n\r\n";
  }
  if (chunked && last && message_.incoming.accepts_trailers && !source.trailers().empty())
    tail = with_trailers(tail, source.trailers(), end_);
  return Pieces(out_, slice, tail);
}

/// The body as it comes, after the first of it went out with the head. False: the client is gone, or the body
/// failed midway and the client must see that (REL-072).
Task<bool> ClientConnection::write_rest(BodySource& source, bool chunked) {
  for (bool last = false; !last;) {
    const Status status = co_await source.fill();
    if (status == Status::failed) co_return false;
    out_.clear();
    last = source.ended();
    const Pieces pieces = next_pieces(source, chunked);
    const std::size_t size = pieces.texts[1].size();
    const Io outcome = co_await stream_.write(pieces, loop_.config.write_idle);
    if (outcome != Io::done) co_return false;
    note_.body += size;
    source.consume(size);
  }
  co_return true;
}

// --- the end ----------------------------------------------------------------------------------------

/// A request may be on its way on a connection that is kept, as on one that has just been made: it is heard, and
/// its answer says that it is the last (REL-157, REL-158).
void ClientConnection::drain() {
  if (http2_) http2_->drain();
  else if (idle_) stream_.postpone_read(Clock::now() + kLastChance);
}

void ClientConnection::forget() noexcept {
  task_ = Task<void>();
  http2_.reset();
  stream_.forget();
}

}  // namespace myelin::http
