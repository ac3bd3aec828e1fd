#pragma once
// One line of the access log. Control characters and what could forge a field are escaped, fields are
// cut at 8 KiB (REL-089); of the client's fields only Referer and User-Agent are ever told (REL-117).

#include <chrono>
#include <cstddef>
#include <string_view>

#include "transports/http/observer.hpp"

namespace myelin::http {

enum class AccessFormat : std::uint8_t {
  common,    ///< ADDRESS - - [TIME] "REQUEST LINE" STATUS BODY-BYTES SECONDS REQUEST-ID TRACE-ID
  combined,  ///< the same with "REFERER" "USER-AGENT" behind BODY-BYTES
  json       ///< an object per line
};

struct AccessEntry {
  const ExchangeReport& report;
  std::string_view service_type, service;          ///< "proxy" and its name ...; may be empty
  std::chrono::system_clock::time_point received;  ///< when the head was complete
};

/// Status told for a client that left before an answer began.
inline constexpr int kClientLeft = 499;

/// No line of this entry is longer.
std::size_t longest_line(const AccessEntry& entry) noexcept;
/// Writes the line with its end to `to`, which has room for longest_line(); returns its length.
std::size_t write_line(AccessFormat format, const AccessEntry& entry, char* to) noexcept;

}  // namespace myelin::http
