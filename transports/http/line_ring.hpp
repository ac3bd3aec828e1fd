#pragma once
// A ring of whole lines from one writer to one reader without locks. Lines are contiguous: where one
// does not fit before the end, the writer goes on at the start. It does so early when the reader has
// caught up, so that a ring that is hardly used touches little memory. A full ring refuses.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

namespace myelin::http {

class LineRing {
 public:
  explicit LineRing(std::size_t size) : size_(size), bytes_(new char[size]) {}

  /// By the writer: room for `size` bytes, or null. Valid until commit().
  char* reserve(std::size_t size) noexcept {
    const std::size_t read = read_.load(std::memory_order_acquire);
    const std::size_t write = write_.load(std::memory_order_relaxed);
    wraps_ = false;
    if (write < read) return read - write > size ? bytes_.get() + write : nullptr;
    const bool early = read == write && write > kEarly;
    const bool fits = size_ - write >= size;
    if (fits && !early) return bytes_.get() + write;
    wraps_ = size < read;
    if (wraps_) return bytes_.get();
    return fits ? bytes_.get() + write : nullptr;
  }
  /// By the writer: the first `size` bytes of what was reserved are a line.
  void commit(std::size_t size) noexcept {
    const std::size_t write = write_.load(std::memory_order_relaxed);
    if (wraps_) end_.store(write, std::memory_order_relaxed);
    write_.exchange(wraps_ ? size : write + size, std::memory_order_seq_cst);
  }

  /// By the reader: lines that are there; empty when there are none. More may follow after taken().
  std::string_view lines() noexcept {
    const std::size_t write = write_.load(std::memory_order_seq_cst);
    std::size_t read = read_.load(std::memory_order_relaxed);
    if (write < read) {
      const std::size_t end = end_.load(std::memory_order_relaxed);
      if (read < end) return {bytes_.get() + read, end - read};
      read = 0;
      read_.store(0, std::memory_order_release);
    }
    return {bytes_.get() + read, write - read};
  }
  /// By the reader: all that lines() told was taken.
  void taken(std::string_view lines) noexcept {
    read_.store(static_cast<std::size_t>(lines.data() - bytes_.get()) + lines.size(), std::memory_order_release);
  }

 private:
  static constexpr std::size_t kEarly = 128 * 1024;

  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::size_t> write_{0};
  std::atomic<std::size_t> end_{0};  ///< of the lines before the wrap; counts only while write_ < read_
  bool wraps_ = false;               ///< the writer's: the reserved room is at the start
  alignas(64) std::atomic<std::size_t> read_{0};
};

}  // namespace myelin::http
