// Socket operations on Asio's reactor: one pending read at most, writes tried at once.

#include "transports/http/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <cassert>
#include <cerrno>

namespace myelin::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Idle connections give their memory back after this time.
constexpr Duration kSleepAfter{2'000};

}  // namespace

// Handlers carry the stream's own memory for Asio's operation objects.
struct Stream::ReadDone {
  using allocator_type = OperationAllocator<void>;
  Stream* stream;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->read_memory_); }
  void operator()(const error_code& error, std::size_t bytes) const { stream->on_read(error, bytes); }
};

struct Stream::WakeUp {
  using allocator_type = OperationAllocator<void>;
  Stream* stream;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->read_memory_); }
  void operator()(const error_code& error) const { stream->on_wake_up(error); }
};

struct Stream::Writable {
  using allocator_type = OperationAllocator<void>;
  Stream* stream;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->write_memory_); }
  void operator()(const error_code& error) const { stream->on_writable(error); }
};

struct Stream::Connected {
  using allocator_type = OperationAllocator<void>;
  Stream* stream;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->write_memory_); }
  void operator()(const error_code& error) const { stream->on_connected(error); }
};

Stream::Stream(Loop& loop, Owner& owner)
    : in(loop.blocks, loop.config.limits),
      loop_(loop),
      owner_(owner),
      socket_(loop.io.get_executor()),
      read_timer_(loop.wheel, this, [](void* self) { static_cast<Stream*>(self)->read_due(); }),
      write_timer_(loop.wheel, this, [](void* self) { static_cast<Stream*>(self)->write_due(); }) {}

