#include "transports/http/guard.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <cstring>

namespace myelin::http {

namespace asio = boost::asio;

namespace {

asio::ip::address plain(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

bool is_link_local(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().is_link_local();
  return (address.to_v4().to_uint() >> 16) == 0xa9fe;
}

bool same(const asio::ip::address& address, const sockaddr& one) {
  if (one.sa_family == AF_INET && address.is_v4()) {
    sockaddr_in v4{};
    std::memcpy(&v4, &one, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) == address.to_v4().to_uint();
  }
  if (one.sa_family != AF_INET6 || !address.is_v6()) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &one, sizeof v6);
  const auto bytes = address.to_v6().to_bytes();
  return std::memcmp(&v6.sin6_addr, bytes.data(), bytes.size()) == 0;
}

bool is_ours(const asio::ip::address& address) {
  if (address.is_loopback() || address.is_unspecified()) return true;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return true;
  bool found = false;
  for (const ifaddrs* one = all; one && !found; one = one->ifa_next) found = one->ifa_addr && same(address, *one->ifa_addr);
  freeifaddrs(all);
  return found;
}

}  // namespace

bool is_guarded(const asio::ip::tcp::endpoint& to, std::uint16_t admin_port) {
  const asio::ip::address address = plain(to.address());
  if (is_link_local(address)) return true;
  return admin_port != 0 && to.port() == admin_port && is_ours(address);
}

}  // namespace myelin::http
