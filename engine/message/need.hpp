#pragma once
#include <cstdint>

namespace myelin {

/// What of the message has to be in memory before something can run; decided when the
/// configuration is compiled, from the expressions' syntax trees.
enum class Need : std::uint8_t {
  nothing,
  header,  ///< SOAP headers (WS-Addressing): the body of SOAP messages only
  body
};

constexpr Need operator|(Need a, Need b) noexcept { return a < b ? b : a; }

}  // namespace myelin
