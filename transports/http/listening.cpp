#include "transports/http/listening.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

namespace myelin::http {

namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;

Fault failed(const std::string& address, std::uint16_t port, const std::string& why) {
  return Fault(address + ":" + std::to_string(port) + ": " + why);
}

Result<int> bound(const std::string& address, std::uint16_t port, bool shared) {
  const std::string numeric = address.empty() ? "0.0.0.0" : address == "localhost" ? "127.0.0.1" : address;
  boost::system::error_code error;
  const auto host = boost::asio::ip::make_address(numeric, error);
  if (error) return failed(address, port, error.message());
  const Endpoint endpoint(host, port);
  const int descriptor = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed(address, port, std::strerror(errno));
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return descriptor;
  const int reason = errno;
  ::close(descriptor);
  return failed(address, port, std::strerror(reason));
}

std::optional<Endpoint> name_of(int descriptor) noexcept {
  Endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(descriptor, endpoint.data(), &size) != 0) return std::nullopt;
  if (endpoint.data()->sa_family != AF_INET && endpoint.data()->sa_family != AF_INET6) return std::nullopt;
  endpoint.resize(size);
  return endpoint;
}

}  // namespace

Result<int> bind_socket(const std::string& address, std::uint16_t port) { return bound(address, port, true); }

Result<void> check_free(const std::string& address, std::uint16_t port) {
  Result<void> free;
  if (port == 0) return free;
  auto probe = bound(address, port, false);
  if (probe) ::close(*probe);
  else free = Result<void>(std::move(probe).fault());
  return free;
}

std::uint16_t port_of(int descriptor) noexcept {
  const auto name = name_of(descriptor);
  return name ? name->port() : std::uint16_t{0};
}

std::string address_of(int descriptor) {
  const auto name = name_of(descriptor);
  return name ? name->address().to_string() : std::string();
}

bool shares_port(int descriptor) noexcept {
  int on = 0;
  socklen_t size = sizeof on;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, &size) == 0 && on != 0;
}

}  // namespace myelin::http
