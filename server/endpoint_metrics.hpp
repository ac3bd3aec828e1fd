#pragma once
// Metrics of every endpoint of a deployment, in Prometheus text: state on both axes, traffic, latency.

#include "engine/runtime/deployment.hpp"
#include "server/metrics.hpp"

namespace myelin::server {

/// Reads atomics, and takes short locks only. Inline endpoints without a name are labelled by their key.
void write_endpoints(Metrics& metrics, const Deployment& deployment);

}  // namespace myelin::server
