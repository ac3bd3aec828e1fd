// Counting frames.

#include "transports/http/http2_guard.hpp"

#include <algorithm>
#include <cstring>

namespace myelin::http {

namespace {

constexpr Duration kMinute{60'000};

// RFC 9113, 6: types and flags.
constexpr unsigned char kData = 0, kHeaders = 1, kPriority = 2, kResetStream = 3, kSettings = 4, kPing = 6, kContinuation = 9;
constexpr unsigned char kAck = 1, kEndStream = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 32;

}  // namespace

bool Http2Guard::watch(std::string_view bytes, TimePoint now) {
  strays_.clear();
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::size_t part = std::min(left_, bytes.size());
      if (preface_ && bytes.substr(0, part) != kPreface.substr(kPreface.size() - left_, part))
        return fail(Http2Error::protocol, "no_preface");
      if (!preface_ && !payload(bytes.substr(0, part))) return false;
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
bool Http2Guard::frame(TimePoint now) {
  left_ = length();
  const unsigned char type = header_[3];
  const bool ack = (header_[4] & kAck) != 0;
  const bool ends = (header_[4] & kEndStream) != 0;
  const std::uint32_t id = stream();
  if (left_ == 0 && is_padded()) return fail(Http2Error::frame_size, "no_padding_length");
  if (type == kHeaders) {
    block_bytes_ = 0;
    began_ = now;
    in_block_ = true;
    return block(left_) && (!of_client_ || judge(ids_.headers(id, ends), id));
  }
  if (type == kContinuation) return block(left_);
  in_block_ = false;
  switch (type) {
    case kData: return !of_client_ || judge(ids_.data(id, ends), id);
    case kPriority: return id != 0 || fail(Http2Error::protocol, "priority_of_no_stream");
    case kResetStream: ids_.reset(id); return count(resets_, now, "too_many_resets");
    case kSettings: return ack || count(settings_, now, "too_many_settings");
    case kPing: return ack || count(pings_, now, "too_many_pings");
    default: return true;
  }
}

/// Of the payload.
std::size_t Http2Guard::length() const noexcept {
  return std::size_t{header_[0]} << 16 | std::size_t{header_[1]} << 8 | header_[2];
}

std::uint32_t Http2Guard::stream() const noexcept {
  return std::uint32_t{header_[5] & 0x7fu} << 24 | std::uint32_t{header_[6]} << 16 | std::uint32_t{header_[7]} << 8 | header_[8];
}

bool Http2Guard::payload(std::string_view piece) noexcept {
  if (header_[3] == kPriority) return priority(piece);
  if (!is_padded() || left_ < length()) return true;
  // RFC 9113, 6.1 and 6.2: no frame may be shorter than its padding, whatever has become of its stream.
  const std::size_t before = 1 + (header_[3] == kHeaders && (header_[4] & kHasPriority) != 0 ? 5 : 0);
  const std::size_t padding = static_cast<unsigned char>(piece.front());
  return before + padding <= length() || fail(Http2Error::protocol, "padding_too_long");
}

bool Http2Guard::is_padded() const noexcept {
  return (header_[4] & kPadded) != 0 && (header_[3] == kData || header_[3] == kHeaders);
}

/// A piece of the payload of PRIORITY: four bytes say on which stream it depends (RFC 7540, 5.3.1).
bool Http2Guard::priority(std::string_view piece) noexcept {
  std::size_t at = length() - left_;
  for (const char c : piece) {
    if (at == 0) depends_on_ = 0;
    if (at < 4) depends_on_ = depends_on_ << 8 | static_cast<unsigned char>(c);
    if (++at == 4 && (depends_on_ & 0x7fffffff) == stream()) return fail(Http2Error::protocol, "priority_of_itself");
  }
  return true;
}

bool Http2Guard::judge(Http2Ids::Verdict verdict, std::uint32_t id) {
  switch (verdict) {
    case Http2Ids::Verdict::goes_back: return fail(Http2Error::protocol, "stream_goes_back");
    case Http2Ids::Verdict::ended: return fail(Http2Error::stream_closed, "frame_behind_the_end");
    case Http2Ids::Verdict::was_reset: strays_.push_back(id); return true;
    case Http2Ids::Verdict::fine: break;
  }
  return true;
}

bool Http2Guard::fail(Http2Error error, const char* reason) noexcept {
  error_ = error;
  reason_ = reason;
  return false;
}

bool Http2Guard::block(std::size_t bytes) noexcept {
  block_bytes_ += header_.size() + bytes;
  if (block_bytes_ <= limits_.header_block) return true;
  return fail(Http2Error::calm, "header_block_too_large");
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
  return fail(Http2Error::calm, reason);
}

}  // namespace myelin::http
