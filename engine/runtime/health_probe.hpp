#pragma once
// One health check: asks the endpoint's address through the shard's Sender and judges the answer.

#include <memory>

#include "engine/base/task.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/health.hpp"
#include "engine/ports/sender.hpp"

namespace myelin {

/// Runs on the sender's shard. `leaf` says how its backend is reached; `check` is its. May be given up by
/// destroying the task.
Task<HealthOutcome> probe_health(Sender& sender, std::shared_ptr<const Leaf> leaf, std::shared_ptr<const HealthCheck> check);

}  // namespace myelin
