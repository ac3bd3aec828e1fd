#pragma once
// What one direction of a connection has received: a head, then body bytes, decoded where they lie.
// The memory is a 16 KiB block that grows to 64 KiB while a body needs it (REL-130) and is given
// back when the body has been consumed and when the connection is idle (REL-131). Not thread safe.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/http/codec.hpp"
#include "transports/http/trailers.hpp"

namespace myelin::http {

/// Recycles the two block sizes; one per shard.
class BlockPool {
 public:
  static constexpr std::size_t kSmall = 16 * 1024;
  static constexpr std::size_t kLarge = 64 * 1024;

  std::unique_ptr<char[]> take(std::size_t size);
  void give(std::unique_ptr<char[]> block, std::size_t size) noexcept;
  /// Keeps none for later.
  void forget() noexcept {
    small_.clear();
    large_.clear();
  }

 private:
  static constexpr std::size_t kKeep = 256;  ///< spare blocks of each size
  std::vector<std::unique_ptr<char[]>> small_, large_;
};

/// A block of a pool, given back by itself.
class Block {
 public:
  explicit Block(BlockPool& pool) noexcept : pool_(&pool) {}
  Block(Block&& other) noexcept
      : pool_(other.pool_), data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    release();
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~Block() { release(); }

  void take(std::size_t size) {
    release();
    data_ = pool_->take(size);
    size_ = size;
  }
  void release() noexcept {
    if (size_ > 0) pool_->give(std::move(data_), std::exchange(size_, 0));
  }
  /// An empty one of the same pool.
  Block another() const noexcept { return Block(*pool_); }
  char* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }

 private:
  BlockPool* pool_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
};

class Inbound {
 public:
  /// Which trailers pass: `allowed` outlives this.
  Inbound(BlockPool& pool, const Limits& limits, const TrailerNames* allowed = nullptr)
      : block_(pool), pinned_(pool), decoder_(limits), trailers_(allowed) {
    decoder_.keep_trailers(&trailers_);
  }
  Inbound(const Inbound&) = delete;

  // --- bytes as received ------------------------------------------------------------------------
  /// Where to receive to. Empty when 64 KiB wait to be consumed.
  std::span<char> room();
  void received(std::size_t bytes) noexcept {
    end_ += bytes;
    filled_ = end_ == block_.size();
  }
  /// Received and not yet decoded or eaten.
  std::string_view raw() const noexcept { return {block_.data() + raw_, end_ - raw_}; }
  void eat(std::size_t bytes) noexcept { raw_ += bytes; }
  bool empty() const noexcept { return raw_ == end_ && body_ == body_end_; }
  /// For the next message: what was received behind this one stays.
  void next_message() noexcept;
  /// Gives the memory back; everything must have been consumed.
  void release() noexcept;
  /// Gives the memory back if it holds nothing.
  void release_unused() noexcept {
    if (empty() && base_ == 0) release();
  }

  // --- the body ---------------------------------------------------------------------------------
  /// The head in front of raw() stays where it is, as views of it are in use, until next_message().
  void pin() noexcept { base_ = raw_; }
  void begin_body(Framing framing, std::uint64_t length, std::string_view content_type = {});
  /// Decodes what was received.
  void decode();
  std::string_view body() const noexcept { return {block_.data() + body_, body_end_ - body_}; }
  void consume(std::size_t bytes) noexcept {
    body_ += bytes;
    if (ended_ && base_ == 0 && block_.size() > BlockPool::kSmall && empty()) release_block();
  }
  /// Nothing follows body().
  bool ended() const noexcept { return ended_; }
  /// Nor does a reader have to ask for trailers.
  bool end_is_known() const noexcept { return ended_ && (end_told_ || trailers_.text().empty()); }
  /// Its reader has heard of the end.
  void tell_end() noexcept { end_told_ = true; }
  std::string_view trailers() const noexcept { return trailers_.text(); }
  /// The framing is broken.
  bool bad() const noexcept { return bad_; }
  const char* reason() const noexcept { return decoder_.refusal().reason; }
  /// The peer ended the connection. False: in the middle of the body.
  bool end_of_input() noexcept {
    if (framing_ == Framing::until_close) ended_ = true;
    return ended_;
  }

 private:
  void release_block() noexcept;
  void compact() noexcept;
  void grow();
  void decode_chunks();
  void take(std::size_t bytes) noexcept;

  // Order in the block: [0, base_) pinned, [body_, body_end_) decoded, [raw_, end_) received.
  Block block_;
  Block pinned_;  ///< the first block, while its head is in use and a larger one took its place
  std::size_t base_ = 0, body_ = 0, body_end_ = 0, raw_ = 0, end_ = 0;
  ChunkDecoder decoder_;
  Trailers trailers_;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;
  bool ended_ = true, bad_ = false, end_told_ = false;
  bool filled_ = false;  ///< the last reception filled its room: a larger block pays
};

}  // namespace myelin::http
