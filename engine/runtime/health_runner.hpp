#pragma once
// Runs the health checks of all endpoints: each endpoint is checked by one shard, at its own times, never
// twice at once. Follows the deployment and the children that come and go in it; an endpoint that is the
// same after a redeploy keeps its state and its times. Everything here may be called on any thread.

#include <memory>
#include <vector>

#include "engine/ports/sender.hpp"
#include "engine/runtime/deployment.hpp"

namespace myelin {

class HealthRunner {
 public:
  /// One sender of each shard that shares the checks. They outlive the runner.
  explicit HealthRunner(const std::vector<Sender*>& shards);
  /// The shards' threads have ended or stop() was called and carried out.
  ~HealthRunner();
  HealthRunner(const HealthRunner&) = delete;

  /// From now on the endpoints of this deployment are checked. Takes effect soon, on each shard.
  void follow(const std::shared_ptr<const Deployment>& deployment);
  /// No more checks; those under way are given up.
  void stop();

 private:
  class Part;
  std::vector<std::shared_ptr<Part>> parts_;
};

}  // namespace myelin
