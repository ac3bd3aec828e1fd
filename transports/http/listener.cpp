// Accepting.

#include "transports/http/listener.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "engine/base/log.hpp"

namespace myelin::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 4096;
constexpr int kPerWakeUp = 64;
constexpr Duration kPause{100};

std::atomic<std::size_t> open_connections{0};

/// REL-020
std::size_t default_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 512) return 128;
  return std::min<std::size_t>(65'536, (limit.rlim_cur - 256) / 2);
}

}  // namespace

bool ConnectionLimit::room(const Config& config) noexcept {
  static const std::size_t from_descriptors = default_limit();
  const std::size_t limit = config.max_connections > 0 ? config.max_connections : from_descriptors;
  return open_connections.load(std::memory_order_relaxed) < limit;
}
void ConnectionLimit::opened() noexcept { open_connections.fetch_add(1, std::memory_order_relaxed); }
void ConnectionLimit::closed() noexcept { open_connections.fetch_sub(1, std::memory_order_relaxed); }

Listener::Listener(Loop& loop, std::shared_ptr<const TlsServer> tls, Pipeline& pipeline, Accepted accepted)
    : loop_(loop),
      tls_(std::move(tls)),
      pipeline_(pipeline),
      accepted_(std::move(accepted)),
      acceptor_(loop.io),
      pause_timer_(loop.wheel, this, [](void* self) { static_cast<Listener*>(self)->resume(); }) {}

Result<std::uint16_t> Listener::open(const std::string& address, std::uint16_t port) {
  const auto failed = [&](const error_code& error) {
    return Fault(address + ":" + std::to_string(port) + ": " + error.message());
  };
  error_code error;
  const std::string numeric = address.empty() ? "0.0.0.0" : address == "localhost" ? "127.0.0.1" : address;
  const auto host = asio::ip::make_address(numeric, error);
  if (error) return failed(error);
  const asio::ip::tcp::endpoint endpoint(host, port);
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed(error);
  const int on = 1;
  ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    const Fault fault = failed(error);
    close();
    return fault;
  }
  const auto bound = acceptor_.local_endpoint(error);
  local_ = bound.address().is_v6() ? "[" + bound.address().to_string() + "]" : bound.address().to_string();
  local_ += ":" + std::to_string(bound.port());
  wait();
  return bound.port();
}

void Listener::close() noexcept {
  error_code ignored;
  acceptor_.close(ignored);
  pause_timer_.clear();
}

void Listener::resume() {
  if (acceptor_.is_open() && !waiting_) wait();
}

void Listener::wait() {
  waiting_ = true;
  acceptor_.async_wait(asio::socket_base::wait_read, [this](const error_code& error) {
    if (loop_.ended) return;
    waiting_ = false;
    if (!error && acceptor_.is_open()) accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < kPerWakeUp; ++i) {
    if (!ConnectionLimit::room(loop_.config)) {
      pause();
      return;
    }
    asio::ip::tcp::endpoint remote;
    socklen_t size = static_cast<socklen_t>(remote.capacity());
    const int descriptor = ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      remote.resize(size);
      accepted_(*this, remote, descriptor);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log::warn("http", std::string("cannot accept: ") + std::strerror(errno));
      pause();
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
  }
  wait();
}

void Listener::pause() {
  loop_.counters.accept_pauses.add();
  pause_timer_.set(Clock::now() + kPause);
}

}  // namespace myelin::http
