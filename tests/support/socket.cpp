#include "tests/support/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace myelin::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool wait_for(int descriptor, short what, Millis patience) {
  pollfd waiting{descriptor, what, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

Stream::Stream(int descriptor) : descriptor_(descriptor) {
  // OpenSSL writes without MSG_NOSIGNAL.
  [[maybe_unused]] static const auto kIgnored = ::signal(SIGPIPE, SIG_IGN);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval limit{static_cast<time_t>(kPatience.count() / 1000), 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Stream::~Stream() {
  tls_.reset();
  ::close(descriptor_);
}

std::unique_ptr<Stream> Stream::connect(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return nullptr;
  }
  return std::make_unique<Stream>(descriptor);
}

bool Stream::start_tls_server(const TlsContext& context) {
  tls_.reset(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(tls_.get(), descriptor_);
  return SSL_accept(tls_.get()) == 1;
}

bool Stream::start_tls_client(const TlsContext& context, const std::string& name) {
  tls_.reset(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(tls_.get(), descriptor_);
  if (!name.empty()) {
    SSL_set_tlsext_host_name(tls_.get(), name.c_str());
    SSL_set1_host(tls_.get(), name.c_str());
  }
  return SSL_connect(tls_.get()) == 1;
}

bool Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ ? static_cast<ssize_t>(SSL_write(tls_.get(), bytes.data(), static_cast<int>(
                                                                 std::min<std::size_t>(bytes.size(), 1 << 20))))
                           : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      if (!tls_ && sent < 0 && errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Stream::End Stream::read(std::string& to, Millis patience) {
  if (!(tls_ && SSL_pending(tls_.get()) > 0) && !wait_for(descriptor_, POLLIN, patience)) return End::timed_out;
  char bytes[65536];
  const auto got = tls_ ? static_cast<ssize_t>(SSL_read(tls_.get(), bytes, sizeof bytes))
                        : ::recv(descriptor_, bytes, sizeof bytes, 0);
  if (got > 0) {
    to.append(bytes, static_cast<std::size_t>(got));
    return End::data;
  }
  if (got == 0) return End::closed;
  if (tls_) return errno == ECONNRESET ? End::reset : End::closed;
  return errno == EAGAIN || errno == EWOULDBLOCK ? End::timed_out : End::reset;
}

bool Stream::await_reset(Millis patience) { return wait_for(descriptor_, 0, patience); }

void Stream::finish_writing() {
  if (tls_) SSL_shutdown(tls_.get());
  ::shutdown(descriptor_, SHUT_WR);
}

void Stream::reset() {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(descriptor_, &nowhere, sizeof nowhere);  // disconnects at once, with RST
}

void Stream::shut() { ::shutdown(descriptor_, SHUT_RDWR); }

Listener::Listener() { bind(0); }

Listener::~Listener() { ::close(descriptor_); }

void Listener::bind(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  if (::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot bind a port on loopback");
  // dup2 keeps the number, which another thread may hold in accept().
  if (descriptor_ < 0) {
    descriptor_ = made;
  } else {
    ::dup3(made, descriptor_, O_CLOEXEC);
    ::close(made);
  }
  socklen_t size = sizeof address;
  getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

void Listener::listen() { ::listen(descriptor_, 128); }

void Listener::refuse() {
  ::shutdown(descriptor_, SHUT_RDWR);  // wakes accept()
  bind(port_);                         // keeps the port; bound without listening refuses
}

std::unique_ptr<Stream> Listener::accept() {
  for (;;) {
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted >= 0) return std::make_unique<Stream>(accepted);
    if (errno != EINTR && errno != ECONNABORTED) return nullptr;
  }
}

}  // namespace myelin::test
