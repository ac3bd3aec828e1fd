// Conversions between UTF-8 and the other encodings that a message may come in.
#include "engine/message/tree_encoding.hpp"

#include <array>
#include <utility>

#include "engine/base/text.hpp"

namespace myelin::tree {

namespace {

constexpr std::array<std::pair<std::string_view, Encoding>, 15> kNames{{
    {"utf-8", Encoding::utf8},
    {"utf8", Encoding::utf8},
    {"utf-16", Encoding::utf16},
    {"utf16", Encoding::utf16},
    {"utf-16le", Encoding::utf16_le},
    {"utf-16be", Encoding::utf16_be},
    {"iso-10646-ucs-2", Encoding::utf16},
    {"iso-8859-1", Encoding::latin1},
    {"iso8859-1", Encoding::latin1},
    {"iso8859_1", Encoding::latin1},
    {"latin1", Encoding::latin1},
    {"us-ascii", Encoding::ascii},
    {"ascii", Encoding::ascii},
    {"iso646-us", Encoding::ascii},
    {"ansi_x3.4-1968", Encoding::ascii},
}};

constexpr unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }

std::optional<std::string> utf16_to_utf8(std::string_view bytes, bool little) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    return little ? byte(bytes[i]) | byte(bytes[i + 1]) << 8 : byte(bytes[i]) << 8 | byte(bytes[i + 1]);
  };
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint32_t point = unit(i);
    if (point >= 0xDC00 && point <= 0xDFFF) return std::nullopt;
    if (point >= 0xD800 && point <= 0xDBFF) {
      i += 2;
      if (i >= bytes.size()) return std::nullopt;
      const std::uint32_t low = unit(i);
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    text::append_utf8(out, point);
  }
  return out;
}

std::optional<std::string> utf16_with_mark(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE")) return utf16_to_utf8(bytes.substr(2), true);
  if (bytes.starts_with("\xFE\xFF")) bytes.remove_prefix(2);
  return utf16_to_utf8(bytes, false);
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) text::append_utf8(out, byte(c));
  return out;
}

std::string utf8_to_utf16(std::string_view text, bool little) {
  std::string out;
  out.reserve(text.size() * 2);
  const auto put = [&](std::uint32_t unit) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 255);
    out += little ? low : high;
    out += little ? high : low;
  };
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const char32_t point = next_code_point(at, text.data() + text.size());
    if (point >= 0x10000) {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      put(point);
    }
  }
  return out;
}

}  // namespace

std::optional<Encoding> encoding_named(std::string_view name) noexcept {
  name = text::trim(name);
  for (const auto& [known, encoding] : kNames)
    if (text::iequals(name, known)) return encoding;
  return std::nullopt;
}

std::optional<std::string> to_utf8(std::string_view bytes, Encoding from) {
  switch (from) {
    case Encoding::utf16: return utf16_with_mark(bytes);
    case Encoding::utf16_le: return utf16_to_utf8(bytes.starts_with("\xFF\xFE") ? bytes.substr(2) : bytes, true);
    case Encoding::utf16_be: return utf16_to_utf8(bytes.starts_with("\xFE\xFF") ? bytes.substr(2) : bytes, false);
    case Encoding::latin1: return latin1_to_utf8(bytes);
    case Encoding::ascii:
      for (const char c : bytes)
        if (byte(c) >= 0x80) return std::nullopt;
      return std::string(bytes);
    case Encoding::utf8: break;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (!text::valid_utf8(bytes)) return std::nullopt;
  return std::string(bytes);
}

std::string from_utf8(std::string_view text, Encoding to) {
  switch (to) {
    case Encoding::utf8: return std::string(text);
    case Encoding::utf16: return "\xFE\xFF" + utf8_to_utf16(text, false);
    case Encoding::utf16_le: return utf8_to_utf16(text, true);
    case Encoding::utf16_be: return utf8_to_utf16(text, false);
    case Encoding::latin1:
    case Encoding::ascii: break;
  }
  const char32_t last = to == Encoding::latin1 ? 0xFF : 0x7F;
  std::string out;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const char32_t point = next_code_point(at, text.data() + text.size());
    out += point <= last ? static_cast<char>(point) : '?';
  }
  return out;
}

char32_t next_code_point(const char*& at, const char* end) noexcept {
  constexpr char32_t kReplacement = 0xFFFD;
  const unsigned lead = byte(*at++);
  if (lead < 0x80) return lead;
  if (lead < 0xC0 || lead >= 0xF8) return kReplacement;
  int left = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t point = lead & (0x3Fu >> left);
  for (; left > 0 && at < end && (byte(*at) & 0xC0u) == 0x80; --left) point = point << 6 | (byte(*at++) & 0x3Fu);
  return left == 0 ? point : kReplacement;
}

}  // namespace myelin::tree
