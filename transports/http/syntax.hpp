#pragma once
// Character classes and list rules of HTTP/1.1, shared by the parsers of this folder only.

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "engine/base/text.hpp"
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

/// Some bytes looked at in one go. Where the first is that is no letter or dash, of which most names consist, or
/// that is a control character, HTAB included: kSize when none is.
struct Block {
#ifdef __SSE2__
  static constexpr std::size_t kSize = 16;

  static std::size_t first_unlike_name(const char* at) noexcept {
    const __m128i bytes = load(at);
    const __m128i small = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i from_a = _mm_sub_epi8(small, _mm_set1_epi8(static_cast<char>('a' + 128)));  // letters: -128 to -103
    const __m128i letters = _mm_cmpgt_epi8(_mm_set1_epi8(-128 + 26), from_a);
    return first(~mask(_mm_or_si128(letters, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')))));
  }
  static std::size_t first_control(const char* at) noexcept {
    const __m128i bytes = load(at);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    return first(mask(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)))));
  }
  static void lower(char* at) noexcept {
    const __m128i bytes = load(at);
    const __m128i from_a = _mm_sub_epi8(bytes, _mm_set1_epi8(static_cast<char>('A' + 128)));
    const __m128i capitals = _mm_cmpgt_epi8(_mm_set1_epi8(-128 + 26), from_a);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm_or_si128(bytes, _mm_and_si128(capitals, _mm_set1_epi8(0x20))));
  }

 private:
  static __m128i load(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
  static unsigned mask(__m128i bytes) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
  static std::size_t first(unsigned bits) noexcept { return static_cast<std::size_t>(std::countr_zero(bits | 1U << 16)); }
#else
  static constexpr std::size_t kSize = 1;
  static std::size_t first_unlike_name(const char* at) noexcept { return *at == '-' || (*at | 32) - 'a' < 26U ? 1 : 0; }
  static std::size_t first_control(const char* at) noexcept { return is(*at, kValue) && *at != '\t' ? 1 : 0; }
  static void lower(char* at) noexcept { *at = text::lower(*at); }
#endif
};

inline void lower(std::string& text) noexcept {
  std::size_t at = 0;
  for (; at + Block::kSize <= text.size(); at += Block::kSize) Block::lower(text.data() + at);
  for (; at < text.size(); ++at) text[at] = text::lower(text[at]);
}

/// Where, from `at` on, the first byte is that is not of that class, or the end. `Next` finds bytes worth a look.
template <std::size_t (*Next)(const char*) noexcept>
std::size_t end_of(Class wanted, std::string_view text, std::size_t at) noexcept {
  while (at + Block::kSize <= text.size()) {
    const std::size_t passed = Next(text.data() + at);
    at += passed;
    if (passed == Block::kSize) continue;
    if (!is(text[at], wanted)) return at;
    ++at;
  }
  return at + span(text.substr(at), wanted);
}

/// Length of the field name at the start of `line`.
inline std::size_t name_length(std::string_view line) noexcept {
  return end_of<Block::first_unlike_name>(kToken, line, 0);
}

/// Where the field value that begins at `at` meets a control character that may not be in it, or the end.
inline std::size_t value_end(std::string_view text, std::size_t at) noexcept {
  return end_of<Block::first_control>(kValue, text, at);
}

/// No control character but HTAB.
inline bool is_value(std::string_view text) noexcept { return value_end(text, 0) == text.size(); }

inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
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

/// A field at the start of `text` and how long its line is, CRLF included; 0: there is none that is whole and right,
/// and the longer way will tell why.
inline std::size_t quick_field(std::string_view text, Header& field) noexcept {
  const std::size_t name = name_length(text);
  if (name == 0 || name == text.size() || text[name] != ':') return 0;
  std::size_t begin = name + 1;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  const std::size_t end = value_end(text, begin);
  if (end + 1 >= text.size() || text[end] != '\r' || text[end + 1] != '\n') return 0;
  field.name = std::string_view(text.data(), name);
  field.value = std::string_view(text.data() + begin, end - begin);
  while (!field.value.empty() && is_blank(field.value.back())) field.value.remove_suffix(1);
  return end + 2;
}

/// Splits a field line (without CRLF) into name and trimmed value. Returns why it is none, or null
/// (REL-055, 056, 058).
inline const char* split_field(std::string_view line, Header& field) noexcept {
  const std::size_t name = name_length(line);
  if (name == line.size() || line[name] != ':' || name == 0)
    return !line.empty() && is_blank(line.front()) ? "obs_fold" : "bad_field_name";
  field.name = line.substr(0, name);
  field.value = trim(line.substr(name + 1));
  return is_value(field.value) ? nullptr : "bad_field_value";
}

}  // namespace myelin::http::syntax
