#pragma once
// The client's side of one exchange, as the engine sees it: implemented by the listener. Used only
// on its shard.

#include <cstdint>
#include <string_view>

#include "engine/base/task.hpp"
#include "engine/message/body_source.hpp"
#include "engine/message/headers.hpp"

namespace myelin {

class Message;

/// The answer to a client. Views live until reply() is done.
struct Reply {
  int status = 200;
  std::string_view reason;           ///< empty: the standard phrase
  const Headers* headers = nullptr;  ///< forwarded but for hop-by-hop and framing ones; may be null
  std::string_view content_type;     ///< replaces Content-Type when not empty
  bool drop_content_type = false;
  bool preserve_server = false;      ///< keep the backend's Server and Date
  bool has_body = false;
  std::string_view bytes;            ///< whole body when stream is null
  BodySource* stream = nullptr;
  bool close = false;                ///< Connection: close
  /// Content-Length the backend's answer to HEAD carried, passed on; -1: none.
  std::int64_t head_length = -1;
  std::string_view endpoint, backend;  ///< whose answer it is, as in the message; for those who report

  /// A text of ours.
  static Reply document(int status, std::string_view type, std::string_view text) {
    Reply reply;
    reply.status = status;
    reply.content_type = type;
    reply.has_body = true;
    reply.bytes = text;
    return reply;
  }
};

class Client {
 public:
  virtual ~Client() = default;
  /// Writes the answer; framing is the listener's business (REL-069, 070, 077). False: the client is
  /// gone or the backend's body failed midway, and the connection will be closed.
  virtual Task<bool> reply(const Reply& reply) = 0;
  /// An answer has begun: no other may follow (MED-042).
  virtual bool answered() const noexcept = 0;
};

/// What the listener calls for each request: the engine. One per shard.
class Pipeline {
 public:
  virtual ~Pipeline() = default;
  /// Runs the whole exchange; the message was filled by the listener (incoming, headers, payload).
  /// Always ends with client.reply() unless the client went away.
  virtual Task<void> serve(Message& message, Client& client) = 0;
};

}  // namespace myelin
