// Counting frames.

#include "transports/http/http2_guard.hpp"

#include <algorithm>
#include <cstring>

namespace myelin::http {

namespace {

constexpr Duration kMinute{60'000};

// RFC 9113, 6: types and flags.
constexpr unsigned char kHeaders = 1, kResetStream = 3, kSettings = 4, kPing = 6, kContinuation = 9;
constexpr unsigned char kAck = 1, kEndHeaders = 4;

}  // namespace

bool Http2Guard::watch(std::string_view bytes, TimePoint now) noexcept {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::size_t part = std::min(left_, bytes.size());
      bytes.remove_prefix(part);
      if ((left_ -= part) == 0) frame_ended();
      continue;
    }
    const std::size_t part = std::min(header_.size() - have_, bytes.size());
    std::memcpy(header_.data() + have_, bytes.data(), part);
    bytes.remove_prefix(part);
    if ((have_ += part) < header_.size()) break;
    have_ = 0;
    if (!frame(now)) return false;
    if (left_ == 0) frame_ended();
  }
  return true;
}

/// The header of a frame is complete.
bool Http2Guard::frame(TimePoint now) noexcept {
  left_ = std::size_t{header_[0]} << 16 | std::size_t{header_[1]} << 8 | header_[2];
  const unsigned char type = header_[3];
  const bool ack = (header_[4] & kAck) != 0;
  if (type == kHeaders) {
    block_bytes_ = 0;
    began_ = now;
    in_block_ = true;
    return block(left_);
  }
  if (type == kContinuation) return block(left_);
  in_block_ = false;
  switch (type) {
    case kResetStream: return count(resets_, now, "too_many_resets");
    case kSettings: return ack || count(settings_, now, "too_many_settings");
    case kPing: return ack || count(pings_, now, "too_many_pings");
    default: return true;
  }
}

bool Http2Guard::block(std::size_t bytes) noexcept {
  block_bytes_ += header_.size() + bytes;
  if (block_bytes_ <= limits_.header_block) return true;
  reason_ = "header_block_too_large";
  return false;
}

void Http2Guard::frame_ended() noexcept {
  if (preface_) preface_ = false;
  else if ((header_[4] & kEndHeaders) != 0) in_block_ = false;
}

bool Http2Guard::count(PerMinute& events, TimePoint now, const char* reason) noexcept {
  if (events.count == 0 || now - events.start >= kMinute) {
    events.start = now;
    events.count = 0;
  }
  if (++events.count <= events.limit) return true;
  reason_ = reason;
  return false;
}

}  // namespace myelin::http
