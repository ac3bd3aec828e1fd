#pragma once
// The frames of one HTTP/2 client, by nghttp2 (RFC 9113): bytes in, events and bytes out. No I/O and no
// exchanges here. Events come from within receive() and output(); whoever gets one only takes note, and
// calls back later. After a call has returned false the session is dead.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transports/http/http2_guard.hpp"
#include "transports/http/http2_head.hpp"

struct nghttp2_session;

namespace myelin::http {

/// RFC 9113, 7
enum class Http2Error : std::uint32_t { none = 0, protocol = 1, internal = 2, refused_stream = 7, cancel = 8, calm = 11 };

/// One request and its answer, as the frames see them.
class Http2Side {
 public:
  /// What is to be sent of the answer's body, by whoever answers: a view that stays until it is taken.
  std::string_view out;
  bool out_is_last = false;  ///< nothing follows `out`
  bool out_waits = false;    ///< all was taken: resume_body() when there is more

  virtual void received(std::string_view bytes) = 0;  ///< of the request's body
  virtual void received_all() = 0;
  virtual void taken() = 0;                           ///< some of `out`
  virtual void sent_all() = 0;                        ///< the answer's end
  virtual void closed() = 0;                          ///< the stream is over, whoever ended it

 protected:
  ~Http2Side() = default;
};

class Http2Session {
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

  Http2Session(const Limits& limits, const Http2Limits& http2, Events& events);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Bytes of the client, from the connection preface on.
  bool receive(std::string_view bytes);
  /// Appends frames to `to`, at least until it holds kOutput bytes or nothing is left.
  bool output(std::string& to);
  static constexpr std::size_t kOutput = 32 * 1024;

  Http2Head& head() noexcept { return head_; }
  const Http2Guard& guard() const noexcept { return guard_; }

  /// From now on `side` is told what happens to stream `id`; null: nobody is.
  void attach(std::int32_t id, Http2Side* side) noexcept;
  /// The answer's head; `text` as HTTP/1.1 would write it. With a body its bytes are asked for at the
  /// side of the stream. Interim: `status` 1xx alone.
  bool answer(std::int32_t id, std::string_view text, bool has_body);
  bool interim(std::int32_t id, std::string_view status);
  void resume_body(std::int32_t id) noexcept;
  void reset(std::int32_t id, Http2Error error) noexcept;
  /// The body's bytes were used: the client may send as many again.
  void consumed(std::int32_t id, std::size_t bytes) noexcept;

  /// Says that the connection will end; Events::end_known() when the client has heard it.
  void announce_end() noexcept;
  /// Says that no further streams are taken.
  void refuse_more() noexcept;
  /// Ends the connection with that error as soon as it is told.
  void terminate(Http2Error error) noexcept;
  /// Nothing will be received or sent any more.
  bool over() const noexcept;
  bool wants_output() const noexcept;

 private:
  friend struct Http2Callbacks;
  int trailer(std::size_t bytes) noexcept;
  int blame(bool connection, std::uint32_t error) noexcept;
  struct Delete {
    void operator()(nghttp2_session* session) const noexcept;
  };

  Http2Head head_;
  Http2Guard guard_;
  Limits limits_;
  Events& events_;
  std::string* out_ = nullptr;
  std::size_t trailers_ = 0;       ///< fields of the trailers under way
  std::size_t trailer_bytes_ = 0;
  std::unique_ptr<nghttp2_session, Delete> session_;
};

}  // namespace myelin::http
