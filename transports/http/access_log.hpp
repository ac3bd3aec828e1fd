#pragma once
// The access log: each shard formats its lines into a ring of its own, one thread writes them to the
// file. A shard never waits: what finds no room is dropped and counted (REL-138).

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.hpp"
#include "transports/http/access_line.hpp"
#include "transports/http/counters.hpp"
#include "transports/http/line_ring.hpp"

namespace myelin::http {

class AccessLog {
 public:
  /// Opens `file` (appending; a pipe works too) and starts the writing thread. Fault: it cannot be
  /// opened.
  static Result<std::unique_ptr<AccessLog>> open(std::string file, AccessFormat format, unsigned shards);
  /// Writes what is there and ends the thread; no shard may write any more.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// By the thread of that shard only.
  void write(unsigned shard, const AccessEntry& entry) noexcept;
  /// The file of that name is opened anew, by the writing thread, soon. Thread safe.
  void reopen() noexcept;
  /// Lines that were lost: no room, or the file could not be written. Thread safe.
  std::uint64_t dropped() const noexcept;

 private:
  struct Lane {
    explicit Lane(std::size_t size) : ring(size) {}
    LineRing ring;
    Counter dropped;
  };

  AccessLog(std::string file, AccessFormat format, unsigned shards, int descriptor);
  void run();
  bool write_all();
  void put(std::string_view lines);
  bool write_some(std::string_view lines, bool line_has_begun);
  void open_again();
  void wake() noexcept;

  const std::string file_;
  const AccessFormat format_;
  int descriptor_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<int> asleep_{0};  ///< the writing thread waits for wake()
  std::atomic<bool> reopen_{false};
  std::atomic<bool> ending_{false};
  Counter unwritten_;
  std::string rest_;            ///< of the line that a full disk has cut
  bool failing_ = false;        ///< the last write failed
  std::thread thread_;
};

}  // namespace myelin::http
