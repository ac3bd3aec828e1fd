#pragma once
// Body bytes of one HTTP/2 stream that came and were not consumed: at most its window of 64 KiB
// (REL-130), in blocks of the shard's pool. What front() shows stays where it is until consume().

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "transports/http/inbound.hpp"

namespace myelin::http {

class Http2Body {
 public:
  explicit Http2Body(BlockPool& pool) noexcept : pool_(pool) {}

  void append(std::string_view bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (pieces_.empty() || pieces_.back().end == pieces_.back().block.size()) {
        pieces_.emplace_back(pool_);
        pieces_.back().block.take(BlockPool::kSmall);
      }
      Piece& last = pieces_.back();
      const std::size_t part = std::min(bytes.size(), last.block.size() - last.end);
      std::memcpy(last.block.data() + last.end, bytes.data(), part);
      last.end += part;
      bytes.remove_prefix(part);
    }
  }
  std::string_view front() const noexcept {
    if (pieces_.empty()) return {};
    const Piece& first = pieces_.front();
    return {first.block.data() + first.begin, first.end - first.begin};
  }
  /// Nothing follows front().
  bool front_is_last() const noexcept { return pieces_.size() < 2; }
  void consume(std::size_t bytes) noexcept {
    if (bytes == 0) return;
    Piece& first = pieces_.front();
    first.begin += bytes;
    size_ -= bytes;
    if (first.begin < first.end) return;
    if (pieces_.size() > 1) pieces_.erase(pieces_.begin());
    else first.begin = first.end = 0;
  }
  std::size_t size() const noexcept { return size_; }
  void clear() noexcept {
    pieces_.clear();
    size_ = 0;
  }

 private:
  struct Piece {
    explicit Piece(BlockPool& pool) noexcept : block(pool) {}
    Block block;
    std::size_t begin = 0, end = 0;
  };
  BlockPool& pool_;
  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
};

}  // namespace myelin::http
