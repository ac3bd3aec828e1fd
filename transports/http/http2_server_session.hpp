#pragma once
// The frames of one HTTP/2 client: requests come, answers go.

#include "transports/http/http2_head.hpp"
#include "transports/http/http2_session.hpp"

namespace myelin::http {

class Http2ServerSession final : public Http2Session {
 public:
  class Events {
   public:
    /// The head of a request is in head(). `body_follows`, or the request is complete.
    virtual void request(std::int32_t id, bool body_follows) = 0;
    virtual void end_known() = 0;  ///< what it sent before announce_end() reached it is here

    /// The client broke a rule and was told so; `connection`: it is over, else one request.
    virtual void blamed(bool connection, const char* error) = 0;

   protected:
    ~Events() = default;
  };

  Http2ServerSession(const Limits& limits, const Http2Limits& http2, Events& events);

  Http2Head& head() noexcept { return head_; }

  /// The answer's head; `text` as HTTP/1.1 would write it. With a body its bytes are asked for at the
  /// side of the stream. Interim: `status` 1xx alone.
  bool answer(std::int32_t id, std::string_view text, bool has_body);
  bool interim(std::int32_t id, std::string_view status);

  /// Says that the connection will end; Events::end_known() when the client has heard it.
  void announce_end() noexcept;
  /// Says that no further streams are taken.
  void refuse_more() noexcept;

 private:
  friend struct Http2ServerCallbacks;
  int blame(bool connection, std::uint32_t error) noexcept;

  Http2Head head_;
  Events& events_;
};

}  // namespace myelin::http
