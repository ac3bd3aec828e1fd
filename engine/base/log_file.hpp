#pragma once
// Where log lines go: a file, or standard error. A disk that is full or a reader that does not read costs
// lines, which are counted, and holds nobody up but the one thread that writes (REL-138).

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace myelin::log {

class LogFile {
 public:
  /// `path` empty: standard error. Fault: it cannot be opened.
  static Result<std::unique_ptr<LogFile>> open(std::string path);

  /// Writes a line and its end. False: it is lost, wholly or in part. One thread at a time.
  bool put(std::string line);
  /// Opens the path anew; one that cannot be opened leaves things as they are. Any thread.
  Result<void> reopen();
  /// From now on put() waits for a reader only once more, and not for long. Any thread.
  void end() noexcept { ending_ = true; }

 private:
  class Descriptor;
  using Shared = std::shared_ptr<const Descriptor>;

  LogFile(std::string path, Shared descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  static Result<Shared> open_path(const std::string& path);
  bool write_all(const Shared& to, std::string_view text);
  bool await_room(int descriptor);
  void tell(int reason);

  const std::string path_;
  std::mutex mutex_;         ///< guards descriptor_, for the time of a copy
  Shared descriptor_;
  std::atomic<bool> ending_{false};
  bool stuck_ = false;       ///< nobody reads, and the end has begun
  Shared torn_;              ///< whose last line has no end
  bool failing_ = false;     ///< somebody has been told
};

}  // namespace myelin::log
