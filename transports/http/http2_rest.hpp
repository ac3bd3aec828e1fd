#pragma once
// What is kept of the session of an HTTP/2 client that rests. nghttp2's own takes over 20 KiB (REL-131).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::http {

struct Http2Rest {
  std::int32_t latest = 0;     ///< stream that the client has begun
  std::int32_t window = 0;     ///< bytes that may be sent on the connection
  std::int32_t owed = 0;       ///< bytes that were used but not given back to the client's window yet
  std::array<std::uint32_t, 6> settings{};  ///< the client's, by identifier, from 1 on
  std::uint32_t priorities = 0;             ///< another one, which may be said only once
  std::string table;           ///< a header block that makes the table by which the client's blocks are read
};

/// Takes note of the entries of that table, latest first.
struct Http2Probe {
  void add(std::string_view name, std::string_view value);
  std::vector<std::string> entries;
  std::size_t size = 0;        ///< as RFC 7541, 4.1 counts it
};

}  // namespace myelin::http
