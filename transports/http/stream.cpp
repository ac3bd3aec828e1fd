// Reading and writing with TLS in between, deadlines, and the coroutines that wait.

#include "transports/http/stream.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>

namespace myelin::http {

namespace {

constexpr std::size_t kRecordsTogether = 64 * 1024;  // REL-130

}  // namespace

Stream::Stream(Loop& loop, Owner& owner)
    : in(loop.blocks, loop.config.limits, &loop.config.trailers),
      loop_(loop),
      owner_(owner),
      socket_(loop.poller, *this),
      read_timer_(loop.wheel, this, [](void* self) { static_cast<Stream*>(self)->read_due(); }),
      write_timer_(loop.wheel, this, [](void* self) { static_cast<Stream*>(self)->write_due(); }) {}

// --- reading --------------------------------------------------------------------------------------

std::span<char> Stream::room() noexcept {
  try {
    return tls_ ? tls_->room() : in.room();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void Stream::unused() noexcept { give_back(); }

void Stream::give_back() {
  in.release_unused();
  if (tls_) tls_->release_input();
}

void Stream::start_read() {
  if (read_state_ != ReadState::none) return;
  if (tls_ && (!tls_->ready() || tls_->has_input()) && pull_tls()) return;
  submit_read();
}

void Stream::start_idle_read(TimePoint due) {
  give_back();
  start_read();
  read_timer_.set(due);
}

void Stream::submit_read() {
  read_state_ = ReadState::pending;
  cancelled_as_ = Io::failed;
  socket_.start_read();
}

void Stream::end_read(Io outcome) {
  read_state_ = ReadState::ended;
  read_outcome_ = outcome;
}

void Stream::read_done(Socket::Event event, std::size_t bytes) {
  if (loop_.ended) return;
  switch (event) {
    case Socket::Event::ready:
      received_ += bytes;
      if (!tls_) {
        in.received(bytes);
        end_read(Io::done);
        break;
      }
      tls_->received(bytes);
      if (pull_tls()) break;
      submit_read();
      return;
    case Socket::Event::ended: end_read(tls_ ? Io::failed : Io::closed); break;  // TLS ends by close_notify, or was cut
    case Socket::Event::failed: end_read(Io::failed); break;
    case Socket::Event::cancelled: end_read(cancelled_as_); break;
  }
  if (reader_) std::exchange(reader_, nullptr).resume();
  else owner_.read_unawaited();
}

/// Goes on with the handshake or decrypts. True: the read has ended.
bool Stream::pull_tls() {
  const TlsEngine::Step step = tls_->ready() ? tls_->decrypt(in) : tls_->handshake();
  flush_tls();
  switch (step) {
    case TlsEngine::Step::more: return false;
    case TlsEngine::Step::done: end_read(Io::done); break;
    case TlsEngine::Step::closed: end_read(Io::closed); break;
    case TlsEngine::Step::failed: end_read(Io::failed); break;
  }
  return true;
}

Io Stream::take_read() noexcept {
  read_state_ = ReadState::none;
  read_timer_.clear();
  return read_outcome_;
}

void Stream::cancel_read(Io outcome) {
  cancelled_as_ = outcome;
  socket_.cancel_read();
}

void Stream::read_due() { cancel_read(Io::timed_out); }

bool Stream::Read::await_ready() {
  if (idle_) stream_.give_back();
  stream_.start_read();
  return stream_.read_ended();
}

void Stream::Read::await_suspend(std::coroutine_handle<> reader) {
  assert(!stream_.reader_);
  waits_ = true;
  stream_.reader_ = reader;
  stream_.read_timer_.set(due_);
}

Io Stream::Read::await_resume() noexcept {
  waits_ = false;
  return stream_.take_read();
}

Stream::Read::~Read() {
  if (!waits_) return;
  stream_.reader_ = nullptr;
  stream_.read_timer_.clear();
}

// --- writing --------------------------------------------------------------------------------------

/// Sends what the socket takes now. False: the connection is broken.
bool Stream::send_some(std::span<std::string_view> texts, bool& blocked) {
  for (;;) {
    iovec parts[3];
    std::size_t count = 0;
    for (std::string_view text : texts)
      if (!text.empty()) parts[count++] = {const_cast<char*>(text.data()), text.size()};
    if (count == 0) return true;
    const ssize_t sent = socket_.send(parts, count);
    if (sent < 0) {
      blocked = errno == EAGAIN || errno == EWOULDBLOCK;
      return blocked;
    }
    written_ += static_cast<std::uint64_t>(sent);
    std::size_t left = static_cast<std::size_t>(sent);
    for (std::string_view& text : texts) {
      const std::size_t bytes = std::min(left, text.size());
      text.remove_prefix(bytes);
      left -= bytes;
    }
  }
}

/// Sends what TLS has to send itself, and what the socket did not take before.
bool Stream::send_records(bool& blocked) {
  std::string_view output[1] = {tls_->output()};
  const bool sound = send_some(output, blocked);
  tls_->sent(tls_->output().size() - output[0].size());
  return sound;
}

/// Several records go out together, from memory of the thread that is still near; what the socket does not take is kept.
bool Stream::send_encrypted(std::span<std::string_view> texts, bool& blocked) {
  thread_local std::string records;
  const auto left = [&] { return std::any_of(texts.begin(), texts.end(), [](auto text) { return !text.empty(); }); };
  if (!send_records(blocked)) return false;
  while (!blocked && left()) {
    records.clear();
    while (left() && records.size() < kRecordsTogether)
      if (!tls_->encrypt(texts, records)) return false;
    std::string_view rest[1] = {records};
    if (!send_some(rest, blocked)) return false;
    tls_->keep(rest[0]);
  }
  return true;
}

/// Goes on with a write. True: it has ended.
bool Stream::advance(Write& write) {
  bool blocked = false;
  auto& texts = write.pieces_.texts;
  const bool sound = tls_ ? send_encrypted(texts, blocked) : send_some(texts, blocked);
  if (sound && blocked) return false;
  write.outcome_ = sound ? Io::done : Io::failed;
  return true;
}

void Stream::wait_writable() {
  if (writer_) write_timer_.set(Clock::now() + writer_->idle_);
  if (std::exchange(waits_writable_, true)) return;
  socket_.start_wait_writable();
}

void Stream::send_now() {
  if (loop_.ended || !writer_) return;
  if (advance(*writer_)) std::exchange(writer_, nullptr)->handle_.resume();
  else wait_writable();
}

void Stream::writable(Socket::Event event) {
  if (loop_.ended) return;
  waits_writable_ = false;
  if (connector_) {
    connected(event);
  } else if (!writer_) {
    if (tls_) flush_tls();
  } else if (event == Socket::Event::ready && !advance(*writer_)) {
    wait_writable();
  } else {
    if (event != Socket::Event::ready) writer_->outcome_ = Io::timed_out;
    write_timer_.clear();
    std::exchange(writer_, nullptr)->handle_.resume();
  }
}

void Stream::write_due() { socket_.cancel_wait(); }

/// Records that TLS itself has to send: handshake, tickets, alerts. A writer sends them on its way.
void Stream::flush_tls() {
  if (writer_ || tls_->output().empty()) return;
  bool blocked = false;
  if (!send_records(blocked)) return;  // the read side meets the broken connection
  if (blocked) wait_writable();
}

void Stream::Write::await_suspend(std::coroutine_handle<> writer) {
  assert(!stream_.writer_);
  handle_ = writer;
  stream_.writer_ = this;
  stream_.socket_.let_send();
}

Stream::Write::~Write() {
  if (stream_.writer_ != this) return;
  stream_.writer_ = nullptr;
  stream_.write_timer_.clear();
}

// --- connecting, closing ----------------------------------------------------------------------------

bool Stream::Connect::await_suspend(std::coroutine_handle<> waiter) {
  if (!stream_.socket_.begin_connect(to_)) return false;
  stream_.waits_writable_ = true;
  handle_ = waiter;
  stream_.connector_ = this;
  stream_.write_timer_.set(due_);
  return true;
}

Stream::Connect::~Connect() {
  if (stream_.connector_ != this) return;
  stream_.connector_ = nullptr;
  stream_.write_timer_.clear();
}

void Stream::connected(Socket::Event event) {
  write_timer_.clear();
  Connect& connect = *std::exchange(connector_, nullptr);
  if (event == Socket::Event::cancelled) connect.outcome_ = Io::timed_out;
  else if (event == Socket::Event::ready && socket_.connect_succeeded()) connect.outcome_ = Io::done;
  connect.handle_.resume();
}

void Stream::shutdown_send() noexcept {
  if (tls_) {
    tls_->end();
    flush_tls();
  }
  socket_.shutdown_send();
}

void Stream::close() noexcept {
  assert(!reader_ && !writer_ && !connector_);
  if (tls_ && socket_.is_open()) {
    tls_->end();
    flush_tls();
  }
  socket_.close();
  tls_.reset();
  in.release();
  read_timer_.clear();
  write_timer_.clear();
  read_state_ = ReadState::none;
  waits_writable_ = false;
}

void Stream::abort() noexcept {
  socket_.reset_on_close();
  tls_.reset();
  close();
}

void Stream::forget() noexcept {
  reader_ = nullptr;
  writer_ = nullptr;
  connector_ = nullptr;
  socket_.close();
}

}  // namespace myelin::http
