#include "server/server.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/runtime/discovery_runner.hpp"
#include "engine/runtime/engine.hpp"
#include "engine/runtime/watcher.hpp"
#include "server/admin.hpp"
#include "server/deployer.hpp"
#include "server/footprint.hpp"
#include "server/http_config.hpp"
#include "transports/http/shard.hpp"

namespace myelin::server {

namespace {

constexpr std::uint16_t kHttpPort = 8280;
constexpr std::uint16_t kHttpsPort = 8243;
constexpr std::uint16_t kAdminPort = 9191;

/// One thread's part of the server. The engine outlives every connection of its shard.
struct Worker {
  Worker(http::Config config, std::shared_ptr<const Deployment> deployment)
      : shard(std::move(config)), engine(shard.sender(), std::move(deployment)) {}
  http::Shard shard;
  Engine engine;
  std::thread thread;
};

class Server {
 public:
  explicit Server(const Options& options) : options_(options), deployer_(options.conf) {}

  int run();

 private:
  bool load();
  bool open();
  bool listen(const Address& address, const std::shared_ptr<const http::TlsServer>& tls, std::string& shown);
  bool listen_admin(const Address& address);
  void publish(const std::shared_ptr<const Deployment>& deployment);
  void watch();
  void serve_signals();
  int drain();
  std::string metrics() const;
  bool fail(const std::string& text) const;

