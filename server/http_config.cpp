#include "server/http_config.hpp"

#include <fmt/format.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "engine/base/text.hpp"

namespace myelin::server {

namespace {

std::size_t size_of(const Settings& settings, std::string_view name, std::size_t otherwise) {
  return static_cast<std::size_t>(settings.number(name, static_cast<std::int64_t>(otherwise)));
}

std::uint32_t count_of(const Settings& settings, std::string_view name, std::uint32_t otherwise) {
  return static_cast<std::uint32_t>(settings.number(name, otherwise));
}

Duration time_of(const Settings& settings, std::string_view name, Duration otherwise) {
  return Duration(settings.number(name, otherwise.count()));
}

std::string path_of(const Settings& settings, std::string_view name, const std::filesystem::path& conf) {
  const std::string_view value = settings.get(name);
  return value.empty() ? std::string() : (conf / std::filesystem::path(value)).string();
}

/// `http.via`, else a name that no other process has.
std::string via_name(const Settings& settings) {
  const std::string_view name = settings.get("http.via");
  if (name == "off") return {};
  return name.empty() ? fmt::format("myelin-{:08x}", std::random_device{}()) : std::string(name);
}

}  // namespace

Result<http::Config> http_config(const Settings& settings, const std::filesystem::path& conf, unsigned shards) {
  http::Config config;
  http::Limits& limits = config.limits;
  limits.request_line = size_of(settings, "http.limit.request_line", limits.request_line);
  limits.head = size_of(settings, "http.limit.head", limits.head);
  limits.field = size_of(settings, "http.limit.field", limits.field);
  limits.fields = size_of(settings, "http.limit.fields", limits.fields);
  limits.trailer_fields = size_of(settings, "http.limit.trailer_fields", limits.trailer_fields);
  limits.trailer_bytes = size_of(settings, "http.limit.trailer_bytes", limits.trailer_bytes);
  limits.chunk_line = size_of(settings, "http.limit.chunk_line", limits.chunk_line);
  limits.chunk_extensions = size_of(settings, "http.limit.chunk_extensions", limits.chunk_extensions);
  config.per_address = size_of(settings, "http.limit.connections_per_address", config.per_address);
  http::Http2Limits& http2 = config.http2_limits;
  http2.streams = count_of(settings, "http2.limit.streams", http2.streams);
  http2.header_block = size_of(settings, "http2.limit.header_block", http2.header_block);
  http2.resets = count_of(settings, "http2.limit.resets", http2.resets);
  http2.settings = count_of(settings, "http2.limit.settings", http2.settings);
  http2.pings = count_of(settings, "http2.limit.pings", http2.pings);
  config.http2_backend_streams = count_of(settings, "http2.backend.streams", config.http2_backend_streams);
  config.http2 = settings.flag("http2.enabled", true);
  config.head_timeout = time_of(settings, "http.timeout.head", config.head_timeout);
  config.handshake_timeout = time_of(settings, "http.timeout.handshake", config.handshake_timeout);
  config.keep_alive = time_of(settings, "http.timeout.keep_alive", config.keep_alive);
  config.keep_alive_requests = count_of(settings, "http.keep_alive_requests", config.keep_alive_requests);
  config.body_idle = time_of(settings, "http.timeout.body_idle", config.body_idle);
  config.body_min_rate = count_of(settings, "http.body_min_rate", config.body_min_rate);
  config.write_idle = time_of(settings, "http.timeout.write_idle", config.write_idle);
  config.backend_timeout = time_of(settings, "http.socket.timeout", config.backend_timeout);
  config.connect_timeout = time_of(settings, "http.connection.timeout", config.connect_timeout);
  config.pool_idle = time_of(settings, "http.pool.idle", config.pool_idle);
  config.per_endpoint =
      std::max<std::size_t>(1, size_of(settings, "http.max.connection.per.host.port", config.per_endpoint) / shards);
  config.per_endpoint_waiting =
      std::max<std::size_t>(1, size_of(settings, "http.max.messages.per.host.port", config.per_endpoint_waiting) / shards);
  config.via = via_name(settings);
  for (const std::string_view name : text::split(settings.get("http.trailers"), ", "))
    if (!name.empty()) config.trailers.push_back(text::to_lower(name));
  if (const auto most = settings.number("max_open_connections", -1); most > 0)
    config.max_connections = static_cast<std::size_t>(most);  // counted over the whole process

  auto client = backend_settings(settings, conf);
  if (!client) return std::move(client).fault();
  config.backend_tls = *std::move(client);
  return config;
}

namespace {

/// Settings that mean nothing without one another; a text that is empty: they are complete.
std::string missing(const Settings& settings, std::string_view group) {
  const auto has = [&](std::string_view name) { return !settings.get(fmt::format("{}{}", group, name)).empty(); };
  if (has("certificate") && !has("key")) return fmt::format("{0}certificate needs {0}key", group);
  if (has("key") && !has("certificate")) return fmt::format("{0}key needs {0}certificate", group);
  if (has("certificate") && has("pkcs12")) return fmt::format("{0}certificate and {0}pkcs12: one of them is needed", group);
  if (has("client_ca") && !has("client_auth")) return fmt::format("{0}client_ca needs {0}client_auth", group);
  return {};
}

}  // namespace

Result<std::shared_ptr<const http::TlsClient>> backend_settings(const Settings& settings,
                                                                const std::filesystem::path& conf) {
  if (std::string wrong = missing(settings, kBackendGroup); !wrong.empty()) return Fault(std::move(wrong));
  http::TlsClient::Options tls;
  tls.ca = path_of(settings, "backend.ca", conf);
  tls.verify = settings.flag("backend.verify", true);
  tls.certificate = path_of(settings, "backend.certificate", conf);
  tls.key = path_of(settings, "backend.key", conf);
  return http::TlsClient::make(tls);
}

Result<std::shared_ptr<const http::TlsServer>> https_settings(const Settings& settings,
                                                              const std::filesystem::path& conf) {
  if (std::string wrong = missing(settings, kHttpsGroup); !wrong.empty()) return Fault(std::move(wrong));
  http::TlsServer::Options tls;
  tls.certificate = path_of(settings, "https.certificate", conf);
  tls.key = path_of(settings, "https.key", conf);
  tls.pkcs12 = path_of(settings, "https.pkcs12", conf);
  tls.password = settings.get("https.password");
  tls.http2 = settings.flag("http2.enabled", true);
  tls.client_ca = path_of(settings, "https.client_ca", conf);
  const std::string_view auth = settings.get("https.client_auth");
  using ClientAuth = http::TlsServer::Options::ClientAuth;
  tls.client_auth = auth == "require" ? ClientAuth::require : auth == "optional" ? ClientAuth::optional : ClientAuth::none;
  if (tls.certificate.empty() && tls.pkcs12.empty()) return std::shared_ptr<const http::TlsServer>();
  return http::TlsServer::make(tls);
}

std::string tls_digest(const Settings& settings, const std::filesystem::path& conf, std::string_view group) {
  std::string content;
  for (const auto& [key, value] : settings.all()) {
    if (!key.starts_with(group)) continue;
    content.append(key).append("=").append(value).append("\n");
    std::ifstream file(path_of(settings, key, conf), std::ios::binary);  // what is no file's name adds nothing
    content.append(std::istreambuf_iterator<char>(file), {});
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), digest, &size, EVP_sha256(), nullptr);
  OPENSSL_cleanse(content.data(), content.size());
  return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace myelin::server
