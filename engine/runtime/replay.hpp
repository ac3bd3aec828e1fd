#pragma once
// A streamed body that can be sent again: what is taken from the stream is copied up to a limit
// (REL-123). Larger bodies lose the copy, and with it the second attempt; none is re-sent half.

#include <string>
#include <string_view>

#include "engine/message/body_source.hpp"

namespace myelin {

class ReplayBody final : public BodySource {
 public:
  /// `stream` outlives this; `copy` lends its memory.
  ReplayBody(BodySource& stream, std::string& copy, std::size_t limit)
      : stream_(stream), copy_(copy), limit_(limit) {
    copy_.clear();
  }

  /// From the start again; false when the body was too large to keep.
  bool rewind() noexcept {
    at_ = 0;
    return !lost_;
  }

  std::string_view buffered() const noexcept override {
    return at_ < copy_.size() ? std::string_view(copy_).substr(at_) : stream_.buffered();
  }
  bool ended() const noexcept override { return at_ >= copy_.size() ? stream_.ended() : stream_.ended() && stream_.buffered().empty(); }
  void consume(std::size_t bytes) noexcept override {
    if (at_ < copy_.size()) {
      at_ += bytes;
      return;
    }
    keep(stream_.buffered().substr(0, bytes));
    stream_.consume(bytes);
  }
  Task<Status> fill() override {
    if (!stream_.buffered().empty()) co_return Status::more;
    if (stream_.ended()) co_return Status::end;
    co_return co_await stream_.fill();
  }
  const Fault& fault() const noexcept override { return stream_.fault(); }
  std::string_view trailers() const noexcept override { return stream_.trailers(); }
  std::optional<std::uint64_t> length() const noexcept override { return stream_.length(); }

 private:
  void keep(std::string_view bytes) {
    if (lost_) return;
    if (copy_.size() + bytes.size() > limit_) {
      lost_ = true;
      copy_.clear();
      at_ = 0;
      return;
    }
    copy_ += bytes;
    at_ = copy_.size();
  }

  BodySource& stream_;
  std::string& copy_;
  std::size_t limit_;
  std::size_t at_ = 0;
  bool lost_ = false;
};

}  // namespace myelin