  Options options_;
  Deployer deployer_;
  std::shared_ptr<const Deployment> first_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Watcher> watcher_;
  DiscoveryRunner discovery_;
  std::atomic<bool> draining_{false};
  std::string http_shown_ = "-", https_shown_ = "-", admin_shown_ = "-";
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

bool Server::listen(const Address& address, const std::shared_ptr<const http::TlsServer>& tls, std::string& shown_as) {
  const std::string host = address.host.empty() ? "0.0.0.0" : address.host;
  std::uint16_t port = address.port;
  for (auto& worker : workers_) {
    auto opened = worker->shard.listen(host, port, tls, worker->engine);
    if (!opened) return fail(fmt::format("cannot listen on {}:{}: {}", host, port, opened.fault().message));
    port = *opened;
  }
  shown_as = shown(host, port);
  return true;
}

bool Server::listen_admin(const Address& address) {
  Worker& first = *workers_.front();
  Admin::Hooks hooks;
  hooks.post = [&first](std::function<void()> work) { first.shard.post(std::move(work)); };
  hooks.metrics = [this] { return metrics(); };
  hooks.draining = [this] { return draining_.load(); };
  admin_ = std::make_unique<Admin>(deployer_, std::move(hooks));
  const std::string host = address.host.empty() ? "127.0.0.1" : address.host;
  auto opened = first.shard.listen(host, address.port, nullptr, *admin_);
  if (!opened) return fail(fmt::format("cannot listen on {}:{}: {}", host, address.port, opened.fault().message));
  admin_shown_ = shown(host, *opened);
  return true;
}

bool Server::open() {
  const Settings& settings = first_->settings;
  unsigned threads = options_.threads;
  if (threads == 0) threads = static_cast<unsigned>(settings.number("server.threads", 0));
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  auto config = http_config(settings, options_.conf, threads);
  if (!config) return fail(config.fault().message);
  auto tls = https_settings(settings, options_.conf);
  if (!tls) return fail(tls.fault().message);
  for (unsigned i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>(*config, first_));

  const auto address = [&settings](const std::optional<Address>& given, std::string_view key, std::uint16_t port) {
    if (given) return *given;
    const std::string_view text = settings.get(key);
    Address found;
    found.port = port;
    return text.empty() ? found : parse_address(text).value_or(found);
  };
  if (!listen(address(options_.http, "http.listen", kHttpPort), nullptr, http_shown_)) return false;
  if (*tls && !listen(address(options_.https, "https.listen", kHttpsPort), *tls, https_shown_)) return false;
  if (!*tls && options_.https)
    return fail("--https needs https.certificate and https.key, or https.pkcs12, in myelin.properties");
  return listen_admin(address(options_.admin, "admin.listen", kAdminPort));
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
    worker->shard.post([&engine = worker->engine, deployment, wait] {
      engine.deploy(deployment);
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

/// Sleeps in sigwait; every other thread has these signals blocked.
void Server::serve_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) deployer_.redeploy();
    else if (signal == SIGUSR1) log::reopen();
    else return;
  }
}

int Server::drain() {
  draining_ = true;
  watcher_.reset();
  const Duration limit(first_->settings.number("shutdown.drain", 30'000));
  log::info("server", "draining");
  for (auto& worker : workers_) worker->shard.drain(limit);
  // A second signal ends it at once (REL-159).
  std::thread impatient([this] {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) sigaddset(&signals, signal);
    int signal = 0;
    if (sigwait(&signals, &signal) == 0 && signal != SIGUSR2)
      for (auto& worker : workers_) worker->shard.stop();
  });
  for (auto& worker : workers_) worker->thread.join();
  discovery_.stop();
  pthread_kill(impatient.native_handle(), SIGUSR2);
  impatient.join();
  std::size_t cut = 0;
  for (auto& worker : workers_) cut += worker->shard.active();
  return cut == 0 ? 0 : 3;
}

std::string Server::metrics() const {
  std::uint64_t accepted = 0, answered = 0, aborted = 0, faults = 0, resent = 0;
  std::size_t active = 0;
  for (const auto& worker : workers_) {
    const EngineCounters& counters = worker->engine.counters();
    accepted += counters.accepted.load(std::memory_order_relaxed);
    answered += counters.answered.load(std::memory_order_relaxed);
    aborted += counters.aborted.load(std::memory_order_relaxed);
    faults += counters.faults.load(std::memory_order_relaxed);
    resent += counters.resent.load(std::memory_order_relaxed);
    active += worker->shard.active();
  }
  return fmt::format(
      "# HELP myelin_requests_accepted_total Requests whose head was accepted.\n"
      "# TYPE myelin_requests_accepted_total counter\nmyelin_requests_accepted_total {}\n"
      "# HELP myelin_requests_answered_total Requests answered completely.\n"
      "# TYPE myelin_requests_answered_total counter\nmyelin_requests_answered_total {}\n"
      "# HELP myelin_requests_aborted_total Requests whose client went away.\n"
      "# TYPE myelin_requests_aborted_total counter\nmyelin_requests_aborted_total {}\n"
      "# HELP myelin_requests_in_flight Exchanges under way.\n"
      "# TYPE myelin_requests_in_flight gauge\nmyelin_requests_in_flight {}\n"
      "# HELP myelin_faults_total Faults handled in flows.\n"
      "# TYPE myelin_faults_total counter\nmyelin_faults_total {}\n"
      "# HELP myelin_resends_total Requests sent again after a byte had gone out.\n"
      "# TYPE myelin_resends_total counter\nmyelin_resends_total {}\n"
      "# HELP myelin_log_dropped_total Log lines lost because the sink could not follow.\n"
      "# TYPE myelin_log_dropped_total counter\nmyelin_log_dropped_total {}\n",
      accepted, answered, aborted, active, faults, resent, log::dropped());
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
  const Duration patience(settings.number("discovery.patience", 1000));
  discovery_.follow(first_, patience);
  deployer_.on_publish([this, patience](std::shared_ptr<const Deployment> next) {
    discovery_.follow(next, patience);
    publish(next);
  });
  for (auto& worker : workers_) worker->thread = std::thread([&shard = worker->shard] { shard.run(); });
  watch();
  release_start_up_memory();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  std::printf("myelin ready http=%s https=%s admin=%s artifacts=%zu ms=%lld\n", http_shown_.c_str(),
              https_shown_.c_str(), admin_shown_.c_str(), first_->size(), static_cast<long long>(took.count()));
  std::fflush(stdout);
  serve_signals();
  const int code = drain();
  admin_.reset();
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
