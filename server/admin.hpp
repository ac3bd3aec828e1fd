#pragma once
// The admin interface: health, metrics, redeploy, and (for tests only) the injected clock. Its own
// port, loopback by default, no data-plane paths (REL-119). Runs on one shard; what takes long runs
// on its own thread.

#include <functional>
#include <memory>
#include <string>

#include "engine/ports/client.hpp"
#include "server/background.hpp"
#include "server/deployer.hpp"
#include "server/endpoint_admin.hpp"

namespace myelin::server {

class Admin final : public Pipeline {
 public:
  struct Hooks {
    std::function<void(std::function<void()>)> post;  ///< onto the admin's shard
    std::function<std::string()> metrics;             ///< Prometheus text
    std::function<bool()> draining;
  };

  Admin(Deployer& deployer, Hooks hooks);

  Task<void> serve(Message& message, Client& client) override;
  /// No deployment that was asked for here is under way.
  bool idle() { return background_.idle(); }

 private:
  Task<AdminAnswer> route(Message& message);
  Task<AdminAnswer> deploy();

  Deployer& deployer_;
  Hooks hooks_;
  Background background_;
};

}  // namespace myelin::server
