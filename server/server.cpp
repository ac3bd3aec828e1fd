#include "server/server.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/runtime/discovery_runner.hpp"
#include "engine/runtime/watcher.hpp"
#include "server/background.hpp"
#include "server/crash_report.hpp"
#include "server/deployer.hpp"
#include "server/footprint.hpp"
#include "server/front.hpp"
#include "server/limits.hpp"
#include "server/notify.hpp"
#include "server/plugins.hpp"
#include "server/signal_thread.hpp"
#include "server/upgrade.hpp"
#include "server/watchdog.hpp"

namespace myelin::server {

namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

std::vector<std::string> with_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  return arguments;
}

log::Severity log_level(const Settings& settings) {
  const std::string_view level = settings.get("log.level");
  if (level == "trace") return log::Severity::trace;
  if (level == "debug") return log::Severity::debug;
  if (level == "warn") return log::Severity::warning;
  return level == "error" ? log::Severity::error : log::Severity::info;
}

class Server {
 public:
  explicit Server(const Options& options)
      : options_(options),
        deployer_(options.conf),
        front_(std::make_unique<Front>(options_, deployer_)),
        upgrade_(with_command(options.arguments)) {}

  int run();

 private:
  bool load();
  bool open();
  void watch();
  void say_ready();
  void serve_signals();
  void reload();
  void redeploy();
  void reopen_logs();
  void leave(int code);
  std::function<void()> discover(const std::shared_ptr<const Deployment>& deployment, Duration patience);
  int drain();

  Options options_;
  std::vector<PluginOutcome> plugins_;
  Deployer deployer_;
  std::shared_ptr<const Deployment> first_;
  std::unique_ptr<Front> front_;
  Upgrade upgrade_;
  std::unique_ptr<Watcher> watcher_;
  DiscoveryRunner discovery_;
  Background background_;
  std::optional<Watchdog> watchdog_;
  std::atomic<bool> replaced_{false};  ///< a successor serves
  std::atomic<bool> reload_waits_{false};  ///< a reload that has not begun yet will see all changes so far
  std::mutex reloading_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

bool Server::load() {
  plugins_ = load_plugins_of(options_.conf);
  xml::Problems problems;
  first_ = deployer_.start(problems);
  for (const xml::Problem& problem : problems.all()) std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (first_) return true;
  for (const PluginOutcome& plugin : plugins_)
    if (!plugin.refused.empty()) std::fprintf(stderr, "myelin: %s\n", plugin.text().c_str());
  std::fprintf(stderr, "myelin: the configuration in '%s' cannot be deployed\n", options_.conf.c_str());
  return false;
}

bool Server::open() {
  const Result<void> opened = front_->open(first_);
  if (!opened) std::fprintf(stderr, "myelin: %s\n", opened.fault().message.c_str());
  return opened.ok();
}

void Server::watch() {
  if (!first_->settings.flag("hotdeployment", true)) return;
  const Duration settle(first_->settings.number("hotdeployment.settle", 200));
  std::vector<std::filesystem::path> more;
  if (const auto registry = deployer_.registry_folder(); !registry.empty()) more.push_back(registry);
  watcher_ = std::make_unique<Watcher>(options_.conf, settle, [this] { background_.run([this] { deployer_.redeploy(); }); },
                                       more);
}

/// Not on the thread that waits for signals: to load may take as long as who is asked for a document.
void Server::reload() {
  if (reload_waits_.exchange(true)) return;
  background_.run([this] {
    const std::lock_guard one_at_a_time(reloading_);
    reload_waits_ = false;
    redeploy();
  });
}

void Server::redeploy() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
  deployer_.redeploy();
  notify("READY=1");
}

/// Sleeps in sigwait; every other thread has these signals blocked. Returns when the server is to end.
void Server::serve_signals() {
  const sigset_t signals = set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2});
  const auto replaced = [this](pid_t successor) {
    notify(fmt::format("MAINPID={}", successor));
    replaced_ = true;
    ::kill(::getpid(), SIGTERM);
  };
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      reload();
    } else if (signal == SIGUSR1) {
      reopen_logs();
    } else if (signal == SIGUSR2) {
      upgrade_.start(front_->listeners().all(), replaced);
    } else {
      return;
    }
  }
}

