#pragma once
// What the value of a header field may hold (RFC 9110, 5.5; REL-058, REL-080).

#include <algorithm>
#include <string_view>

namespace myelin {

/// No control character but HTAB.
inline bool is_field_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace myelin
