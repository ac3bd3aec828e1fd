#pragma once
// Counters of one shard: written by its thread, read by any. Management connections count nowhere.

#include <atomic>
#include <cstdint>

namespace myelin::http {

class Counter {
 public:
  void add(std::uint64_t more = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t less) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - less, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Counters {
  Counter accepted;           ///< client connections
  Counter open;               ///< client connections now
  Counter accept_pauses;      ///< at the connection limit, or out of descriptors (REL-020, REL-134)
  Counter over_address;       ///< closed at once, as the client's address has too many (REL-021)
  Counter handshakes_failed;  ///< TLS handshakes of clients that came to nothing
  Counter requests;           ///< heads that were accepted: answered + aborted + in flight (REL-001)
  Counter answered;           ///< complete answers
  Counter aborted;            ///< exchanges that ended without a complete answer
  Counter refused;            ///< requests refused by the codec or by a time limit
  Counter shed;               ///< requests answered 503 for want of memory (REL-132)
  Counter connects;           ///< upstream connections made
  Counter connect_failures;
  Counter reuses;             ///< requests on a pooled upstream connection
  Counter stale;              ///< idle upstream connections that died, or said something unasked
  Counter retries;            ///< silent repetitions on a fresh connection (REL-124)
  Counter waits;              ///< requests that waited for an upstream connection
  Counter rejections;         ///< requests refused by a full waiting queue (REL-022)
};

}  // namespace myelin::http
