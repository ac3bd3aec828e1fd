// Absolute http and https URLs (RFC 3986), as views. Refuses what parsers are known to disagree on.

#include <algorithm>
#include <array>

#include "engine/ports/authority.hpp"
#include "engine/ports/sender.hpp"

namespace myelin {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// RFC 3986 reg-name; without the comma, which joins two Host fields into one.
constexpr auto kRegName = [] {
  std::array<bool, 256> allowed{};
  for (unsigned c = 0; c < 128; ++c)
    allowed[c] = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c)) ||
                 std::string_view("-._~%!$&'()*+;=").find(static_cast<char>(c)) != std::string_view::npos;
  return allowed;
}();
constexpr bool is_ipv6(char c) noexcept { return is_hex(c) || c == ':' || c == '.'; }

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

/// Takes the host off the front of `rest`; empty when there is none.
std::string_view take_host(std::string_view& rest) noexcept {
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return host.find(':') != std::string_view::npos && std::all_of(host.begin(), host.end(), is_ipv6)
               ? host
               : std::string_view{};
  }
  std::size_t end = 0;
  while (end < rest.size() && kRegName[static_cast<unsigned char>(rest[end])]) ++end;
  const std::string_view host = rest.substr(0, end);
  rest.remove_prefix(end);
  return host;
}

/// Takes `http://` or `https://` off the front, in any case; empty when there is neither.
std::string_view take_scheme(std::string_view& rest) noexcept {
  for (const std::string_view prefix : {std::string_view("http://"), std::string_view("https://")})
    if (text::istarts_with(rest, prefix)) {
      rest.remove_prefix(prefix.size());
      return prefix.substr(0, prefix.size() - 3);
    }
  return {};
}

constexpr bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }

}  // namespace

std::optional<Authority> Authority::parse(std::string_view text) noexcept {
  Authority authority;
  authority.host = take_host(text);
  if (authority.host.empty()) return std::nullopt;
  if (text.empty()) return authority;
  if (text.front() != ':') return std::nullopt;
  const auto port = parse_port(text.substr(1));
  if (!port) return std::nullopt;
  authority.port = *port;
  return authority;
}

std::optional<Url> Url::parse(std::string_view text) noexcept {
  if (!std::all_of(text.begin(), text.end(), is_visible)) return std::nullopt;
  Url url;
  url.scheme = take_scheme(text);
  if (url.scheme.empty()) return std::nullopt;
  text = text.substr(0, text.find('#'));
  url.authority = text.substr(0, text.find_first_of("/?"));
  url.target = text.substr(url.authority.size());
  const auto authority = Authority::parse(url.authority);
  if (!authority) return std::nullopt;
  url.host = authority->host;
  const std::uint16_t standard = url.scheme == "https" ? 443 : 80;
  url.port = authority->port != 0 ? authority->port : standard;
  return url;
}

}  // namespace myelin
