#pragma once
// The heads we write: start line, end-to-end fields of the message, and framing, which is always
// ours (REL-068, REL-069). Texts are appended to a string that its connection reuses.

#include <cstdint>
#include <string>

#include "engine/ports/client.hpp"
#include "engine/ports/sender.hpp"
#include "transports/http/codec.hpp"

namespace myelin::http {

/// How the body of a message we write is delimited.
struct OutFraming {
  Framing kind = Framing::none;
  std::uint64_t length = 0;
};

/// What a reply's head depends on besides the reply.
struct ReplyContext {
  std::string_view server_name;
  bool keep_alive = true;
  bool http10 = false;     ///< the client speaks HTTP/1.0
  const Identity* identity = nullptr;  ///< whose request id goes on the answer
};

/// The answer with a status and reason that HTTP allows (REL-082).
Reply sound(Reply reply);

/// The answer to a request that the parser refuses; 405 says which methods there are (RFC 9110, 15.5.6).
Reply refused(int status);

/// The answer of a server that takes no further work, and its fields.
Headers come_again();
Reply busy(const Headers& again);

/// CONNECT to the request's forward proxy.
std::string connect_head(const OutgoingRequest& request);

/// A status that never has a body nor tells its length (REL-070).
constexpr bool is_bodyless(int status) noexcept { return status == 204 || status == 304 || status < 200; }

/// How much of a reply goes out, whatever the version of HTTP.
struct ReplyShape {
  bool sends_body = false;
  OutFraming framing;
};
/// `unknown`: the framing of a body whose length is not known.
ReplyShape shape_of(const Reply& reply, bool head_only, Framing unknown);

void write_reply_head(const Reply& reply, const OutFraming& framing, const ReplyContext& context, std::string& to);
/// The end of a chunked body, `end` without trailers, with these, in `to`.
std::string_view with_trailers(std::string_view end, std::string_view trailers, std::string& to);
/// `via`: our name, added behind the Via entries that the message brought; empty: none is added.
void write_request_head(const OutgoingRequest& request, const OutFraming& framing, std::string_view via, std::string& to);
/// REL-026: Via names us so often that the request goes round. `has_via`: there is such a field.
bool goes_round(bool has_via, const Headers& fields, std::string_view via) noexcept;

}  // namespace myelin::http
