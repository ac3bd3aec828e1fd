#pragma once
// A bump allocator for what lives exactly as long as one message: header texts, small strings.
// reset() frees everything at once and keeps the first block, unless it is large, so a keep-alive connection
// allocates nothing per request. Not thread safe: one arena belongs to one shard.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace myelin {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `size` bytes aligned for any scalar, valid until reset(). Throws std::bad_alloc.
  char* allocate(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > left_) grow(size);
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }

  /// A copy of `text` that lives until reset().
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  /// The parts one after the other, as one text that lives until reset().
  template <class... Parts>
  std::string_view join(const Parts&... parts) {
    const std::size_t size = (std::string_view(parts).size() + ...);
    char* at = allocate(size ? size : 1);
    char* to = at;
    ((std::memcpy(to, std::string_view(parts).data(), std::string_view(parts).size()),
      to += std::string_view(parts).size()),
     ...);
    return {at, size};
  }

  void reset() noexcept {
    if (blocks_.empty()) return;
    if (blocks_.front().size > kMostKept) return release();
    blocks_.resize(1);
    next_ = blocks_.front().memory.get();
    left_ = blocks_.front().size;
  }

  /// Gives all memory back; for idle connections.
  void release() noexcept {
    blocks_.clear();
    blocks_.shrink_to_fit();
    next_ = nullptr;
    left_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = 4096, kMostKept = 4 * kBlock;
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t size;
  };

  void grow(std::size_t size) {
    const std::size_t block = size > kBlock ? size : kBlock;
    blocks_.push_back(Block{std::unique_ptr<char[]>(new char[block]), block});
    next_ = blocks_.back().memory.get();
    left_ = block;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace myelin
