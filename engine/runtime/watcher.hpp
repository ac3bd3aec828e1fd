#pragma once
// Watches a configuration folder (or one file) and calls back, on its own thread, once everything
// has been quiet for a while (REL-155). Folders made later are watched as well. The thread sleeps in
// poll() otherwise; destruction ends it and waits for a callback under way.

#include <filesystem>
#include <functional>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/clock.hpp"

namespace myelin {

class Watcher {
 public:
  /// `settle`: how long nothing may happen before `changed` is called. `more`: further folders.
  Watcher(std::filesystem::path path, Duration settle, std::function<void()> changed,
          const std::vector<std::filesystem::path>& more = {});
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// False when the system refused to watch; then nothing is ever reported.
  bool watching() const noexcept { return thread_.joinable(); }

 private:
  void run();
  void watch(const std::filesystem::path& folder, std::size_t depth);
  bool take_events();
  bool relevant(const std::filesystem::path& folder, std::string_view name) const;

  /// The folder of a single file is watched for that file and for settings alone.
  std::filesystem::path single_folder_, single_name_;
  Duration settle_;
  std::function<void()> changed_;
  int inotify_ = -1;
  int stop_ = -1;
  std::map<int, std::filesystem::path> folders_;  ///< by watch descriptor; the thread's own after start
  std::thread thread_;
};

}  // namespace myelin
