#pragma once
// How a server read what it was sent: the requests it passed on to its backend. Read from bytes that a
// proxy wrote, so plain HTTP/1.1 is expected; independent of the server's own parser.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::differential {

struct Reading {
  std::string method;
  std::string target;  ///< in origin form: what an absolute target says of the host is in `host`
  std::string host;
  std::string body;    ///< without its framing
  std::string raw;     ///< the bytes of the whole message

  /// `POST /a host=h body="x"`
  std::string text() const;
};

/// Takes the first whole request off `bytes`; nothing when it is not complete. `broken` is set when it
/// is no request at all.
std::optional<Reading> take_request(std::string& bytes, bool& broken);

/// What two readings differ in ("method", "target", "host", "body"); empty: nothing.
std::vector<std::string> differences(const Reading& one, const Reading& other);

}  // namespace myelin::differential
