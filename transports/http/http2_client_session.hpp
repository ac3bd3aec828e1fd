#pragma once
// The frames of one connection to a back end that speaks HTTP/2: requests go, answers come. Nothing may be
// pushed.

#include "transports/http/http2_session.hpp"

namespace myelin::http {

/// One request and its answer, as the client sees them.
class Http2AnswerSide : public Http2Side {
 public:
  bool has_head = false;  ///< the answer's own, no interim one
  virtual void head_sent() = 0;  ///< the request's
  /// An interim head or that of the answer, as HTTP/1.1 would write it: a view until this returns. False: it is
  /// not to be taken.
  virtual bool head(std::string_view text) = 0;

 protected:
  ~Http2AnswerSide() = default;
};

class Http2ClientSession final : public Http2Session {
 public:
  class Events {
   public:
    virtual void takes_no_more() = 0;            ///< the back end ends the connection behind the streams it serves
    virtual void changed() = 0;                  ///< its settings
    virtual void blamed(const char* error) = 0;  ///< it broke a rule; the connection is over

   protected:
    ~Events() = default;
  };

  /// Windows are opened for `streams` bodies at the same time, so that one that stalls holds up no other.
  Http2ClientSession(const Limits& limits, const Http2Limits& http2, std::uint32_t streams, Events& events);

  /// Sends a request; `text` as HTTP/1.1 would write its head. With a body its bytes are asked for at `side`.
  /// False: this connection takes no more.
  bool request(Http2AnswerSide& side, std::string_view text, std::string_view scheme, bool has_body);
  /// How many requests the back end takes at once.
  std::uint32_t most_streams() const noexcept;

 private:
  friend struct Http2ClientCallbacks;
  bool add(std::string_view name, std::string_view value);

  Events& events_;
  std::string text_;          ///< the head that is being received
  std::size_t fields_ = 0;    ///< of it
  bool in_head_ = false;      ///< in one that is looked at, not in trailers
  bool head_refused_ = false;
};

}  // namespace myelin::http
