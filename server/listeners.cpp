#include "server/listeners.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/base/text.hpp"
#include "transports/http/listening.hpp"

namespace myelin::server {

namespace {

constexpr int kFirst = 3;  // systemd's convention

std::string taken_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value ? value : "";
  ::unsetenv(name);
  return text;
}

/// Another socket of the same address. Where the port cannot be shared, as with sockets that another
/// user opened, the same socket again: several shards then accept from it.
int another(int first) {
  if (http::shares_port(first)) {
    const auto more = http::bind_socket(http::address_of(first), http::port_of(first));
    if (more) return *more;
  }
  return ::fcntl(first, F_DUPFD_CLOEXEC, kFirst);
}

}  // namespace

Listeners::Listeners() {
  const std::string fds = taken_from_environment("LISTEN_FDS");
  const std::string pid = taken_from_environment("LISTEN_PID");
  const std::string names = taken_from_environment("LISTEN_FDNAMES");
  const std::string handover = taken_from_environment("MYELIN_HANDOVER");
  if (!handover.empty()) {
    const auto roles = text::split(handover, ":");
    take(kFirst, roles);
    predecessor_ = kFirst + static_cast<int>(roles.size());
    ::fcntl(predecessor_, F_SETFD, FD_CLOEXEC);
  } else if (const auto count = text::parse_int(fds); count && *count > 0 && text::parse_int(pid) == ::getpid()) {
    auto roles = text::split(names, ":");
    roles.resize(static_cast<std::size_t>(*count));
    take(kFirst, roles);
  }
}

/// A socket without a name of ours is one of plain HTTP.
void Listeners::take(int first, const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int descriptor = first + static_cast<int>(i);
    const auto known = std::find(kRoles.begin(), kRoles.end(), names[i]);
    const auto role = known == kRoles.end() ? Role::http : static_cast<Role>(known - kRoles.begin());
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    handed_.push_back(Open{role, descriptor});
  }
}

bool Listeners::handed_over(Role role) const noexcept {
  return std::any_of(handed_.begin(), handed_.end(), [role](const Open& one) { return one.role == role; });
}

Result<std::vector<int>> Listeners::open(Role role, const Address& address, unsigned shards) {
  std::vector<int> sockets;
  for (const Open& one : handed_)
    if (one.role == role) sockets.push_back(one.descriptor);
  for (const int descriptor : sockets)
    if (http::address_of(descriptor).empty())
      return Fault("descriptor " + std::to_string(descriptor) + ", which was handed over, is no TCP socket");
  if (sockets.empty()) {
    Result<void> free = http::check_free(address.host, address.port);
    if (!free) return std::move(free).fault();
    auto first = http::bind_socket(address.host, address.port);
    if (!first) return std::move(first).fault();
    sockets.push_back(*first);
  }
  return share(role, std::move(sockets), shards);
}

/// At least one for each shard.
Result<std::vector<int>> Listeners::share(Role role, std::vector<int> sockets, unsigned shards) {
  while (sockets.size() < shards) {
    const int more = another(sockets.front());
    if (more < 0) return Fault(std::string("cannot share a listening socket: ") + std::strerror(errno));
    sockets.push_back(more);
  }
  for (const int descriptor : sockets) all_.push_back(Open{role, descriptor});
  return sockets;
}

void Listeners::serving() noexcept {
  if (predecessor_ < 0) return;
  const char ready = '1';
  // A predecessor that is gone needs no word.
  if (::write(predecessor_, &ready, 1) < 0) errno = 0;
  ::close(std::exchange(predecessor_, -1));
}

}  // namespace myelin::server
