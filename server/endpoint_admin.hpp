#pragma once
// Endpoints over the admin port: the tree of each with both axes of its state, counters and latency, and
// what may be done to it (endpoints reference, 7; gateways reference, 4.5).
//
//   GET  /endpoints                     every endpoint that stands in no group
//   GET  /endpoints/NAME                one of them, or a named one inside a group
//   GET  /endpoints/NAME/checks         the newest health checks; ?only=transitions: those that changed the state
//   POST /endpoints/NAME/on|off|drain   with all below it; `on` also ends suspensions and closes breakers
//   POST /endpoints/NAME/reset          forgets the counters
//   POST /endpoints/NAME/weight?value=N a member's weight until the next start; 0: as configured
//   DELETE /endpoints/NAME/sessions     every session of a session-affine group ends
//
// NAME is a name, or the key of one without a name, percent-encoded. Thread safe: reads atomics, and
// takes short locks only.

#include <string>
#include <string_view>

#include "engine/runtime/deployment.hpp"

namespace myelin::server {

struct AdminAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

/// `path` without "/endpoints".
AdminAnswer serve_endpoints(const Deployment& deployment, std::string_view method, std::string_view path,
                            std::string_view query);

/// The value of a query parameter, decoded; empty when absent.
std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace myelin::server
