#include "server/server.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/runtime/watcher.hpp"
#include "server/admin.hpp"
#include "server/deployer.hpp"
#include "server/footprint.hpp"
#include "server/http_config.hpp"
#include "server/limits.hpp"
#include "server/listeners.hpp"
#include "server/memory_target.hpp"
#include "server/notify.hpp"
#include "server/upgrade.hpp"
#include "server/worker.hpp"
#include "transports/http/listening.hpp"
#include "transports/http/memory_gauge.hpp"

namespace myelin::server {

namespace {

constexpr std::uint16_t kHttpPort = 8280;
constexpr std::uint16_t kHttpsPort = 8243;
constexpr std::uint16_t kAdminPort = 9191;

std::vector<std::string> with_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  return arguments;
}

class Server {
 public:
  explicit Server(const Options& options)
      : options_(options), deployer_(options.conf), upgrade_(with_command(options.arguments)) {}

  int run();

 private:
  bool load();
  bool open();
  bool open_access_log();
  void make_admin();
  Address address_of(Listeners::Role role) const;
  bool bind(Listeners::Role role, unsigned shards);
  bool listen(Listeners::Role role, const std::shared_ptr<const http::TlsServer>& tls);
  void report_limits(const http::Config& config) const;
  void publish(const std::shared_ptr<const Deployment>& deployment);
  void watch();
  void serve_signals();
  void redeploy();
  int drain();
  void stop_workers();
  std::string metrics() const;
  bool fail(const std::string& text) const;

  /// The sockets of one role, and the address clients use.
  struct Bound {
    std::vector<int> sockets;
    std::string shown = "-";
  };
  Bound& bound(Listeners::Role role) { return bound_[static_cast<std::size_t>(role)]; }

  Options options_;
  Deployer deployer_;
  Listeners listeners_;
  Upgrade upgrade_;
  std::array<Bound, Listeners::kRoles.size()> bound_;
  std::shared_ptr<const Deployment> first_;
  std::unique_ptr<http::AccessLog> access_log_;
  std::unique_ptr<ServiceMetrics> services_;
  std::unique_ptr<Admin> admin_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Watcher> watcher_;
  std::size_t memory_ = 0;              ///< bytes, 0: no limit
  std::atomic<bool> draining_{false};
  std::atomic<bool> replaced_{false};   ///< a successor serves
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// An address a client can use: a wildcard is shown as loopback.
std::string shown(const std::string& host, std::uint16_t port) {
  if (host.empty() || host == "0.0.0.0") return fmt::format("127.0.0.1:{}", port);
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host == "::" ? "::1" : host, port);
  return fmt::format("{}:{}", host, port);
}

bool Server::fail(const std::string& text) const {
  std::fprintf(stderr, "myelin: %s\n", text.c_str());
  return false;
}

bool Server::load() {
  xml::Problems problems;
  first_ = deployer_.start(problems);
  for (const xml::Problem& problem : problems.all()) std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (!first_) return fail(fmt::format("the configuration in '{}' cannot be deployed", options_.conf.string()));
  return true;
}

/// The command line wins over the settings; a socket that was handed over over both.
Address Server::address_of(Listeners::Role role) const {
  struct Known {
    const std::optional<Address>& given;
    const char* key;
    const char* host;
    std::uint16_t port;
  };
  const Known known[] = {{options_.http, "http.listen", "0.0.0.0", kHttpPort},
                         {options_.https, "https.listen", "0.0.0.0", kHttpsPort},
                         {options_.admin, "admin.listen", "127.0.0.1", kAdminPort}};
  const Known& of = known[static_cast<std::size_t>(role)];
  Address address;
  address.port = of.port;
  const std::string_view text = first_->settings.get(of.key);
  if (of.given) address = *of.given;
  else if (!text.empty()) address = parse_address(text).value_or(address);
  if (address.host.empty()) address.host = of.host;
  return address;
}

bool Server::bind(Listeners::Role role, unsigned shards) {
  const Address address = address_of(role);
  auto opened = listeners_.open(role, address, shards);
  if (!opened) return fail(fmt::format("cannot listen on {}:{}: {}", address.host, address.port, opened.fault().message));
  const int first = opened->front();
  bound(role).shown = shown(http::address_of(first), http::port_of(first));
  bound(role).sockets = *std::move(opened);
  return true;
}

bool Server::listen(Listeners::Role role, const std::shared_ptr<const http::TlsServer>& tls) {
  const bool admin = role == Listeners::Role::admin;
  const std::vector<int>& sockets = bound(role).sockets;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    Worker& worker = *workers_[admin ? 0 : i % workers_.size()];
    http::Entrance entrance;
    entrance.tls = tls;
    entrance.management = admin;
    entrance.pipeline = admin ? static_cast<Pipeline*>(admin_.get()) : &worker.engine;
    if (!admin) entrance.observer = &worker.observer;
    auto opened = worker.shard->listen(sockets[i], std::move(entrance));
    if (!opened) return fail(fmt::format("cannot listen on {}", opened.fault().message));
  }
  return true;
}

