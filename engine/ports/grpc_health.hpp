#pragma once
// The messages of grpc.health.v1.Health/Check, framed as gRPC frames them: what a health check sends and how
// it judges the answer. One field each, so no library is needed. Pure.

#include <string>
#include <string_view>

namespace myelin {

inline constexpr std::string_view kGrpcHealthPath = "/grpc.health.v1.Health/Check";

/// HealthCheckRequest; `service` empty: the server as a whole.
std::string grpc_health_question(std::string_view service);

/// Why the HealthCheckResponse in an answer's body does not say SERVING; empty: it does.
std::string grpc_health_problem(std::string_view body);

}  // namespace myelin
