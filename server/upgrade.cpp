#include "server/upgrade.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/log.hpp"

extern char** environ;

namespace myelin::server {

namespace {

constexpr int kFirst = 3;        // where the successor looks for its sockets
constexpr int kPatience = 100;   // ms between two looks at ending_

/// The path, not the file that runs: what is installed there now is started.
std::string own_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

std::vector<std::string> environment(const std::vector<Listeners::Open>& sockets) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) all.emplace_back(*entry);
  std::string handover;
  for (const Listeners::Open& one : sockets) {
    handover += handover.empty() ? "MYELIN_HANDOVER=" : ":";
    handover += Listeners::kRoles[static_cast<std::size_t>(one.role)];
  }
  all.push_back(handover);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Upgrade::Upgrade(std::vector<std::string> arguments) : program_(own_path()), arguments_(std::move(arguments)) {}

Upgrade::~Upgrade() {
  ending_ = true;
  if (waiting_.joinable()) waiting_.join();
}

void Upgrade::start(const std::vector<Listeners::Open>& sockets, std::function<void(pid_t)> succeeded) {
  if (under_way_.exchange(true)) {
    log::warn("server", "an upgrade is under way already");
    return;
  }
  if (waiting_.joinable()) waiting_.join();
  succeeded_ = std::move(succeeded);
  int told[2];
  pid_t successor = -1;
  if (::pipe2(told, O_CLOEXEC) == 0) {
    successor = launch(sockets, told[1]);
    ::close(told[1]);
    if (successor < 0) ::close(told[0]);
  }
  if (successor < 0) {
    log::error("server", std::string("cannot start a successor: ") + std::strerror(errno));
    under_way_ = false;
    return;
  }
  log::info("server", fmt::format("process {} is to take over", successor));
  waiting_ = std::thread([this, successor, from = told[0]] { await(successor, from); });
}

/// Everything that allocates is done before fork(): other threads may hold the allocator's lock.
pid_t Upgrade::launch(const std::vector<Listeners::Open>& sockets, int told) {
  const auto count = static_cast<int>(sockets.size());
  std::vector<int> moved;  // out of the way of the numbers the successor expects
  for (const Listeners::Open& one : sockets) moved.push_back(::fcntl(one.descriptor, F_DUPFD_CLOEXEC, kFirst + count + 1));
  moved.push_back(::fcntl(told, F_DUPFD_CLOEXEC, kFirst + count + 1));
  std::vector<std::string> arguments{program_};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  std::vector<std::string> variables = environment(sockets);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(variables);
  const pid_t successor = ::fork();
  if (successor == 0) {
    for (int i = 0; i <= count; ++i)
      if (::dup2(moved[static_cast<std::size_t>(i)], kFirst + i) < 0) ::_exit(127);
    ::close_range(static_cast<unsigned>(kFirst + count + 1), ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(program_.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  const int reason = errno;
  for (const int descriptor : moved)
    if (descriptor >= 0) ::close(descriptor);
  errno = reason;
  return successor;
}

/// The pipe tells one byte, or ends with a successor that did not get there.
void Upgrade::await(pid_t successor, int told) {
  pollfd one{told, POLLIN, 0};
  int ready = 0;
  while (!ending_ && (ready = ::poll(&one, 1, kPatience)) == 0) {
  }
  char byte = 0;
  const bool serves = ready > 0 && ::read(told, &byte, 1) == 1;
  ::close(told);
  if (serves) {
    log::info("server", fmt::format("process {} has taken over", successor));
    succeeded_(successor);
    return;
  }
  if (ending_) ::kill(successor, SIGTERM);  // told to end meanwhile, and it belongs to us
  int status = 0;
  ::waitpid(successor, &status, 0);
  log::error("server", fmt::format("process {} has not taken over: this one goes on", successor));
  under_way_ = false;
}

}  // namespace myelin::server
