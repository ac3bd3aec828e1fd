#pragma once
// From settings to the HTTP transport's configuration: our own keys (`http.limit.*`, `http.timeout.*`)
// and the pass-through transport's under their own names.

#include <filesystem>

#include "engine/base/result.hpp"
#include "engine/runtime/settings.hpp"
#include "transports/http/shard.hpp"
#include "transports/http/tls.hpp"

namespace myelin::server {

/// `shards` divides what is counted per process. Fault: a TLS file that cannot be used.
Result<http::Config> http_config(const Settings& settings, const std::filesystem::path& conf, unsigned shards);

/// The listener's TLS settings; a null pointer when no certificate is configured.
Result<std::shared_ptr<const http::TlsServer>> https_settings(const Settings& settings,
                                                              const std::filesystem::path& conf);

/// Of what the files behind those settings hold, to see whether they have changed.
std::string certificate_digest(const Settings& settings, const std::filesystem::path& conf);

}  // namespace myelin::server
