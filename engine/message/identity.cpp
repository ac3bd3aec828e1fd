#include "engine/message/identity.hpp"

#include <algorithm>

namespace myelin {

namespace {

constexpr std::size_t kLongestId = 128;

/// Lower case only, as the specification demands.
bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceParent> TraceParent::parse(std::string_view text) noexcept {
  constexpr std::size_t kSize = 55;  // version-trace-parent-flags
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const TraceParent found{text.substr(3, 32), text.substr(36, 16), text.substr(53, 2)};
  if (!is_hex(version) || version == "ff") return std::nullopt;
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;  // later versions may add parts
  if (!is_hex(found.trace_id) || !is_hex(found.parent_id) || !is_hex(found.flags)) return std::nullopt;
  if (is_zero(found.trace_id) || is_zero(found.parent_id)) return std::nullopt;
  return found;
}

bool valid_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kLongestId && std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || std::string_view("-._~:/+=@").find(c) != std::string_view::npos;
  });
}

}  // namespace myelin
