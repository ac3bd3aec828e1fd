#pragma once
// A set of networks, as a setting lists them: `10.0.0.0/8, ::1, 192.168.1.7`, or `all`, or `none`.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace myelin {

class Networks {
 public:
  /// Loopback, link-local and private addresses.
  static constexpr std::string_view kPrivate =
      "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, ::1, fc00::/7, fe80::/10";

  /// nullopt: an entry is no network.
  static std::optional<Networks> parse(std::string_view list);
  /// `address`: numeric, an IPv6 one may have a scope; false when it is none.
  bool contain(std::string_view address) const noexcept;

 private:
  /// IPv4 as mapped IPv6.
  using Bytes = std::array<std::uint8_t, 16>;
  struct Network {
    Bytes bytes{};
    unsigned bits = 0;
  };
  static std::optional<Bytes> bytes_of(std::string_view address) noexcept;

  std::vector<Network> networks_;
  bool all_ = false;
};

}  // namespace myelin
