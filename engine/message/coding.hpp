#pragma once
// Content codings: gzip and deflate, both ways (REL-018). Thread safe.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace myelin {

enum class ContentCoding : std::uint8_t { identity, gzip, deflate, unknown };

/// What a Content-Encoding says, in any case; `x-gzip` is gzip, several codings are unknown.
ContentCoding content_coding(std::string_view value) noexcept;

/// The bytes without their coding, which must be gzip (any number of members) or deflate (with or
/// without zlib's frame). Faults: code::kParse with status 400 when they are broken or cut short, 413
/// past `limit` bytes, or past 1 MiB when they are more than a hundred times what came.
Result<std::string> decompress(std::string_view bytes, ContentCoding coding, std::size_t limit);

/// The other way; gzip or deflate.
std::string compress(std::string_view bytes, ContentCoding coding);

}  // namespace myelin
