#include "server/limits.hpp"

#include <fmt/format.h>

#include <iterator>

namespace myelin::server {

std::string effective_limits(const http::Config& config, const Settings& settings, unsigned threads,
                             std::size_t memory) {
  std::string text;
  const auto add = [&text](std::string_view name, auto value) {
    fmt::format_to(std::back_inserter(text), "{}{}={}", text.empty() ? "" : " ", name, value);
  };
  const http::Limits& limits = config.limits;
  add("server.threads", threads);
  add("max_open_connections", http::connection_limit(config));
  add("memory.limit", memory);
  add("http.limit.request_line", limits.request_line);
  add("http.limit.head", limits.head);
  add("http.limit.field", limits.field);
  add("http.limit.fields", limits.fields);
  add("http.limit.trailer_fields", limits.trailer_fields);
  add("http.limit.trailer_bytes", limits.trailer_bytes);
  add("http.limit.chunk_line", limits.chunk_line);
  add("http.limit.chunk_extensions", limits.chunk_extensions);
  add("http.limit.connections_per_address", config.per_address);
  add("http.timeout.head", config.head_timeout.count());
  add("http.timeout.handshake", config.handshake_timeout.count());
  add("http.timeout.keep_alive", config.keep_alive.count());
  add("http.keep_alive_requests", config.keep_alive_requests);
  add("http.timeout.body_idle", config.body_idle.count());
  add("http.body_min_rate", config.body_min_rate);
  add("http.timeout.write_idle", config.write_idle.count());
  add("http.socket.timeout", config.backend_timeout.count());
  add("http.connection.timeout", config.connect_timeout.count() > 0 ? config.connect_timeout.count()
                                                                    : config.backend_timeout.count() / 2);
  add("http.max.connection.per.host.port", config.per_endpoint * threads);
  add("http.max.messages.per.host.port", config.per_endpoint_waiting * threads);
  add("http.pool.idle", config.pool_idle.count());
  add("http2.limit.streams", config.http2_limits.streams);
  add("http2.limit.header_block", config.http2_limits.header_block);
  add("http2.limit.resets", config.http2_limits.resets);
  add("http2.limit.settings", config.http2_limits.settings);
  add("http2.limit.pings", config.http2_limits.pings);
  add("http2.backend.streams", config.http2_backend_streams);
  add("valid.max.message.size.in.bytes", settings.number("valid.max.message.size.in.bytes", std::int64_t{64} << 20));
  add("flow.limit.unattended", settings.number("flow.limit.unattended", 10'000));
  add("shutdown.drain", settings.number("shutdown.drain", kDrain.count()));
  return text;
}

}  // namespace myelin::server
