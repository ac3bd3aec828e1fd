#pragma once
// The limits that are in force, for the log (REL-009).

#include <cstddef>
#include <string>

#include "engine/runtime/settings.hpp"
#include "transports/http/shard.hpp"

namespace myelin::server {

/// REL-158: how long a stopping server waits, unless `shutdown.drain` says otherwise.
inline constexpr Duration kDrain{180'000};

/// `key=value` with the settings' names. `memory`: bytes, 0: no limit.
std::string effective_limits(const http::Config& config, const Settings& settings, unsigned threads,
                             std::size_t memory);

}  // namespace myelin::server
