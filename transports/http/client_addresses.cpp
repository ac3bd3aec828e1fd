#include "transports/http/client_addresses.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace myelin::http {

namespace asio = boost::asio;

namespace {

/// Holds no more addresses than there are connections.
struct Counts {
  std::mutex mutex;
  std::map<AddressPlace::Key, std::size_t> open;
};

/// Several, so that shards which accept at once seldom meet.
Counts& counts_of(const AddressPlace::Key& key) noexcept {
  static std::array<Counts, 16> all;
  unsigned mixed = 0;
  for (const unsigned char byte : key) mixed = mixed * 31 + byte;
  return all[mixed % all.size()];
}

/// IPv4 takes the halves of IPv6 that begin with zeros, which nobody has.
AddressPlace::Key key_of(const asio::ip::address& address) noexcept {
  AddressPlace::Key key{};
  if (address.is_v4() || address.to_v6().is_v4_mapped()) {
    const auto v4 = address.is_v4() ? address.to_v4() : make_address_v4(asio::ip::v4_mapped, address.to_v6());
    const auto bytes = v4.to_bytes();
    std::copy(bytes.begin(), bytes.end(), key.begin() + 4);
  } else {
    const auto bytes = address.to_v6().to_bytes();
    std::copy_n(bytes.begin(), key.size(), key.begin());
  }
  return key;
}

}  // namespace

std::optional<AddressPlace> AddressPlace::take(const asio::ip::address& address, std::size_t most) {
  const Key key = key_of(address);
  Counts& counts = counts_of(key);
  const std::lock_guard lock(counts.mutex);
  const auto found = counts.open.try_emplace(key, std::size_t{0}).first;
  if (found->second >= most) return std::nullopt;
  ++found->second;
  return AddressPlace(key);
}

void AddressPlace::give_back() noexcept {
  if (!std::exchange(taken_, false)) return;
  Counts& counts = counts_of(key_);
  const std::lock_guard lock(counts.mutex);
  const auto found = counts.open.find(key_);
  if (found != counts.open.end() && --found->second == 0) counts.open.erase(found);
}

}  // namespace myelin::http