void Server::make_admin() {
  Admin::Hooks hooks;
  hooks.post = [this](std::function<void()> work) { workers_.front()->shard->post(std::move(work)); };
  hooks.metrics = [this] { return metrics(); };
  hooks.draining = [this] { return draining_.load(); };
  admin_ = std::make_unique<Admin>(deployer_, std::move(hooks));
}

bool Server::open_access_log() {
  const Settings& settings = first_->settings;
  const std::string_view file = settings.get("access_log.file");
  if (file.empty()) return true;
  const std::string_view format = settings.get("access_log.format");
  using http::AccessFormat;
  auto log = http::AccessLog::open(std::string(file),
                                   format == "json"     ? AccessFormat::json
                                   : format == "common" ? AccessFormat::common
                                                        : AccessFormat::combined,
                                   options_.threads);
  if (!log) return fail(log.fault().message);
  access_log_ = *std::move(log);
  return true;
}

/// Binds every address before one of them listens, so that a client never meets a server that does
/// not start (REL-160).
bool Server::open() {
  using Role = Listeners::Role;
  const Settings& settings = first_->settings;
  if (options_.threads == 0) options_.threads = static_cast<unsigned>(settings.number("server.threads", 0));
  if (options_.threads == 0) options_.threads = std::max(1u, std::thread::hardware_concurrency());
  auto config = http_config(settings, options_.conf, options_.threads);
  if (!config) return fail(config.fault().message);
  auto tls = https_settings(settings, options_.conf);
  if (!tls) return fail(tls.fault().message);
  const bool https = *tls != nullptr;
  if (!https && (options_.https || listeners_.handed_over(Role::https)))
    return fail("--https needs https.certificate and https.key, or https.pkcs12, in myelin.properties");
  if (!bind(Role::http, options_.threads) || (https && !bind(Role::https, options_.threads)) || !bind(Role::admin, 1))
    return false;
  if (!open_access_log()) return false;
  memory_ = memory_target(settings);
  if (memory_ > 0) config->gauge = std::make_shared<http::MemoryGauge>(memory_, &resident_bytes);
  services_ = std::make_unique<ServiceMetrics>(options_.threads);
  for (unsigned i = 0; i < options_.threads; ++i)
    workers_.push_back(std::make_unique<Worker>(i, *config, first_, *services_, access_log_.get()));
  make_admin();
  report_limits(*config);
  return listen(Role::http, nullptr) && (!https || listen(Role::https, *tls)) && listen(Role::admin, nullptr);
}

void Server::report_limits(const http::Config& config) const {
  log::info("server", "limits: " + effective_limits(config, first_->settings, options_.threads, memory_));
}

/// Hands the deployment to every shard and returns when all have taken it over.
void Server::publish(const std::shared_ptr<const Deployment>& deployment) {
  struct Wait {
    std::mutex mutex;
    std::condition_variable all;
    std::size_t left;
  };
  auto wait = std::make_shared<Wait>();
  wait->left = workers_.size();
  for (auto& worker : workers_) {
    worker->shard->post([&to = *worker, deployment, wait] {
      to.deploy(deployment);
      std::lock_guard lock(wait->mutex);
      if (--wait->left == 0) wait->all.notify_one();
    });
  }
  std::unique_lock lock(wait->mutex);
  wait->all.wait_for(lock, std::chrono::seconds(5), [&] { return wait->left == 0; });
}

