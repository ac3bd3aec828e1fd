// Operations on Asio's reactor.

#include "transports/http/socket.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>

namespace myelin::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

/// The events the reactor heard of last for a descriptor; it keeps them where other operations have
/// their result.
struct Heard final : asio::detail::operation {
  static unsigned int& of(asio::detail::reactor::per_descriptor_data data) noexcept {
    return ((asio::detail::operation*)data)->*(&Heard::task_result_);  // the only cast to a private base
  }
};

}  // namespace

Socket::Socket(asio::io_context& io, Owner& owner)
    : reactor_(asio::use_service<Reactor>(io)),
      owner_(owner),
      read_(*this, &Socket::receive, &Socket::read_completed),
      wait_(*this, &Socket::be_ready, &Socket::wait_completed) {
  reactor_.init_task();
}

bool Socket::adopt(int descriptor) {
  descriptor_ = descriptor;
  if (reactor_.register_descriptor(descriptor, data_) != 0) {
    ::close(std::exchange(descriptor_, -1));
    return false;
  }
  Heard::of(data_) = 0;
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_INQ, 1);
  return true;
}

bool Socket::begin_connect(const asio::ip::tcp::endpoint& to) {
  close();
  const int descriptor = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || !adopt(descriptor)) return false;
  if (::connect(descriptor, to.data(), static_cast<socklen_t>(to.size())) != 0 && errno != EINPROGRESS) return false;
  start_wait_writable();
  return true;
}

bool Socket::connect_succeeded() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

/// Receives once. Nothing left and no end behind it (the kernel tells by TCP_INQ, but of a reset only the
/// reactor has heard): the reactor need not try again before it hears of more.
Socket::Base::status Socket::receive(Base* base) {
  Operation& self = *static_cast<Operation*>(base);
  const std::span<char> room = self.socket.owner_.room();
  if (room.empty()) {
    self.ec_ = asio::error::no_buffer_space;
    return Base::done;
  }
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  while ((got = ::recvmsg(self.socket.descriptor_, &message, 0)) < 0 && errno == EINTR) {
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    self.socket.owner_.unused();
    return Base::not_done;
  }
  if (got < 0) {
    self.ec_ = error_code(errno, asio::error::get_system_category());
    return Base::done;
  }
  if (got == 0) {
    self.ec_ = asio::error::eof;
    return Base::done;
  }
  self.bytes_transferred_ = static_cast<std::size_t>(got);
  const cmsghdr* told = CMSG_FIRSTHDR(&message);
  int left = 1;
  if (told && told->cmsg_level == SOL_TCP && told->cmsg_type == TCP_CM_INQ)
    std::memcpy(&left, CMSG_DATA(told), sizeof left);
  const bool over = (Heard::of(self.socket.data_) & (EPOLLERR | EPOLLHUP)) != 0;
  return left == 0 && !over ? Base::done_and_exhausted : Base::done;
}

Socket::Base::status Socket::be_ready(Base*) { return Base::done; }

void Socket::start(int type, Operation& operation, bool at_once) {
  operation.ec_ = error_code();
  operation.bytes_transferred_ = 0;
  reactor_.start_op(type, descriptor_, data_, &operation, false, at_once);
}

void Socket::start_read() {
  reading_ = true;
  start(Reactor::read_op, read_, true);
}

void Socket::start_wait_writable() {
  waiting_ = true;
  start(Reactor::write_op, wait_, false);
}

void Socket::cancel(int type, Operation& operation) {
  reactor_.cancel_ops_by_key(descriptor_, data_, type, operation.cancellation_key_);
}

void Socket::cancel_read() {
  if (reading_) cancel(Reactor::read_op, read_);
}

void Socket::cancel_wait() {
  if (waiting_) cancel(Reactor::write_op, wait_);
}

Socket::Event Socket::event_of(const Operation& operation) noexcept {
  if (!operation.ec_) return Event::ready;
  if (operation.ec_ == asio::error::eof) return Event::ended;
  return operation.ec_ == asio::error::operation_aborted ? Event::cancelled : Event::failed;
}

void Socket::read_completed(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
  Operation& self = *static_cast<Operation*>(base);
  Socket& socket = self.socket;
  socket.reading_ = false;
  if (!owner) return;  // the event loop is being destroyed
  if (socket.is_open()) socket.owner_.read_done(event_of(self), self.bytes_transferred_);
  else if (!socket.pending()) socket.owner_.socket_quiet();
}

void Socket::wait_completed(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
  Operation& self = *static_cast<Operation*>(base);
  Socket& socket = self.socket;
  socket.waiting_ = false;
  if (!owner) return;
  if (socket.is_open()) socket.owner_.writable(event_of(self));
  else if (!socket.pending()) socket.owner_.socket_quiet();
}

ssize_t Socket::send(const iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  ssize_t sent;
  while ((sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  return sent;
}

void Socket::shutdown_send() noexcept { ::shutdown(descriptor_, SHUT_WR); }

void Socket::reset_on_close() noexcept {
  const linger hard{1, 0};
  if (is_open()) ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Socket::close() noexcept {
  if (!is_open()) return;
  const int descriptor = std::exchange(descriptor_, -1);
  reactor_.deregister_descriptor(descriptor, data_, true);
  ::close(descriptor);
  reactor_.cleanup_descriptor_data(data_);
}

}  // namespace myelin::http
