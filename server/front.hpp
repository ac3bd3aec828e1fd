#pragma once
// Everything that serves: listening sockets, one worker per shard, the admin interface, the access log
// and the figures. Opened and drained by the main thread.

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/health_runner.hpp"
#include "server/admin.hpp"
#include "server/listeners.hpp"
#include "server/worker.hpp"
#include "transports/http/tls.hpp"

namespace myelin::server {

class Front {
 public:
  Front(const Options& options, Deployer& deployer) : options_(options), deployer_(deployer) {}
  ~Front();

  /// Binds every address before one of them listens, so that a client never meets a server that does
  /// not start (REL-160). Fault: a port, a file or a setting that cannot be used.
  Result<void> open(const std::shared_ptr<const Deployment>& deployment);
  void start(const std::shared_ptr<const Deployment>& deployment);
  /// The address clients use, "-" when there is none.
  const std::string& shown(Listeners::Role role) const { return bound_[static_cast<std::size_t>(role)].shown; }
  Listeners& listeners() noexcept { return listeners_; }

  /// Hands the deployment to every shard and returns when all have taken it over. Any thread.
  void publish(const std::shared_ptr<const Deployment>& deployment);
  /// Takes over changed settings and files of TLS, of both sides (REL-115), and says which other settings
  /// wait for a restart. Fault: those of TLS cannot be used, and that side stays as it was.
  Result<void> renew(const Settings& settings);
  /// What runs work on each shard's thread.
  std::vector<std::function<void(std::function<void()>)>> posts() const;
  /// Opens the access log anew.
  void reopen_log();

  /// Readiness is refused from here on.
  void begin_drain() noexcept { draining_ = true; }
  /// Stops accepting and waits for what is under way; how many exchanges were cut off. `replaced`: a
  /// successor answers at the admin port.
  std::size_t drain(Duration limit, bool replaced);
  /// Ends a drain at once. Any thread.
  void stop();
  /// After the drain: false when a deployment still holds on to this. `close_log` then ends what would be
  /// lost.
  bool idle() { return admin_->idle(); }
  void close_log() { access_log_.reset(); }

 private:
  using Role = Listeners::Role;
  using Tls = std::shared_ptr<const http::TlsServer>;
  /// The sockets of one role.
  struct Bound {
    std::vector<int> sockets;
    std::string shown = "-";
  };

  Address address_of(Role role, const Settings& settings) const;
  bool takes(const Address& address) const;
  Result<void> bind(Role role, const Settings& settings, unsigned shards);
  Result<void> bind_all(const Settings& settings, bool https);
  Result<void> open_access_log(const Settings& settings);
  void make_workers(http::Config config, const std::shared_ptr<const Deployment>& deployment);
  Result<void> listen(Role role, const Tls& tls);
  void make_admin();
  void tell_what_waits(const Settings& settings);
  Result<void> renew_certificate(const Settings& settings);
  Result<void> renew_backend_tls(const Settings& settings);
  std::string metrics() const;

  const Options& options_;
  Deployer& deployer_;
  Listeners listeners_;
  unsigned threads_ = 0;
  Settings in_force_;  ///< of the start, for those that are read only then
  std::string told_;   ///< which of them have changed since
  std::string https_tls_, backend_tls_;  ///< digests of settings and files
  std::array<Bound, Listeners::kRoles.size()> bound_;
  std::unique_ptr<http::AccessLog> access_log_;
  std::unique_ptr<ServiceMetrics> services_;
  std::unique_ptr<Admin> admin_;
  SpareMemory spare_memory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<HealthRunner> health_;
  std::atomic<bool> draining_{false};
};

}  // namespace myelin::server
