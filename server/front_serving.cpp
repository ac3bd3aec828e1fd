// While it serves, and how that ends.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "engine/base/log.hpp"
#include "server/endpoint_metrics.hpp"
#include "server/front.hpp"
#include "server/http_config.hpp"

namespace myelin::server {

/// The admin interface first: a deployment that it began still posts to its shard.
Front::~Front() {
  admin_.reset();
  health_.reset();
  workers_.clear();
}

void Front::start(const std::shared_ptr<const Deployment>& deployment) {
  std::vector<Sender*> senders;
  for (auto& worker : workers_) senders.push_back(&worker->shard->sender());
  health_ = std::make_unique<HealthRunner>(senders);
  health_->follow(deployment);
  for (auto& worker : workers_) worker->start();
}

void Front::publish(const std::shared_ptr<const Deployment>& deployment) {
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
  health_->follow(deployment);
  std::unique_lock lock(wait->mutex);
  wait->all.wait_for(lock, std::chrono::seconds(5), [&] { return wait->left == 0; });
}

Result<void> Front::renew_certificate(const Settings& settings) {
  if (bound_[static_cast<std::size_t>(Role::https)].sockets.empty()) return {};
  std::string digest = tls_digest(settings, options_.conf, kHttpsGroup);
  if (digest == https_tls_) return {};
  auto tls = https_settings(settings, options_.conf);
  if (!tls) return Fault("the certificate stays as it was: " + tls.fault().message);
  if (!*tls) return Fault("the certificate stays as it was: myelin.properties names none any more");
  for (auto& worker : workers_) worker->shard->renew(*tls);
  https_tls_ = std::move(digest);
  log::info("server", "the certificate of https was renewed");
  return {};
}

Result<void> Front::renew_backend_tls(const Settings& settings) {
  std::string digest = tls_digest(settings, options_.conf, kBackendGroup);
  if (digest == backend_tls_) return {};
  auto tls = backend_settings(settings, options_.conf);
  if (!tls) return Fault("TLS towards back ends stays as it was: " + tls.fault().message);
  for (auto& worker : workers_) worker->shard->renew(*tls);
  backend_tls_ = std::move(digest);
  log::info("server", "TLS towards back ends was renewed");
  return {};
}

std::vector<std::function<void(std::function<void()>)>> Front::posts() const {
  std::vector<std::function<void(std::function<void()>)>> all;
  for (const auto& worker : workers_)
    all.push_back([shard = worker->shard.get()](std::function<void()> work) { shard->post(std::move(work)); });
  return all;
}

void Front::tell_what_waits(const Settings& settings) {
  constexpr std::string_view kAtStart[] = {
      "http.limit.", "http.timeout.", "http.listen", "https.listen", "admin.listen", "access_log.", "log.",
      "server.threads", "memory.limit", "max_open_connections", "shutdown.drain", "http.via", "http.trailers",
      "http.pool.", "http.max.", "http.socket.timeout", "http.connection.timeout", "http.body_min_rate",
      "http.keep_alive_requests", "http2."};
  std::set<std::string> changed;
  for (const Settings* side : {&std::as_const(in_force_), &settings}) {
    for (const auto& [key, value] : side->all()) {
      const bool at_start = std::any_of(std::begin(kAtStart), std::end(kAtStart),
                                        [&](std::string_view group) { return key.starts_with(group); });
      if (at_start && in_force_.get(key) != settings.get(key)) changed.insert(key);
    }
  }
  const std::string names = fmt::format("{}", fmt::join(changed, ", "));
  if (names != told_ && !names.empty())
    log::warn("server", "changed, but in force only after a restart or SIGUSR2: " + names);
  told_ = names;
}

Result<void> Front::renew(const Settings& settings) {
  tell_what_waits(settings);
  Result<void> clients = renew_certificate(settings);
  Result<void> backends = renew_backend_tls(settings);
  if (clients) return backends;
  if (!backends) clients.fault().message += "; " + backends.fault().message;
  return clients;
}

void Front::reopen_log() {
  if (access_log_) access_log_->reopen();
}

/// The first shard has the admin port, which tells until the end that the server is not ready
/// (REL-158).
std::size_t Front::drain(Duration limit, bool replaced) {
  health_->stop();
  for (auto& worker : workers_) worker->shard->drain(limit, worker == workers_.front() && !replaced);
  for (std::size_t i = 1; i < workers_.size(); ++i) workers_[i]->thread.join();
  workers_.front()->shard->let_end();
  workers_.front()->thread.join();
  std::size_t cut = 0;
  for (auto& worker : workers_) cut += worker->shard->active() + worker->shard->flows();
  return cut;
}

void Front::stop() {
  for (auto& worker : workers_) worker->shard->stop();
}

std::string Front::metrics() const {
  Metrics metrics;
  std::vector<ShardFigures> figures;
  for (const auto& worker : workers_) figures.push_back(worker->figures());
  write_shards(metrics, figures);
  services_->write(metrics);
  write_endpoints(metrics, *deployer_.current());
  using Type = Metrics::Type;
  metrics.one("myelin_log_dropped_total", Type::counter, "Log lines lost because the sink could not follow.",
              log::dropped());
  metrics.one("myelin_access_log_dropped_total", Type::counter,
              "Lines of the access log lost because the file could not follow.",
              access_log_ ? access_log_->dropped() : 0);
  write_process(metrics);
  return metrics.take();
}

}  // namespace myelin::server
