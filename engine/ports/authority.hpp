#pragma once
// `host[:port]` of a URL or a Host field, strictly: no userinfo, no blanks, no empty host.

#include <cstdint>
#include <optional>
#include <string_view>

namespace myelin {

struct Authority {
  std::string_view host;   ///< without brackets for IPv6
  std::uint16_t port = 0;  ///< 0: not given

  /// nullopt when the text is no authority, or its port is not within 1..65535.
  static std::optional<Authority> parse(std::string_view text) noexcept;
};

}  // namespace myelin
