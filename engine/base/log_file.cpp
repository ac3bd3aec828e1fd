#include "engine/base/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace myelin::log {

namespace {

constexpr int kLook = 100;  // ms between two looks at whether the end has come

}  // namespace

class LogFile::Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ != STDERR_FILENO) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

Result<LogFile::Shared> LogFile::open_path(const std::string& path) {
  if (path.empty()) return std::make_shared<const Descriptor>(STDERR_FILENO);
  // A pipe without a reader must not hold the server up.
  const int opened = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  if (opened < 0) return Fault("cannot open the log '" + path + "': " + std::strerror(errno));
  return std::make_shared<const Descriptor>(opened);
}

Result<std::unique_ptr<LogFile>> LogFile::open(std::string path) {
  auto opened = open_path(path);
  if (!opened) return std::move(opened).fault();
  return std::unique_ptr<LogFile>(new LogFile(std::move(path), *std::move(opened)));
}

Result<void> LogFile::reopen() {
  if (path_.empty()) return {};
  auto opened = open_path(path_);
  if (!opened) return std::move(opened).fault();
  const std::lock_guard lock(mutex_);
  descriptor_ = *std::move(opened);
  return {};
}

bool LogFile::put(std::string line) {
  Shared to;
  {
    const std::lock_guard lock(mutex_);
    to = descriptor_;
  }
  if (torn_ == to) line.insert(line.begin(), '\n');
  line += '\n';
  const bool written = write_all(to, line);
  if (written) failing_ = false;
  return written;
}

/// In pieces that a pipe which has room takes without waiting.
bool LogFile::write_all(const Shared& to, std::string_view text) {
  const int descriptor = to->number();
  const std::size_t size = text.size();
  while (!text.empty()) {
    if (!await_room(descriptor)) break;
    const ssize_t written = ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written >= 0) text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno == EINTR || errno == EAGAIN) continue;
    else {
      tell(errno);
      break;
    }
  }
  if (text.size() != size) torn_ = text.empty() ? nullptr : to;
  return text.empty();
}

/// False: nobody has made room, and there is no time left.
bool LogFile::await_room(int descriptor) {
  pollfd room{descriptor, POLLOUT, 0};
  for (;;) {
    const bool last = ending_;
    if (::poll(&room, 1, stuck_ ? 0 : kLook) != 0) return true;  // an error shows in write()
    if (!last) continue;
    stuck_ = true;
    return false;
  }
}

/// Once, where a log that cannot be written is looked for.
void LogFile::tell(int reason) {
  if (path_.empty() || std::exchange(failing_, true)) return;
  const std::string text = "myelin: cannot write the log '" + path_ + "': " + std::strerror(reason) + "\n";
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, 0) == 1 && ::write(STDERR_FILENO, text.data(), text.size()) < 0) errno = 0;
}

}  // namespace myelin::log
