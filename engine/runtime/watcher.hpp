#pragma once
// Watches a configuration folder (or one file) and calls back, on its own thread, once everything
// has been quiet for a while (REL-155). Folders made later are watched as well. The thread sleeps in
// poll() otherwise; destruction ends it and waits for a callback under way.

#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "engine/base/clock.hpp"

namespace myelin {

class Watcher {
 public:
  /// `settle`: how long nothing may happen before `changed` is called.
  Watcher(std::filesystem::path path, Duration settle, std::function<void()> changed);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// False when the system refused to watch; then nothing is ever reported.
  bool watching() const noexcept { return !folders_.empty(); }

 private:
  void run();
  void watch(const std::filesystem::path& folder, std::size_t depth);
  bool take_events();
  bool relevant(std::string_view name) const;

  std::filesystem::path path_;
  bool single_file_;
  Duration settle_;
  std::function<void()> changed_;
  int inotify_ = -1;
  int stop_ = -1;
  std::map<int, std::filesystem::path> folders_;  ///< by watch descriptor; the thread's own after start
  std::thread thread_;
};

}  // namespace myelin
