#pragma once
// How many connections each client address has, counted over all shards (REL-021). Nothing is counted while there is
// no limit.

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <optional>
#include <utility>

namespace myelin::http {

/// A connection's place among those of its client's address, given back by itself. Thread safe.
class AddressPlace {
 public:
  /// An address of IPv4, or the first half of one of IPv6: what a single client may have all of.
  using Key = std::array<unsigned char, 8>;

  /// None: the address has `most` already.
  static std::optional<AddressPlace> take(const boost::asio::ip::address& address, std::size_t most);

  AddressPlace() = default;
  AddressPlace(AddressPlace&& other) noexcept : key_(other.key_), taken_(std::exchange(other.taken_, false)) {}
  AddressPlace& operator=(AddressPlace&& other) noexcept {
    give_back();
    key_ = other.key_;
    taken_ = std::exchange(other.taken_, false);
    return *this;
  }
  ~AddressPlace() { give_back(); }

 private:
  explicit AddressPlace(const Key& key) noexcept : key_(key), taken_(true) {}
  void give_back() noexcept;

  Key key_{};
  bool taken_ = false;
};

}  // namespace myelin::http
