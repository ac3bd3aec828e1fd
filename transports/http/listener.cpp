// Accepting.

#include "transports/http/listener.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/base/log.hpp"
#include "transports/http/listening.hpp"

namespace myelin::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 4096;
constexpr int kPerWakeUp = 64;
constexpr std::size_t kManaging = 256;  // REL-008
constexpr Duration kPause{100};

std::atomic<std::size_t> open_connections{0};

std::size_t open_files() noexcept {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; at != end; at.increment(error)) ++count;
  return count;
}

/// REL-020; a small limit leaves room for what is open and for a quarter more, so that back ends are reached
/// and management is answered (REL-134).
std::size_t default_limit() noexcept {
  constexpr std::size_t kSpare = 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 128;
  const std::size_t files = limit.rlim_cur;
  const std::size_t spare = std::min(kSpare, open_files() + std::max<std::size_t>(8, files / 4));
  return std::clamp<std::size_t>(files > spare ? (files - spare) / 2 : 1, 1, 65'536);
}

}  // namespace

std::size_t connection_limit(const Config& config) noexcept {
  static const std::size_t from_descriptors = default_limit();
  return config.max_connections > 0 ? config.max_connections : from_descriptors;
}

bool ConnectionLimit::room(const Config& config) noexcept {
  return open_connections.load(std::memory_order_relaxed) < connection_limit(config);
}
void ConnectionLimit::opened() noexcept { open_connections.fetch_add(1, std::memory_order_relaxed); }
void ConnectionLimit::closed() noexcept { open_connections.fetch_sub(1, std::memory_order_relaxed); }

Listener::Listener(Loop& loop, Entrance entrance, Accepted accepted)
    : loop_(loop),
      entrance_(std::move(entrance)),
      accepted_(std::move(accepted)),
      acceptor_(loop.io),
      pause_timer_(loop.wheel, this, [](void* self) { static_cast<Listener*>(self)->resume(); }) {}

Result<void> Listener::adopt(int descriptor) {
  const std::string address = address_of(descriptor);
  const bool v6 = address.find(':') != std::string::npos;
  local_ = (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port_of(descriptor));
  error_code error;
  acceptor_.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor, error);
  if (error) ::close(descriptor);
  else acceptor_.listen(kBacklog, error);
  if (!error) acceptor_.non_blocking(true, error);
  Result<void> adopted;
  if (error) {
    close();
    adopted = Result<void>(Fault(local_ + ": " + error.message()));
  } else {
    wait();
  }
  return adopted;
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

/// Management has room of its own, however full it is.
bool Listener::has_room() const noexcept {
  if (entrance_.management) return loop_.managing < kManaging;
  if (!ConnectionLimit::room(loop_.config)) return false;
  Gauge* gauge = loop_.config.gauge.get();
  return !gauge || gauge->pressure(Clock::now()) < Pressure::no_accept;
}

void Listener::accept_some() {
  for (int i = 0; i < kPerWakeUp; ++i) {
    if (!has_room()) {
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
