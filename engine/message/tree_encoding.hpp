#pragma once
// Character encodings of XML documents and of expressions' charset arguments: UTF-8, UTF-16,
// ISO-8859-1 and US-ASCII, no others (REL-095). Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace myelin::tree {

enum class Encoding { utf8, utf16, utf16_le, utf16_be, latin1, ascii };

/// By its registered name or a usual alias, any case.
std::optional<Encoding> encoding_named(std::string_view name) noexcept;

/// Nullopt when the bytes are not legal in that encoding. A byte order mark is dropped; `utf16`
/// without one is big-endian.
std::optional<std::string> to_utf8(std::string_view bytes, Encoding from);
/// What cannot be said becomes `?`, as in Java. `utf16` is big-endian with a byte order mark.
std::string from_utf8(std::string_view text, Encoding to);

/// One code point of the text that ends at `end`; `at` is moved behind it. What is no UTF-8, as header fields may
/// hold, counts as U+FFFD.
char32_t next_code_point(const char*& at, const char* end) noexcept;

}  // namespace myelin::tree
