#include "engine/base/networks.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "engine/base/text.hpp"

namespace myelin {

std::optional<Networks::Bytes> Networks::bytes_of(std::string_view address) noexcept {
  address = address.substr(0, address.find('%'));
  char text[INET6_ADDRSTRLEN + 1];
  if (address.size() >= sizeof text) return std::nullopt;
  std::memcpy(text, address.data(), address.size());
  text[address.size()] = '\0';
  Bytes bytes{};
  if (address.find(':') != std::string_view::npos) {
    if (::inet_pton(AF_INET6, text, bytes.data()) != 1) return std::nullopt;
    return bytes;
  }
  bytes[10] = bytes[11] = 0xff;
  if (::inet_pton(AF_INET, text, bytes.data() + 12) != 1) return std::nullopt;
  return bytes;
}

std::optional<Networks> Networks::parse(std::string_view list) {
  Networks made;
  if (text::trim(list) == "none") return made;
  for (const std::string_view entry : text::split(list, ", \t")) {
    if (entry == "all") {
      made.all_ = true;
      continue;
    }
    const std::size_t slash = entry.find('/');
    const auto bytes = bytes_of(entry.substr(0, slash));
    if (!bytes) return std::nullopt;
    const bool v4 = entry.find(':') == std::string_view::npos;
    const int longest = v4 ? 32 : 128;
    int bits = longest;
    if (slash != std::string_view::npos) {
      const auto number = text::parse_int(entry.substr(slash + 1));
      if (!number || *number < 0 || *number > longest) return std::nullopt;
      bits = *number;
    }
    made.networks_.push_back(Network{*bytes, static_cast<unsigned>(v4 ? bits + 96 : bits)});
  }
  return made;
}

bool Networks::contain(std::string_view address) const noexcept {
  if (all_) return true;
  if (networks_.empty()) return false;
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  for (const Network& network : networks_) {
    const unsigned whole = network.bits / 8;
    const unsigned rest = network.bits % 8;
    if (std::memcmp(bytes->data(), network.bytes.data(), whole) != 0) continue;
    if (rest == 0 || (((*bytes)[whole] ^ network.bytes[whole]) >> (8 - rest)) == 0) return true;
  }
  return false;
}

}  // namespace myelin
