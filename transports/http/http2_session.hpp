#pragma once
// The frames of one HTTP/2 connection, by nghttp2 (RFC 9113): bytes in, events and bytes out. No I/O and no
// exchanges here; what is particular to one side: http2_server_session.hpp, http2_client_session.hpp. Events
// come from within receive() and output(); whoever gets one only takes note, and calls back later. After a
// call has returned false the session is dead.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transports/http/codec.hpp"
#include "transports/http/http2_guard.hpp"

struct nghttp2_session;

namespace myelin::http {

/// One request and its answer, as the frames see them.
class Http2Side {
 public:
  std::int32_t id = 0;       ///< of the stream
  bool wake_due = false;     ///< see Http2Link::wake_later()
  /// What is to be sent of a body: a view that stays until it is taken.
  std::string_view out;
  bool out_is_last = false;  ///< nothing follows `out` but these:
  std::string_view out_trailers;
  bool out_waits = false;    ///< all was taken: resume_body() when there is more

  virtual void received(std::string_view bytes) = 0;  ///< of the peer's body
  virtual void received_all() = 0;
  virtual void trailer(std::string_view name, std::string_view value) = 0;
  virtual void taken() = 0;                           ///< some of `out`
  virtual void sent_all() = 0;                        ///< our message's end
  virtual void closed(Http2Error error) = 0;          ///< the stream is over, whoever ended it
  /// Something of the above was noted: whoever waits looks again.
  virtual void wake() = 0;

 protected:
  ~Http2Side() = default;
};

class Http2Session {
 public:
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Bytes of the peer, from the first one on.
  bool receive(std::string_view bytes);
  /// Appends frames to `to`, at least until it holds kOutput bytes or nothing is left.
  bool output(std::string& to);
  static constexpr std::size_t kOutput = 64 * 1024;

  const Http2Guard& guard() const noexcept { return guard_; }

  /// From now on `side` is told what happens to stream `id`; null: nobody is.
  void attach(std::int32_t id, Http2Side* side) noexcept;
  void resume_body(std::int32_t id) noexcept;
  void reset(std::int32_t id, Http2Error error) noexcept;
  /// The body's bytes were used: the peer may send as many again.
  void consumed(std::int32_t id, std::size_t bytes) noexcept;
  /// Ends the connection with that error as soon as it is told.
  void terminate(Http2Error error) noexcept;
  /// Nothing will be received or sent any more.
  bool over() const noexcept;

 protected:
  Http2Session(const Limits& limits, const Http2Limits& http2, Http2Guard::Opening opening);
  ~Http2Session() = default;
  /// Takes one field of the trailers, for `to` unless that is null: nghttp2's verdict (REL-014).
  int trailer(Http2Side* to, std::string_view name, std::string_view value) noexcept;
  void begin_trailers() noexcept { trailers_ = trailer_bytes_ = 0; }

  struct Delete {
    void operator()(nghttp2_session* session) const noexcept;
  };
  Limits limits_;
  Http2Guard guard_;
  std::unique_ptr<nghttp2_session, Delete> session_;

 private:
  friend struct Http2Callbacks;
  std::string* out_ = nullptr;
  std::size_t trailers_ = 0;       ///< fields of the trailers under way
  std::size_t trailer_bytes_ = 0;
};

}  // namespace myelin::http
