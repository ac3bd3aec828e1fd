#pragma once
// `myelin run`: one shard per thread, the admin port, hot deployment, signals, drain.

#include "server/options.hpp"

namespace myelin::server {

/// Serves until SIGTERM or SIGINT. Exit code: 0 after a clean drain, 3 if work was cut off, 2 when the
/// configuration or a port cannot be used.
int run(const Options& options);

}  // namespace myelin::server
