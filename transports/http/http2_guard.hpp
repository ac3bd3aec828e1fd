#pragma once
// Watches the frames of one HTTP/2 peer before anybody looks into them (REL-041): how large a header
// block grows over all its CONTINUATIONs, how often the peer resets streams, changes settings, pings. Of a
// client also what nghttp2 would ignore although RFC 9113 calls it an error. No I/O.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "transports/http/http2_ids.hpp"

namespace myelin::http {

/// RFC 9113, 7
enum class Http2Error : std::uint32_t {
  none = 0, protocol = 1, internal = 2, flow_control = 3, stream_closed = 5, frame_size = 6, refused_stream = 7, cancel = 8,
  compression = 9, calm = 11, http11_required = 13
};

struct Http2Limits {
  std::uint32_t streams = 100;            ///< at once
  std::size_t header_block = 32 * 1024;   ///< as sent, frame headers included
  std::uint32_t resets = 200;             ///< per minute, those that a client makes us send included
  std::uint32_t settings = 14;            ///< per minute
  std::uint32_t pings = 60;               ///< per minute
};

class Http2Guard {
 public:
  /// What the peer begins with: a client with the connection preface.
  enum class Opening { preface, frames };
  explicit Http2Guard(const Http2Limits& limits, Opening opening = Opening::preface) noexcept
      : limits_(limits),
        resets_(limits.resets),
        settings_(limits.settings),
        pings_(limits.pings),
        left_(opening == Opening::preface ? kPreface.size() : 0),
        of_client_(opening == Opening::preface),
        preface_(opening == Opening::preface) {}

  /// Looks at what was received, from the first byte on. False: the connection is over, see error() and reason().
  bool watch(std::string_view bytes, TimePoint now);
  /// Streams that watch() saw frames of although the client had reset them; they are to be told so.
  const std::vector<std::uint32_t>& strays() const noexcept { return strays_; }
  /// A stream error of the client made us reset a stream. False: too often.
  bool reset_sent(TimePoint now) noexcept { return count(resets_, now, "too_many_resets"); }
  Http2Error error() const noexcept { return error_; }
  const char* reason() const noexcept { return reason_; }

  /// The preface or a header block has begun and is not complete; since when.
  bool in_head() const noexcept { return in_block_ || preface_; }
  TimePoint head_began() const noexcept { return began_; }

 private:
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  struct PerMinute {
    explicit PerMinute(std::uint32_t most) noexcept : limit(most) {}
    std::uint32_t limit;
    std::uint32_t count = 0;
    TimePoint start{};
  };

  bool frame(TimePoint now);
  std::size_t length() const noexcept;
  std::uint32_t stream() const noexcept;
  /// A piece of a frame's payload, as it comes.
  bool payload(std::string_view piece) noexcept;
  bool priority(std::string_view piece) noexcept;
  bool is_padded() const noexcept;
  bool judge(Http2Ids::Verdict verdict, std::uint32_t id);
  bool fail(Http2Error error, const char* reason) noexcept;
  bool block(std::size_t bytes) noexcept;
  void frame_ended() noexcept;
  bool count(PerMinute& events, TimePoint now, const char* reason) noexcept;

  Http2Limits limits_;
  PerMinute resets_, settings_, pings_;
  Http2Ids ids_;
  std::vector<std::uint32_t> strays_;
  Http2Error error_ = Http2Error::none;
  const char* reason_ = "";
  std::array<unsigned char, 9> header_{};
  std::size_t have_ = 0;        ///< bytes of header_
  std::size_t left_;            ///< of the preface or the frame's payload
  std::uint32_t depends_on_ = 0;  ///< of the PRIORITY under way
  std::size_t block_bytes_ = 0;
  TimePoint began_ = Clock::now();
  const bool of_client_;
  bool preface_;
  bool in_block_ = false;
};

}  // namespace myelin::http