void Server::watch() {
  if (!first_->settings.flag("hotdeployment", true)) return;
  const Duration settle(first_->settings.number("hotdeployment.settle", 200));
  std::vector<std::filesystem::path> more;
  if (const auto registry = deployer_.registry_folder(); !registry.empty()) more.push_back(registry);
  watcher_ = std::make_unique<Watcher>(options_.conf, settle, [this] { deployer_.redeploy(); }, more);
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
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&signals, signal);
  const auto replaced = [this](pid_t successor) {
    notify(fmt::format("MAINPID={}", successor));
    replaced_ = true;
    ::kill(::getpid(), SIGTERM);
  };
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      redeploy();
    } else if (signal == SIGUSR1) {
      log::reopen();
      if (access_log_) access_log_->reopen();
    } else if (signal == SIGUSR2) {
      upgrade_.start(listeners_.all(), replaced);
    } else {
      return;
    }
  }
}

/// The first shard has the admin port, which tells until the end that the server is not ready
/// (REL-158); a successor's answers for itself.
void Server::stop_workers() {
  const Duration limit(first_->settings.number("shutdown.drain", kDrain.count()));
  for (auto& worker : workers_) worker->shard->drain(limit, worker == workers_.front() && !replaced_);
  for (std::size_t i = 1; i < workers_.size(); ++i) workers_[i]->thread.join();
  workers_.front()->shard->let_end();
  workers_.front()->thread.join();
}

int Server::drain() {
  draining_ = true;
  watcher_.reset();
  if (!replaced_) notify("STOPPING=1");
  log::info("server", "draining");
  // A second signal ends it at once (REL-159).
  std::thread impatient([this] {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) sigaddset(&signals, signal);
    int signal = 0;
    if (sigwait(&signals, &signal) == 0 && signal != SIGUSR2)
      for (auto& worker : workers_) worker->shard->stop();
  });
  stop_workers();
  pthread_kill(impatient.native_handle(), SIGUSR2);
  impatient.join();
  std::size_t cut = 0;
  for (auto& worker : workers_) cut += worker->shard->active();
  return cut == 0 ? 0 : 3;
}

std::string Server::metrics() const {
  Metrics metrics;
  std::vector<ShardFigures> figures;
  for (const auto& worker : workers_) figures.push_back(worker->figures());
  write_shards(metrics, figures);
  services_->write(metrics);
  using Type = Metrics::Type;
  metrics.one("myelin_log_dropped_total", Type::counter, "Log lines lost because the sink could not follow.",
              log::dropped());
  metrics.one("myelin_access_log_dropped_total", Type::counter,
              "Lines of the access log lost because the file could not follow.",
              access_log_ ? access_log_->dropped() : 0);
  write_process(metrics);
  return metrics.take();
}

int Server::run() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  signal(SIGPIPE, SIG_IGN);

  if (!load()) return 2;
  const Settings& settings = first_->settings;
  const std::string_view level = settings.get("log.level");
  log::start(settings.get("log.file"), level == "debug"  ? log::Severity::debug
                                       : level == "trace" ? log::Severity::trace
                                       : level == "warn"  ? log::Severity::warning
                                       : level == "error" ? log::Severity::error
                                                          : log::Severity::info);
  if (!open()) {
    log::stop();
    return 2;
  }
  deployer_.on_publish([this](std::shared_ptr<const Deployment> next) { publish(next); });
  for (auto& worker : workers_) worker->start();
  watch();
  release_start_up_memory();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  using Role = Listeners::Role;
  std::printf("myelin ready http=%s https=%s admin=%s artifacts=%zu ms=%lld\n", bound(Role::http).shown.c_str(),
              bound(Role::https).shown.c_str(), bound(Role::admin).shown.c_str(), first_->size(),
              static_cast<long long>(took.count()));
  std::fflush(stdout);
  notify("READY=1");
  listeners_.serving();
  serve_signals();
  const int code = drain();
  admin_.reset();
  workers_.clear();
  access_log_.reset();
  log::stop();
  return code;
}

}  // namespace

int run(const Options& options) {
  // As many connections as the system allows without asking an administrator.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  return Server(options).run();
}

}  // namespace myelin::server
