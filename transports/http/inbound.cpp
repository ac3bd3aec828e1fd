// Receive buffers and body framing of one direction.

#include "transports/http/inbound.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace myelin::http {

std::unique_ptr<char[]> BlockPool::take(std::size_t size) {
  auto& spare = size == kSmall ? small_ : large_;
  if (spare.empty()) return std::unique_ptr<char[]>(new char[size]);
  auto block = std::move(spare.back());
  spare.pop_back();
  return block;
}

void BlockPool::give(std::unique_ptr<char[]> block, std::size_t size) noexcept {
  auto& spare = size == kSmall ? small_ : large_;
  if (spare.capacity() == 0) spare.reserve(kKeep);
  if (spare.size() < kKeep) spare.push_back(std::move(block));
}

std::span<char> Inbound::room() {
  if (block_.size() == 0) {
    block_.take(BlockPool::kSmall);
    base_ = body_ = body_end_ = raw_ = end_ = 0;
  }
  if (empty()) body_ = body_end_ = raw_ = end_ = base_;
  const std::size_t wanted = block_.size() / 4;
  if (block_.size() - end_ < wanted) compact();
  if (block_.size() < BlockPool::kLarge && (block_.size() - end_ < wanted || filled_)) grow();
  return {block_.data() + end_, block_.size() - end_};
}

void Inbound::compact() noexcept {
  char* data = block_.data();
  const std::size_t body = body_end_ - body_;
  const std::size_t raw = end_ - raw_;
  std::memmove(data + base_, data + body_, body);
  std::memmove(data + base_ + body, data + raw_, raw);
  body_ = base_;
  body_end_ = raw_ = base_ + body;
  end_ = raw_ + raw;
}

void Inbound::grow() {
  Block larger = block_.another();
  larger.take(BlockPool::kLarge);
  const std::size_t body = body_end_ - body_;
  const std::size_t raw = end_ - raw_;
  std::memcpy(larger.data(), block_.data() + body_, body);
  std::memcpy(larger.data() + body, block_.data() + raw_, raw);
  if (base_ > 0) pinned_ = std::move(block_);
  block_ = std::move(larger);
  base_ = body_ = 0;
  body_end_ = raw_ = body;
  end_ = body + raw;
}

void Inbound::next_message() noexcept {
  base_ = 0;
  pinned_.release();
  filled_ = false;
  body_ = body_end_ = raw_;
  ended_ = true;
  if (empty() && block_.size() > BlockPool::kSmall) release();
}

void Inbound::release() noexcept {
  release_block();
  pinned_.release();
  base_ = 0;
}

void Inbound::release_block() noexcept {
  block_.release();
  body_ = body_end_ = raw_ = end_ = 0;
}

void Inbound::begin_body(Framing framing, std::uint64_t length, std::string_view content_type) {
  framing_ = framing;
  left_ = framing == Framing::until_close ? std::numeric_limits<std::uint64_t>::max() : length;
  ended_ = framing == Framing::none || (framing == Framing::length && length == 0);
  bad_ = end_told_ = false;
  trailers_.begin(content_type);
  body_ = body_end_ = raw_;
  if (framing == Framing::chunked) decoder_.reset();
  decode();
}

void Inbound::decode() {
  if (ended_ || bad_) return;
  if (framing_ == Framing::chunked) {
    decode_chunks();
    return;
  }
  const std::size_t bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, end_ - raw_));
  take(bytes);
  if (framing_ == Framing::length) ended_ = (left_ -= bytes) == 0;
}

/// All whole and partial chunks that are here, moved together so that one write takes them.
void Inbound::decode_chunks() {
  for (;;) {
    const ChunkDecoder::Step step = decoder_.next(raw());
    raw_ += step.consumed;
    take(step.body);
    decoder_.body_consumed(step.body);
    if (step.state == Parse::bad) bad_ = true;
    if (step.state == Parse::done) ended_ = true;
    if (step.state != Parse::more || step.body == 0) return;
  }
}

void Inbound::take(std::size_t bytes) noexcept {
  if (body_ == body_end_) body_ = body_end_ = raw_;
  if (body_end_ != raw_) std::memmove(block_.data() + body_end_, block_.data() + raw_, bytes);
  body_end_ += bytes;
  raw_ += bytes;
}

}  // namespace myelin::http
