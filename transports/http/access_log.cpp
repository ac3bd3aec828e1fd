#include "transports/http/access_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/log.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kRings = std::size_t{8} << 20;      // REL-138, all shards together
constexpr std::size_t kLeast = std::size_t{256} << 10;    // the longest line has room
constexpr std::chrono::milliseconds kBatch{50};           // lines are gathered so long
constexpr int kPatience = 100;                            // ms a pipe may stay full between two looks at ending_

// A pipe without a reader must not hold the server up: not at the start, nor at the end.
int open_file(const std::string& file) noexcept {
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

std::size_t count_lines(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(std::string file, AccessFormat format, unsigned shards) {
  const int descriptor = open_file(file);
  if (descriptor < 0) return Fault("cannot open the access log '" + file + "': " + std::strerror(errno));
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(file), format, shards, descriptor));
}

AccessLog::AccessLog(std::string file, AccessFormat format, unsigned shards, int descriptor)
    : file_(std::move(file)), format_(format), descriptor_(descriptor) {
  const std::size_t size = std::max(kLeast, kRings / std::max(1u, shards));
  for (unsigned i = 0; i < shards; ++i) lanes_.push_back(std::make_unique<Lane>(size));
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  ending_.store(true, std::memory_order_seq_cst);
  wake();
  thread_.join();
  ::close(descriptor_);
}

void AccessLog::write(unsigned shard, const AccessEntry& entry) noexcept {
  Lane& lane = *lanes_[shard];
  char* room = lane.ring.reserve(longest_line(entry));
  if (!room) {
    lane.dropped.add();
    return;
  }
  lane.ring.commit(write_line(format_, entry, room));
  if (asleep_.load(std::memory_order_seq_cst) != 0) wake();
}

void AccessLog::reopen() noexcept {
  reopen_.store(true, std::memory_order_seq_cst);
  wake();
}

void AccessLog::wake() noexcept {
  if (asleep_.exchange(0, std::memory_order_seq_cst) != 0) asleep_.notify_one();
}

std::uint64_t AccessLog::dropped() const noexcept {
  std::uint64_t sum = unwritten_.get();
  for (const auto& lane : lanes_) sum += lane->dropped.get();
  return sum;
}

// --- the writing thread -----------------------------------------------------------------------------

void AccessLog::run() {
  for (;;) {
    const bool ending = ending_.load(std::memory_order_seq_cst);
    if (reopen_.exchange(false, std::memory_order_seq_cst)) open_again();
    if (write_all()) {
      if (!ending) std::this_thread::sleep_for(kBatch);
      continue;
    }
    if (ending) return;
    // Told first, then looked once more: who writes after that look sees it, and wakes.
    asleep_.store(1, std::memory_order_seq_cst);
    if (ending_.load(std::memory_order_seq_cst) || reopen_.load(std::memory_order_seq_cst) || write_all())
      asleep_.store(0, std::memory_order_seq_cst);
    else
      asleep_.wait(1, std::memory_order_seq_cst);
  }
}

/// False: there was nothing.
bool AccessLog::write_all() {
  bool any = false;
  for (const auto& lane : lanes_) {
    const std::string_view lines = lane->ring.lines();
    if (lines.empty()) continue;
    any = true;
    put(lines);
    lane->ring.taken(lines);
  }
  return any;
}

void AccessLog::put(std::string_view lines) {
  if (!rest_.empty() && write_some(rest_, true)) rest_.clear();
  if (rest_.empty()) write_some(lines, false);
  else unwritten_.add(count_lines(lines));
}

/// False: what could not be written is lost, but for the rest of a line that has begun.
bool AccessLog::write_some(std::string_view lines, bool line_has_begun) {
  while (!lines.empty()) {
    const ssize_t written = ::write(descriptor_, lines.data(), lines.size());
    if (written >= 0) {
      if (written > 0) line_has_begun = lines[static_cast<std::size_t>(written) - 1] != '\n';
      lines.remove_prefix(static_cast<std::size_t>(written));
      failing_ = false;
      continue;
    }
    if (errno == EINTR) continue;
    const int reason = errno;
    if (reason == EAGAIN && !ending_.load(std::memory_order_relaxed)) {
      pollfd room{descriptor_, POLLOUT, 0};
      ::poll(&room, 1, kPatience);
      continue;
    }
    const std::size_t rest = line_has_begun ? lines.find('\n') + 1 : 0;
    unwritten_.add(count_lines(lines.substr(rest)));
    rest_ = std::string(lines.substr(0, rest));
    if (!std::exchange(failing_, true))
      log::error("http", "cannot write the access log '" + file_ + "': " + std::strerror(reason));
    return false;
  }
  return true;
}

void AccessLog::open_again() {
  const int fresh = open_file(file_);
  if (fresh < 0) {
    log::error("http", "cannot open the access log '" + file_ + "' anew: " + std::strerror(errno));
    return;
  }
  ::close(std::exchange(descriptor_, fresh));
  if (!std::exchange(rest_, {}).empty()) unwritten_.add(1);  // its beginning is in the old file
}

}  // namespace myelin::http
