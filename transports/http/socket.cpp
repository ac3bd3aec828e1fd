// Operations on a socket of the poller.

#include "transports/http/socket.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace myelin::http {

namespace asio = boost::asio;

namespace {

constexpr int kUnsent = 32 * 1024;  // bytes in the kernel that nobody has taken (REL-130)
constexpr std::size_t kTogether = 4096;  // parts up to this are copied together: cheaper than sendmsg

/// A system call as it is: libc's functions would look each time whether the thread is to be cancelled.
template <class... Arguments>
ssize_t call(long number, Arguments... arguments) noexcept {
  ssize_t result;
  while ((result = ::syscall(number, arguments...)) < 0 && errno == EINTR) {
  }
  return result;
}

}  // namespace

bool Socket::adopt(int descriptor) {
  descriptor_ = descriptor;
  readable_ = over_ = false;
  if (!poller_.add(descriptor, *this)) {
    ::close(std::exchange(descriptor_, -1));
    return false;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Else a peer that takes nothing makes the kernel hold megabytes, which no limit of ours sees.
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
  return true;
}

/// The descriptor is watched only when it connects: before, it has a hang-up to tell.
bool Socket::begin_connect(const asio::ip::tcp::endpoint& to) {
  close();
  const int descriptor = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool begun =
      ::connect(descriptor, to.data(), static_cast<socklen_t>(to.size())) == 0 || errno == EINPROGRESS;
  if (!begun) {
    ::close(descriptor);
    return false;
  }
  if (!adopt(descriptor)) return false;
  start_wait_writable();
  return true;
}

bool Socket::connect_succeeded() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// --- what the poller tells ----------------------------------------------------------------------------

void Socket::heard(std::uint32_t events) noexcept {
  constexpr std::uint32_t kOver = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kOver)) != 0) readable_ = true;
  if ((events & kOver) != 0) over_ = true;
  if (wait_ == State::pending && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    wait_ = State::over;
    wait_event_ = Event::ready;
  }
  if (read_ == State::pending && readable_) receive();
  if (read_ == State::over || wait_ == State::over) poller_.let_work(*this);
}

/// A peer that sent less than there was room for has sent no more, unless its end is behind that; what
/// it sends later is heard of.
void Socket::receive() noexcept {
  const std::span<char> room = owner_.room();
  if (room.empty()) {
    end_read(Event::failed);
    return;
  }
  const ssize_t got = call(SYS_recvfrom, descriptor_, room.data(), room.size(), 0, nullptr, nullptr);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = false;
    owner_.unused();
  } else if (got < 0) {
    end_read(Event::failed);
  } else if (got == 0) {
    end_read(Event::ended);
  } else {
    readable_ = over_ || static_cast<std::size_t>(got) == room.size();
    end_read(Event::ready, static_cast<std::size_t>(got));
  }
}

void Socket::end_read(Event event, std::size_t bytes) noexcept {
  read_ = State::over;
  read_event_ = event;
  received_ = bytes;
}

/// One outcome at a time, as the owner may close the socket meanwhile.
void Socket::work() {
  if (read_ == State::pending && readable_) receive();
  const bool read = read_ == State::over;
  const bool wait = wait_ == State::over;
  if (read && wait) poller_.let_work(*this);
  if (read) {
    read_ = State::none;
    owner_.read_done(read_event_, received_);
  } else if (wait) {
    wait_ = State::none;
    owner_.writable(wait_event_);
  }
}

// --- what the owner asks for --------------------------------------------------------------------------

void Socket::start_read() {
  read_ = State::pending;
  if (readable_) poller_.let_work(*this);
}

void Socket::cancel_read() {
  if (read_ != State::pending) return;
  end_read(Event::cancelled);
  poller_.let_work(*this);
}

void Socket::cancel_wait() {
  if (wait_ != State::pending) return;
  wait_ = State::over;
  wait_event_ = Event::cancelled;
  poller_.let_work(*this);
}

ssize_t Socket::send(const iovec* parts, std::size_t count) noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += parts[i].iov_len;
  if (count > 1 && bytes > kTogether) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = count;
    return call(SYS_sendmsg, descriptor_, &message, MSG_NOSIGNAL);
  }
  char together[kTogether];
  const char* data = together;
  if (count == 1) {
    data = static_cast<const char*>(parts[0].iov_base);
  } else {
    char* to = together;
    for (std::size_t i = 0; i < count; to += parts[i++].iov_len) std::memcpy(to, parts[i].iov_base, parts[i].iov_len);
  }
  return call(SYS_sendto, descriptor_, data, bytes, MSG_NOSIGNAL, nullptr, 0);
}

void Socket::shutdown_send() noexcept { ::shutdown(descriptor_, SHUT_WR); }

void Socket::reset_on_close() noexcept {
  const linger hard{1, 0};
  if (is_open()) ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Socket::close() noexcept {
  if (!is_open()) return;
  poller_.forget(*this);
  ::close(std::exchange(descriptor_, -1));
  read_ = wait_ = State::none;
}

}  // namespace myelin::http
