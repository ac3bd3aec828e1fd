#pragma once
// Whether a client sends its body fast enough (REL-033): some bytes, and not too few of them, in every
// window of time. Time in which nobody wanted bytes does not count.

#include <cstddef>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace myelin::http {

class BodyRate {
 public:
  /// For the next body.
  void begin() noexcept {
    start_ = TimePoint{};
    bytes_ = 0;
  }
  /// Somebody begins to wait for bytes, for at most the rest of the window: until when.
  TimePoint wait(TimePoint now, Duration window) noexcept {
    if (start_ == TimePoint{}) start_ = now;
    else start_ += now - paused_;
    paused_ = now;  // whoever waits here may give up
    return start_ + window;
  }
  /// The wait has ended, with that many bytes.
  void waited(TimePoint now, std::size_t bytes) noexcept {
    paused_ = now;
    bytes_ += bytes;
  }
  /// The window is over. False: too few bytes came; else the next one begins.
  bool enough(Duration window, std::uint32_t bytes_per_second) noexcept {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(window).count();
    const auto wanted = static_cast<std::uint64_t>(bytes_per_second) * static_cast<std::uint64_t>(seconds);
    if (bytes_ == 0 || bytes_ < wanted) return false;
    start_ = paused_;
    bytes_ = 0;
    return true;
  }

 private:
  TimePoint start_{};
  TimePoint paused_{};  ///< when the last wait for bytes ended
  std::uint64_t bytes_ = 0;
};

}  // namespace myelin::http
