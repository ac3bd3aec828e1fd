#pragma once
// Sends one odd HTTP/2 request and, behind it, an ordinary one, and tells what became of them.

#include <map>
#include <string>

#include "tests/differential/servers.hpp"
#include "tests/support/http2_frames.hpp"

namespace myelin::differential {

struct Http2Outcome {
  std::vector<Reading> readings;
  int status = 0;                 ///< of the odd request's answer; 0: there was none
  std::string end;                ///< "answered", "reset N", "goaway N" or "nothing"

  std::string text() const;
};

/// The bytes of a whole connection: the greeting, `odd` on stream 1, and `GET /end` on stream 3. Takes what comes until
/// both are over, or for `patience`.
Http2Outcome send_http2(Server& server, std::string_view odd, test::Millis patience);

}  // namespace myelin::differential
