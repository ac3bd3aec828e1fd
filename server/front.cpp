#include "server/front.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/log.hpp"
#include "server/http_config.hpp"
#include "server/limits.hpp"
#include "server/memory_target.hpp"
#include "transports/http/listening.hpp"
#include "transports/http/memory_gauge.hpp"

namespace myelin::server {

namespace {

/// An address a client can use: a wildcard is shown as loopback.
std::string usable(const std::string& host, std::uint16_t port) {
  if (host.empty() || host == "0.0.0.0") return fmt::format("127.0.0.1:{}", port);
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host == "::" ? "::1" : host, port);
  return fmt::format("{}:{}", host, port);
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

unsigned thread_count(const Options& options, const Settings& settings) {
  if (options.threads > 0) return options.threads;
  const auto set = static_cast<unsigned>(settings.number("server.threads", 0));
  return set > 0 ? set : std::max(1u, std::thread::hardware_concurrency());
}

http::AccessFormat access_format(const Settings& settings) {
  const std::string_view format = settings.get("access_log.format");
  if (format == "json") return http::AccessFormat::json;
  return format == "common" ? http::AccessFormat::common : http::AccessFormat::combined;
}

}  // namespace

/// The command line wins over the settings; a socket that was handed over wins over both.
Address Front::address_of(Role role, const Settings& settings) const {
  struct Known {
    const std::optional<Address>& given;
    const char* key;
    const char* host;
    std::uint16_t port;
  };
  const Known all[] = {{options_.http, "http.listen", "0.0.0.0", 8280},
                       {options_.https, "https.listen", "0.0.0.0", 8243},
                       {options_.admin, "admin.listen", "127.0.0.1", 9191}};
  const Known& known = all[static_cast<std::size_t>(role)];
  Address address;
  address.port = known.port;
  const std::string_view text = settings.get(known.key);
  if (known.given) address = *known.given;
  else if (!text.empty()) address = parse_address(text).value_or(address);
  if (address.host.empty()) address.host = known.host;
  return address;
}

/// SO_REUSEPORT would share a port between two of our own roles, too.
bool Front::takes(const Address& address) const {
  const auto same = [&](int descriptor) {
    const std::string host = http::address_of(descriptor);
    const auto any = [](const std::string& one) { return one == "0.0.0.0" || one == "::"; };
    return http::port_of(descriptor) == address.port && (host == address.host || any(host) || any(address.host));
  };
  return address.port != 0 && std::any_of(bound_.begin(), bound_.end(), [&](const Bound& bound) {
    return !bound.sockets.empty() && same(bound.sockets.front());
  });
}

Result<void> Front::bind(Role role, const Settings& settings, unsigned shards) {
  const Address address = address_of(role, settings);
  if (!listeners_.handed_over(role) && takes(address))
    return Fault(fmt::format("cannot listen on {}:{} twice", address.host, address.port));
  if (role == Role::admin && settings.get("admin.token").empty() && !is_loopback(address.host))
    log::warn("server", "management is open to other machines, at " + address.host + ", without an admin.token");
  auto opened = listeners_.open(role, address, shards);
  if (!opened)
    return Fault(fmt::format("cannot listen on {}:{}: {}", address.host, address.port, opened.fault().message));
  Bound& bound = bound_[static_cast<std::size_t>(role)];
  bound.shown = usable(http::address_of(opened->front()), http::port_of(opened->front()));
  bound.sockets = *std::move(opened);
  return {};
}

Result<void> Front::bind_all(const Settings& settings, bool https) {
  if (!https && (options_.https || !settings.get("https.listen").empty() || listeners_.handed_over(Role::https)))
    return Fault("https needs https.certificate and https.key, or https.pkcs12, in myelin.properties");
  Result<void> bound = bind(Role::http, settings, threads_);
  if (bound && https) bound = bind(Role::https, settings, threads_);
  if (bound) bound = bind(Role::admin, settings, 1);
  return bound;
}

Result<void> Front::open_access_log(const Settings& settings) {
  const std::string_view file = settings.get("access_log.file");
  if (file.empty()) return {};
  auto log = http::AccessLog::open(std::string(file), access_format(settings), threads_);
  if (!log) return std::move(log).fault();
  access_log_ = *std::move(log);
  return {};
}

void Front::make_workers(http::Config config, const std::shared_ptr<const Deployment>& deployment) {
  const std::size_t memory = memory_target(deployment->settings);
  if (memory > 0) config.gauge = std::make_shared<http::MemoryGauge>(memory, &resident_bytes);
  services_ = std::make_unique<ServiceMetrics>(threads_);
  for (unsigned i = 0; i < threads_; ++i)
    workers_.push_back(std::make_unique<Worker>(i, config, deployment, *services_, access_log_.get(), spare_memory_));
  // The default for connections counts what is open by now.
  log::info("server", "limits: " + effective_limits(config, deployment->settings, threads_, memory));
  make_admin();
}

void Front::make_admin() {
  Admin::Hooks hooks;
  hooks.post = [this](std::function<void()> work) { workers_.front()->shard->post(std::move(work)); };
  hooks.metrics = [this] { return metrics(); };
  hooks.draining = [this] { return draining_.load(); };
  admin_ = std::make_unique<Admin>(deployer_, std::move(hooks));
}

Result<void> Front::listen(Role role, const Tls& tls) {
  const bool admin = role == Role::admin;
  const std::vector<int>& sockets = bound_[static_cast<std::size_t>(role)].sockets;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    Worker& worker = *workers_[admin ? 0 : i % workers_.size()];
    http::Entrance entrance;
    entrance.tls = tls;
    entrance.management = admin;
    entrance.pipeline = admin ? static_cast<Pipeline*>(admin_.get()) : &worker.engine;
    if (!admin) entrance.observer = &worker.observer;
    Result<void> opened = worker.shard->listen(sockets[i], std::move(entrance));
    if (!opened) return Fault("cannot listen on " + opened.fault().message);
  }
  return {};
}

Result<void> Front::open(const std::shared_ptr<const Deployment>& deployment) {
  const Settings& settings = deployment->settings;
  threads_ = thread_count(options_, settings);
  auto config = http_config(settings, options_.conf, threads_);
  if (!config) return std::move(config).fault();
  const auto tls = https_settings(settings, options_.conf);
  if (!tls) return tls.fault();
  const bool https = *tls != nullptr;
  in_force_ = settings;
  https_tls_ = tls_digest(settings, options_.conf, kHttpsGroup);
  backend_tls_ = tls_digest(settings, options_.conf, kBackendGroup);
  Result<void> opened = bind_all(settings, https);
  if (opened) opened = open_access_log(settings);
  if (!opened) return opened;
  config->admin_port = http::port_of(bound_[static_cast<std::size_t>(Role::admin)].sockets.front());
  make_workers(*std::move(config), deployment);
  opened = listen(Role::http, nullptr);
  if (opened && https) opened = listen(Role::https, *tls);
  if (opened) opened = listen(Role::admin, nullptr);
  return opened;
}

}  // namespace myelin::server
