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

/// TLS towards back ends whose endpoints say nothing about it.
Result<std::shared_ptr<const http::TlsClient>> backend_settings(const Settings& settings,
                                                                const std::filesystem::path& conf);

/// Prefixes of the settings of TLS, of either side.
inline constexpr std::string_view kHttpsGroup = "https.", kBackendGroup = "backend.";
/// Of those settings and what the files they name hold, to see whether anything has changed.
std::string tls_digest(const Settings& settings, const std::filesystem::path& conf, std::string_view group);

}  // namespace myelin::server
