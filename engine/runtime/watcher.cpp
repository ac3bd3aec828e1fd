#include "engine/runtime/watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace myelin {

namespace fs = std::filesystem;

namespace {
/// Artifacts stand two levels deep, in the WSO2 layout four.
constexpr std::size_t kDeepest = 8;
constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
}  // namespace

Watcher::Watcher(fs::path path, Duration settle, std::function<void()> changed, const std::vector<fs::path>& more)
    : settle_(settle), changed_(std::move(changed)) {
  inotify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  stop_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (inotify_ < 0 || stop_ < 0) return;
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    watch(path, 0);
  } else {
    // A file is watched through its folder, as editors replace files instead of writing them.
    single_folder_ = path.has_parent_path() ? path.parent_path() : fs::path(".");
    single_name_ = path.filename();
    watch(single_folder_, kDeepest);
  }
  for (const fs::path& folder : more) watch(folder, 0);
  if (!folders_.empty()) thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    // An eventfd's counter cannot be full after a single write.
    [[maybe_unused]] const auto written = write(stop_, &one, sizeof one);
    thread_.join();
  }
  if (inotify_ >= 0) close(inotify_);
  if (stop_ >= 0) close(stop_);
}

void Watcher::watch(const fs::path& folder, std::size_t depth) {
  const int descriptor = inotify_add_watch(inotify_, folder.c_str(), kEvents);
  if (descriptor < 0) return;
  folders_[descriptor] = folder;
  if (depth == kDeepest) return;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    if (at->is_directory(failed) && !failed) watch(at->path(), depth + 1);
}

void Watcher::run() {
  std::array<pollfd, 2> waits{pollfd{inotify_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
  bool pending = false;
  for (;;) {
    const int ready = poll(waits.data(), waits.size(), pending ? static_cast<int>(settle_.count()) : -1);
    if (ready < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    if (ready > 0 && waits[0].revents != 0) {
      pending |= take_events();
    } else if (ready == 0) {
      pending = false;
      changed_();
    }
  }
}

bool Watcher::relevant(const fs::path& folder, std::string_view name) const {
  if (name.ends_with(".properties")) return true;
  if (!single_folder_.empty() && folder == single_folder_) return name == single_name_.string();
  // Editors' scratch files come and go. "..data" is none: a mounted volume was swapped.
  const bool hidden = name.starts_with('.') && !name.starts_with("..");
  return !hidden && !name.ends_with('~') && !name.ends_with(".swp");
}

/// True when something happened that may change the configuration.
bool Watcher::take_events() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  bool changed = false;
  for (;;) {
    const ssize_t length = read(inotify_, buffer.data(), buffer.size());
    if (length <= 0) return changed;
    for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const std::string_view name = event.len > 0 ? std::string_view(buffer.data() + at + sizeof event) : std::string_view();
      at += sizeof event + event.len;
      const auto found = folders_.find(event.wd);
      if (event.mask & IN_Q_OVERFLOW) changed = true;
      if (found == folders_.end()) continue;
      if (event.mask & IN_IGNORED) {
        folders_.erase(found);
        continue;
      }
      const fs::path folder = found->second;
      if (event.mask & IN_ISDIR && event.mask & (IN_CREATE | IN_MOVED_TO) && folder != single_folder_)
        watch(folder / name, 1);
      changed |= name.empty() || relevant(folder, name);
    }
  }
}

}  // namespace myelin
