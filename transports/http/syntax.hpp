#pragma once
// Character classes and list rules of HTTP/1.1, shared by the parsers of this folder only.

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/message/headers.hpp"

namespace myelin::http::syntax {

enum Class : std::uint8_t {
  kToken = 1,   ///< names and methods
  kTarget = 2,  ///< visible ASCII but '#' (REL-061)
  kValue = 4    ///< anything but controls; HTAB is one of them (REL-058)
};

inline constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool visible = c > 0x20 && c < 0x7f;
    constexpr std::string_view kSeparators = "\"(),/:;<=>?@[\\]{}";
    if (visible && kSeparators.find(static_cast<char>(c)) == std::string_view::npos) classes[c] |= kToken;
    if (visible && c != '#') classes[c] |= kTarget;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) classes[c] |= kValue;
  }
  return classes;
}();

constexpr bool is(char c, Class wanted) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Length of the longest start of `text` made of such characters.
inline std::size_t span(std::string_view text, Class wanted) noexcept {
  std::size_t at = 0;
  while (at < text.size() && is(text[at], wanted)) ++at;
  return at;
}

inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && span(text, kToken) == text.size();
}

/// True when the eight bytes at `at` hold a control character, HTAB included.
inline bool has_control(const char* at) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  std::uint64_t eight;
  std::memcpy(&eight, at, 8);
  const std::uint64_t low = (eight - 0x20 * kOnes) & ~eight;
  const std::uint64_t unlike_del = eight ^ 0x7f * kOnes;
  const std::uint64_t del = (unlike_del - kOnes) & ~unlike_del;
  return ((low | del) & 0x80 * kOnes) != 0;
}

/// No control character but HTAB. Eight bytes at a time, the last eight maybe twice; byte by byte
/// only what is short or may hold a tab.
inline bool is_value(std::string_view text) noexcept {
  if (text.size() < 8) return span(text, kValue) == text.size();
  bool control = has_control(text.data() + text.size() - 8);
  for (std::size_t at = 0; at + 8 < text.size(); at += 8) control |= has_control(text.data() + at);
  return !control || span(text, kValue) == text.size();
}

inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Equal in any case; `lower` must be in lower case.
constexpr bool same(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text::lower(text[i]) != lower[i]) return false;
  return true;
}

/// Calls `visit` with every trimmed piece between commas, empty ones too, until it returns false.
template <class Visit>
bool each_element(std::string_view list, Visit visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (!visit(trim(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

/// Splits a field line (without CRLF) into name and trimmed value. Returns why it is none, or null
/// (REL-055, 056, 058).
inline const char* split_field(std::string_view line, Header& field) noexcept {
  const std::size_t name = span(line, kToken);
  if (name == line.size() || line[name] != ':' || name == 0)
    return !line.empty() && is_blank(line.front()) ? "obs_fold" : "bad_field_name";
  field.name = line.substr(0, name);
  field.value = trim(line.substr(name + 1));
  return is_value(field.value) ? nullptr : "bad_field_value";
}

}  // namespace myelin::http::syntax
