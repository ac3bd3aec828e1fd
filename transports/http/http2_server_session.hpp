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

  /// Nothing is under way: gives the memory of the session back, until there is something to do. False: not now.
  bool rest();

  /// Says that the connection will end; Events::end_known() when the client has heard it.
  void announce_end();
  /// Says that no further streams are taken.
  void refuse_more();

 private:
  friend struct Http2ServerCallbacks;
  static constexpr std::int32_t kConnectionWindow = 1 << 20;  // of all streams together
  void open();
  void wake() override;
  int blame(bool connection, std::uint32_t error) noexcept;
  bool feed(std::string_view bytes);
  bool drop_output();
  bool read_table(std::int32_t last, std::string& block);
  bool go_on(const Http2Rest& kept);

  Http2Head head_;
  Events& events_;
  std::uint32_t streams_;             ///< at once
  std::unique_ptr<Http2Rest> rest_;   ///< instead of the session
  bool silent_ = false;               ///< what happens is not the client's doing
};

}  // namespace myelin::http