bool Stream::adopt(asio::ip::tcp protocol, int descriptor) {
  error_code error;
  socket_.assign(protocol, descriptor, error);
  if (error) return false;
  socket_.non_blocking(true, error);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

// --- reading --------------------------------------------------------------------------------------

void Stream::start_read() {
  if (read_state_ != ReadState::none) return;
  if (tls_ && (!tls_->ready() || tls_->has_input()) && pull_tls()) return;
  submit_read();
}

void Stream::start_idle_read(TimePoint due) {
  start_read();
  set_read_due(due, true);
}

void Stream::submit_read() {
  const std::span<char> room = tls_ ? tls_->room() : in.room();
  if (room.empty()) {
    end_read(Io::failed);
    return;
  }
  read_state_ = ReadState::pending;
  ++pending_;
  socket_.async_read_some(asio::buffer(room.data(), room.size()), ReadDone{this});
}

void Stream::end_read(Io outcome) {
  read_state_ = ReadState::ended;
  read_outcome_ = outcome;
  read_cancelled_.reset();
  sleepy_ = false;
}

void Stream::operation_ended() {
  if (!socket_.is_open() && pending_ == 0) owner_.quiet();
}

void Stream::on_read(const error_code& error, std::size_t bytes) {
  --pending_;
  if (loop_.ended) return;
  if (!socket_.is_open()) {
    operation_ended();
    return;
  }
  if (error == asio::error::operation_aborted && !read_cancelled_) {
    // Cancelled together with a write, or to fall asleep.
    if (std::exchange(sleepy_, false)) fall_asleep();
    else submit_read();
    return;
  }
  if (error == asio::error::operation_aborted) {
    end_read(*read_cancelled_);
  } else if (error == asio::error::eof) {
    end_read(tls_ ? Io::failed : Io::closed);  // TLS ends with close_notify, or was cut
  } else if (error) {
    end_read(Io::failed);
  } else if (tls_) {
    tls_->received(bytes);
    if (!pull_tls()) {
      sleepy_ = false;
      submit_read();
      return;
    }
  } else {
    in.received(bytes);
    end_read(Io::done);
  }
  if (reader_) std::exchange(reader_, nullptr).resume();
  else owner_.read_unawaited();
}

/// Goes on with the handshake or decrypts. True: the read has ended.
bool Stream::pull_tls() {
  const bool was_ready = tls_->ready();
  const TlsEngine::Step step = was_ready ? tls_->decrypt(in) : tls_->handshake();
  flush_tls();
  switch (step) {
    case TlsEngine::Step::more: return false;
    case TlsEngine::Step::done: end_read(Io::done); break;
    case TlsEngine::Step::closed: end_read(Io::closed); break;
    case TlsEngine::Step::failed: end_read(Io::failed); break;
  }
  return true;
}

/// Waits for readiness alone, without a buffer (REL-131).
void Stream::fall_asleep() {
  if (in.empty()) in.release();
  if (tls_) tls_->release_input();
  read_state_ = ReadState::asleep;
  ++pending_;
  socket_.async_wait(asio::socket_base::wait_read, WakeUp{this});
}

void Stream::on_wake_up(const error_code& error) {
  --pending_;
  if (loop_.ended) return;
  if (!socket_.is_open()) {
    operation_ended();
  } else if (!error) {
    submit_read();
  } else if (!read_cancelled_) {
    fall_asleep();
  } else {
    end_read(*read_cancelled_);
    if (reader_) std::exchange(reader_, nullptr).resume();
    else owner_.read_unawaited();
  }
}

Io Stream::take_read() noexcept {
  read_state_ = ReadState::none;
  read_timer_.clear();
  idle_due_ = kNever;
  return read_outcome_;
}

void Stream::cancel_read(Io outcome) {
  if (read_state_ != ReadState::pending && read_state_ != ReadState::asleep) return;
  read_cancelled_ = outcome;
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::set_read_due(TimePoint due, bool idle) {
  idle_due_ = idle ? due : kNever;
  read_timer_.set(idle ? std::min(due, Clock::now() + kSleepAfter) : due);
}

void Stream::read_due() {
  if (idle_due_ == kNever || Clock::now() >= idle_due_) {
    cancel_read(Io::timed_out);
    return;
  }
  read_timer_.set(idle_due_);
  if (read_state_ != ReadState::pending) return;
  sleepy_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

bool Stream::Read::await_ready() {
  stream_.start_read();
  return stream_.read_ended();
}

void Stream::Read::await_suspend(std::coroutine_handle<> reader) {
  assert(!stream_.reader_);
  waits_ = true;
  stream_.reader_ = reader;
  stream_.set_read_due(due_, idle_);
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
    msghdr message{};
    message.msg_iov = parts;
    for (std::string_view text : texts)
      if (!text.empty()) parts[message.msg_iovlen++] = {const_cast<char*>(text.data()), text.size()};
    if (message.msg_iovlen == 0) return true;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
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

/// Goes on with a write. True: it has ended.
bool Stream::advance(Write& write) {
  bool blocked = false;
  bool sound = true;
  if (!tls_) {
    sound = send_some(write.pieces_.texts, blocked);
  } else {
    const auto left = [&] {
      for (std::string_view text : write.pieces_.texts)
        if (!text.empty()) return true;
      return false;
    };
    while (sound && !blocked && (left() || !tls_->output().empty())) {
      if (tls_->output().empty() && !tls_->encrypt(write.pieces_.texts)) {
        sound = false;
        break;
      }
      std::string_view output[1] = {tls_->output()};
      sound = send_some(output, blocked);
      tls_->sent(tls_->output().size() - output[0].size());
    }
  }
  if (sound && blocked) return false;
  write.outcome_ = sound ? Io::done : Io::failed;
  return true;
}

void Stream::wait_writable() {
  if (writer_) write_timer_.set(Clock::now() + writer_->idle_);
  if (waits_writable_) return;
  waits_writable_ = true;
  ++pending_;
  socket_.async_wait(asio::socket_base::wait_write, Writable{this});
}

void Stream::on_writable(const error_code& error) {
  --pending_;
  waits_writable_ = false;
  if (loop_.ended) return;
  if (!socket_.is_open()) {
    operation_ended();
    return;
  }
  const bool timed_out = std::exchange(write_timed_out_, false);
  if (!writer_) {
    if (!error && tls_) flush_tls();
    return;
  }
  if (error && timed_out) {
    writer_->outcome_ = Io::timed_out;
  } else if (error || !advance(*writer_)) {  // an error: cancelled together with a read
    wait_writable();
    return;
  }
  write_timer_.clear();
  std::exchange(writer_, nullptr)->handle_.resume();
}

void Stream::write_due() {
  error_code ignored;
  if (connector_) {
    connector_->outcome_ = Io::timed_out;
    socket_.cancel(ignored);
  } else if (writer_ && waits_writable_) {
    write_timed_out_ = true;
    socket_.cancel(ignored);
  }
}

/// Records that TLS itself has to send: handshake, tickets, alerts. A writer sends them on its way.
void Stream::flush_tls() {
  if (writer_ || tls_->output().empty()) return;
  bool blocked = false;
  std::string_view output[1] = {tls_->output()};
  if (!send_some(output, blocked)) return;  // the read side meets the broken connection
  tls_->sent(tls_->output().size() - output[0].size());
  if (blocked) wait_writable();
}

bool Stream::Write::await_ready() { return stream_.advance(*this); }

void Stream::Write::await_suspend(std::coroutine_handle<> writer) {
  assert(!stream_.writer_);
  handle_ = writer;
  stream_.writer_ = this;
  stream_.wait_writable();
}

Stream::Write::~Write() {
  if (stream_.writer_ != this) return;
  stream_.writer_ = nullptr;
  stream_.write_timer_.clear();
}

// --- connecting, closing ----------------------------------------------------------------------------

bool Stream::Connect::await_suspend(std::coroutine_handle<> waiter) {
  error_code error;
  if (stream_.socket_.is_open()) stream_.socket_.close(error);
  stream_.socket_.open(to_.protocol(), error);
  if (!error) stream_.socket_.non_blocking(true, error);
  if (error) return false;
  stream_.socket_.set_option(asio::ip::tcp::no_delay(true), error);
  handle_ = waiter;
  stream_.connector_ = this;
  stream_.write_timer_.set(due_);
  ++stream_.pending_;
  stream_.socket_.async_connect(to_, Connected{&stream_});
  return true;
}

Stream::Connect::~Connect() {
  if (stream_.connector_ != this) return;
  stream_.connector_ = nullptr;
  stream_.write_timer_.clear();
}

void Stream::on_connected(const error_code& error) {
  --pending_;
  if (loop_.ended) return;
  if (!socket_.is_open() || !connector_) {
    operation_ended();
    return;
  }
  write_timer_.clear();
  Connect& connect = *std::exchange(connector_, nullptr);
  if (!error) connect.outcome_ = Io::done;
  connect.handle_.resume();
}

void Stream::shutdown_send() noexcept {
  error_code ignored;
  if (tls_) {
    tls_->end();
    flush_tls();
  }
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Stream::close() noexcept {
  assert(!reader_ && !writer_ && !connector_);
  if (tls_ && socket_.is_open() && tls_->ready()) {
    tls_->end();
    flush_tls();
  }
  error_code ignored;
  socket_.close(ignored);
  tls_.reset();
  read_timer_.clear();
  write_timer_.clear();
  read_state_ = ReadState::none;
  read_cancelled_.reset();
  sleepy_ = write_timed_out_ = false;
  in.release();
}

void Stream::abort() noexcept {
  error_code ignored;
  if (socket_.is_open()) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  tls_.reset();
  close();
}

void Stream::forget() noexcept {
  reader_ = nullptr;
  writer_ = nullptr;
  connector_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace myelin::http
