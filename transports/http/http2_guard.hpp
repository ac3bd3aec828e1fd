#pragma once
// Watches the frames of one HTTP/2 peer before anybody looks into them (REL-041): how large a header
// block grows over all its CONTINUATIONs, how often the peer resets streams, changes settings, pings.
// No I/O.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/clock.hpp"

namespace myelin::http {

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
        left_(opening == Opening::preface ? kPreface : 0),
        preface_(opening == Opening::preface) {}

  /// Looks at what was received, from the first byte on. False: too much, see reason().
  bool watch(std::string_view bytes, TimePoint now) noexcept;
  /// A stream error of the client made us reset a stream. False: too often.
  bool reset_sent(TimePoint now) noexcept { return count(resets_, now, "too_many_resets"); }
  const char* reason() const noexcept { return reason_; }

  /// The preface or a header block has begun and is not complete; since when.
  bool in_head() const noexcept { return in_block_ || preface_; }
  TimePoint head_began() const noexcept { return began_; }

 private:
  static constexpr std::size_t kPreface = 24;
  struct PerMinute {
    explicit PerMinute(std::uint32_t most) noexcept : limit(most) {}
    std::uint32_t limit;
    std::uint32_t count = 0;
    TimePoint start{};
  };

  bool frame(TimePoint now) noexcept;
  bool block(std::size_t bytes) noexcept;
  void frame_ended() noexcept;
  bool count(PerMinute& events, TimePoint now, const char* reason) noexcept;

  Http2Limits limits_;
  PerMinute resets_, settings_, pings_;
  const char* reason_ = "";
  std::array<unsigned char, 9> header_{};
  std::size_t have_ = 0;        ///< bytes of header_
  std::size_t left_;            ///< of the preface or the frame's payload
  std::size_t block_bytes_ = 0;
  TimePoint began_ = Clock::now();
  bool preface_;
  bool in_block_ = false;
};

}  // namespace myelin::http