void Server::reopen_logs() {
  log::reopen();
  front_->reopen_log();
}

/// Begins to ask the registries of `deployment`; what is returned waits for those that are new.
std::function<void()> Server::discover(const std::shared_ptr<const Deployment>& deployment, Duration patience) {
  auto answers = discovery_.follow(deployment);
  if (answers.empty()) return nullptr;
  return [patience, answers = std::move(answers)] {
    for (const auto& answer : answers) answer->await(patience);
  };
}

int Server::drain() {
  deployer_.stop();
  if (!replaced_) {  // else the service as a whole is as ready as it was
    front_->begin_drain();
    notify("STOPPING=1");
  }
  watchdog_->draining();
  log::info("server", "draining");
  // A second signal ends it at once (REL-159).
  const SignalThread impatient(set_of({SIGTERM, SIGINT, SIGUSR1}), [this](int signal) {
    if (signal == SIGUSR1) reopen_logs();
    else front_->stop();
  });
  const Duration limit(first_->settings.number("shutdown.drain", kDrain.count()));
  const std::size_t cut = front_->drain(limit, replaced_);
  watcher_.reset();  // which may take the system a while
  discovery_.stop();
  return cut == 0 ? 0 : 3;
}

/// Ends the process, where a load that is under way would keep it waiting for what it asks for.
void Server::leave(int code) {
  if (background_.idle() && front_->idle()) return;
  front_->close_log();
  log::stop();
  std::_Exit(code);
}

void Server::say_ready() {
  using Role = Listeners::Role;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  std::printf("myelin ready http=%s https=%s admin=%s artifacts=%zu ms=%lld\n", front_->shown(Role::http).c_str(),
              front_->shown(Role::https).c_str(), front_->shown(Role::admin).c_str(), first_->size(),
              static_cast<long long>(took.count()));
  std::fflush(stdout);
  notify("READY=1");
  front_->listeners().serving();
}

int Server::run() {
  const sigset_t blocked = set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN});
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  signal(SIGPIPE, SIG_IGN);

  // Nobody is served yet, and what is loaded may be long in coming.
  std::optional<SignalThread> starting(std::in_place, set_of({SIGTERM, SIGINT}), [](int) { std::_Exit(0); });
  if (!load()) return 2;
  if (const auto logs = log::start(first_->settings.get("log.file"), log_level(first_->settings)); !logs) {
    std::fprintf(stderr, "myelin: %s\n", logs.fault().message.c_str());
    return 2;
  }
  for (const PluginOutcome& plugin : plugins_)
    log::write(plugin.refused.empty() ? log::Severity::info : log::Severity::error, "plugins", plugin.text());
  int code = 2;
  if (open()) {
    const Duration patience(first_->settings.number("discovery.patience", 1000));
    if (const auto wait = discover(first_, patience)) wait();
    deployer_.on_publish([this, patience](const auto& next) { return discover(next, patience); },
                         [this](const auto& next) { front_->publish(next); });
    deployer_.on_load([this](const Settings& settings) { return front_->renew(settings); });
    front_->start(first_);
    watch();
    release_start_up_memory();
    starting.reset();
    watchdog_.emplace(front_->posts());
    say_ready();
    serve_signals();
    code = drain();
    leave(code);
    watchdog_.reset();
  }
  front_.reset();
  log::stop();
  return code;
}

}  // namespace

int run(const Options& options) {
  report_crashes();
  // As many connections as the system allows without asking an administrator.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  try {
    return Server(options).run();
  } catch (const std::runtime_error& error) {  // what the system has refused
    std::fprintf(stderr, "myelin: %s\n", error.what());
    return 2;
  }
}

}  // namespace myelin::server
