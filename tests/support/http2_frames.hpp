#pragma once
// Frames of HTTP/2 as bytes, put together by hand. Header blocks are literals without indexing, so that a test knows
// every byte.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace myelin::test {

namespace frame {
enum Type : std::uint8_t { data, headers, priority, reset, settings, push, ping, goaway, window, continuation };
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kPriority = 32;
}  // namespace frame

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string big_endian(std::uint32_t number, int bytes = 4) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 255);
  return text;
}
inline std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 0;
  for (const char c : text.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

/// A frame as bytes.
inline std::string frame_of(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload = {}) {
  std::string bytes = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  return bytes + big_endian(id) + std::string(payload);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// RFC 7541, 5.1, without a pattern in front.
inline std::string hpack_length(std::size_t length) {
  if (length < 127) return std::string(1, static_cast<char>(length));
  std::string bytes(1, '\x7f');
  for (length -= 127; length >= 128; length >>= 7) bytes += static_cast<char>(128 | (length & 127));
  return bytes + static_cast<char>(length);
}
inline std::string hpack(const Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields)
    block += std::string(1, '\0') + hpack_length(name.size()) + name + hpack_length(value.size()) + value;
  return block;
}

inline Fields request_fields(std::string_view method, std::string_view path, const Fields& more = {}) {
  Fields fields{{":method", std::string(method)}, {":scheme", "http"}, {":path", std::string(path)}, {":authority", "h"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

/// One setting as the payload of SETTINGS, and the frame with it.
inline std::string setting(std::uint32_t key, std::uint32_t value) { return big_endian(key, 2) + big_endian(value); }
inline std::string settings_frame(std::uint32_t key, std::uint32_t value) {
  return frame_of(frame::settings, 0, 0, setting(key, value));
}

}  // namespace myelin::test
