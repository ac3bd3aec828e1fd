#pragma once
// Small text helpers with the incumbent's (Java's) leniency spelled out. Pure functions.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::text {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }
constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? char(c - 32) : c; }
constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

namespace detail {

/// ASCII capitals among eight bytes made small; others stay.
constexpr std::uint64_t lower8(std::uint64_t eight) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  const std::uint64_t low = eight & 0x7f * kOnes;
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes, past_z = low + (0x80 - 'Z' - 1) * kOnes;
  return eight | ((from_a & ~past_z & ~eight & 0x80 * kOnes) >> 2);
}

/// Eight bytes, or the `size` (1 to 7) there are, some of them twice.
[[gnu::always_inline]] inline std::uint64_t load8(const char* at) noexcept {
  std::uint64_t eight;
  std::memcpy(&eight, at, 8);
  return eight;
}
[[gnu::always_inline]] inline std::uint64_t load_few(const char* at, std::size_t size) noexcept {
  if (size < 4) {
    const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
    return byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
  }
  std::uint32_t first, last;
  std::memcpy(&first, at, 4);
  std::memcpy(&last, at + size - 4, 4);
  return first | std::uint64_t{last} << 32;
}

}  // namespace detail

/// ASCII, any case. Eight bytes at a time, the last eight maybe twice. Inlined, so that of a text that is known
/// little is left to compute.
[[gnu::always_inline]] inline bool iequals(std::string_view a, std::string_view b) noexcept {
  using detail::load8, detail::lower8;
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size == 0) return true;
  if (size < 8) return lower8(detail::load_few(a.data(), size)) == lower8(detail::load_few(b.data(), size));
  for (std::size_t at = 0; at + 8 < size; at += 8)
    if (lower8(load8(a.data() + at)) != lower8(load8(b.data() + at))) return false;
  return lower8(load8(a.data() + size - 8)) == lower8(load8(b.data() + size - 8));
}
bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
std::string_view trim(std::string_view text) noexcept;           ///< XML white space

/// A token of RFC 9110: a header or cookie name.
bool is_token(std::string_view text) noexcept;

/// Pieces between any of `separators`; empty pieces are dropped.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);

/// Java's Integer.parseInt / Long.parseLong: optional sign, decimal digits, range checked, no spaces.
std::optional<std::int32_t> parse_int(std::string_view text) noexcept;
std::optional<std::int64_t> parse_long(std::string_view text) noexcept;
/// Java's Float.parseFloat after trim.
std::optional<float> parse_float(std::string_view text) noexcept;

/// `true` or `yes` in any case, or `1` (JavaUtils.isTrueExplicitly).
bool is_true(std::string_view text) noexcept;
/// `false` or `no` in any case, or `0`.
bool is_false(std::string_view text) noexcept;

/// An XPath 1.0 number as text: `3`, `3.5`, `NaN`, `Infinity`.
std::string number(double value);

/// The candidate nearest to `found` by edit distance if it is near enough to be meant, else empty.
std::string_view nearest(std::string_view found, std::span<const std::string_view> candidates);

/// `a, b or c`, for error messages.
std::string one_of(std::span<const std::string_view> names);

std::string percent_decode(std::string_view text, bool plus_is_space = false);  ///< bad %xx is kept
/// True when every `%` is followed by two hex digits.
bool percent_valid(std::string_view text) noexcept;
/// Encodes everything but RFC 3986 unreserved characters and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);  ///< white space is skipped

bool valid_utf8(std::string_view text) noexcept;
void append_utf8(std::string& to, std::uint32_t code_point);

std::string json_escape(std::string_view text);  ///< without the quotes
std::string xml_escape(std::string_view text);   ///< & < > and, for attributes, " as well

/// Writes `digits` (up to 32) random lower-case hex digits, not all zero.
void random_hex(char* to, std::size_t digits) noexcept;
/// A new `urn:uuid:...`; random, per-thread generator.
std::string new_message_id();

}  // namespace myelin::text
