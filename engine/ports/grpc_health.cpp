#include "engine/ports/grpc_health.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace myelin {

namespace {

constexpr std::size_t kFrameHead = 5;       // whether it is compressed, and its length
constexpr unsigned kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;  // kinds of protocol buffers' fields
constexpr std::uint64_t kServing = 1;

void add_varint(std::string& to, std::uint64_t value) {
  for (; value > 0x7f; value >>= 7) to += static_cast<char>((value & 0x7f) | 0x80);
  to += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& from) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

/// False: it is not whole.
bool skip(std::string_view& from, unsigned kind) noexcept {
  std::optional<std::uint64_t> size;
  switch (kind) {
    case kVarint: return take_varint(from).has_value();
    case kFixed64: size = 8; break;
    case kFixed32: size = 4; break;
    case kBytes: size = take_varint(from); break;
    default: break;
  }
  if (!size || *size > from.size()) return false;
  from.remove_prefix(*size);
  return true;
}

/// Field 1 of the message, which is 0 when it is not there; nullopt: this is no message.
std::optional<std::uint64_t> status_of(std::string_view message) noexcept {
  std::uint64_t status = 0;
  while (!message.empty()) {
    const auto tag = take_varint(message);
    if (!tag) return std::nullopt;
    if (*tag == (1U << 3 | kVarint)) {
      const auto value = take_varint(message);
      if (!value) return std::nullopt;
      status = *value;
    } else if (!skip(message, static_cast<unsigned>(*tag & 7))) {
      return std::nullopt;
    }
  }
  return status;
}

}  // namespace

std::string grpc_health_question(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += static_cast<char>(1 << 3 | kBytes);
    add_varint(message, service.size());
    message += service;
  }
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(message.size() >> shift & 0xff);
  return framed + message;
}

std::string grpc_health_problem(std::string_view body) {
  if (body.size() < kFrameHead) return "there is no answer of the health service";
  if (body.front() != 0) return "the answer is compressed";
  std::uint64_t size = 0;
  for (std::size_t i = 1; i < kFrameHead; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
  if (size != body.size() - kFrameHead) return "the answer is not one whole message";
  const auto status = status_of(body.substr(kFrameHead));
  if (!status) return "the answer is no HealthCheckResponse";
  if (*status == kServing) return {};
  constexpr std::array<std::string_view, 4> kNames{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return "the service is " + (*status < kNames.size() ? std::string(kNames[*status]) : std::to_string(*status));
}

}  // namespace myelin
