#pragma once
// One thread's share of the HTTP transport: io_context, listeners (SO_REUSEPORT), client
// connections, upstream pools, one coarse timer wheel. Everything but post() and stop() is called
// on the thread that runs run(), or before it. No Asio in this header.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/ports/client.hpp"
#include "engine/ports/sender.hpp"
#include "transports/http/codec.hpp"
#include "transports/http/http2_guard.hpp"
#include "transports/http/observer.hpp"
#include "transports/http/pressure.hpp"
#include "transports/http/trailers.hpp"

namespace myelin::http {

class TlsClient;  // tls.hpp: trust, certificate towards backends

struct Config {
  Limits limits;
  Duration head_timeout{10'000};          // REL-030, REL-031
  Duration handshake_timeout{10'000};
  Duration keep_alive{60'000};            // REL-032
  std::uint32_t keep_alive_requests = 10'000;
  Duration body_idle{30'000};             // REL-033
  std::uint32_t body_min_rate = 100;      // bytes per second over body_idle
  Duration write_idle{60'000};            // REL-034
  Duration backend_timeout{180'000};      // REL-036: silence of a backend
  Duration connect_timeout{0};            // 0: half of backend_timeout (REL-035)
  std::size_t per_endpoint = 1024;        // REL-022: connections to one host:port (this shard's share)
  std::size_t per_endpoint_waiting = 1024;
  std::size_t max_connections = 0;        // REL-020; 0: from the descriptor limit
  std::size_t per_address = 0;            // REL-021: connections of one client address; 0: no limit
  Duration pool_idle{50'000};             // an idle upstream connection is kept so long
  bool http2 = true;                      // also in clear text, by prior knowledge
  Http2Limits http2_limits;               // REL-041
  std::uint32_t http2_backend_streams = 100;  // requests at once on a connection to a back end
  std::shared_ptr<const TlsClient> backend_tls;
  std::uint16_t admin_port = 0;           // no way for addresses out of messages (REL-084); 0: none
  TrailerNames trailers;                  // that pass whatever the message is (REL-067)
  std::string server_name = "Myelin";     // Server header; empty: none
  std::string via;                        // our name in Via towards backends (REL-026); empty: none
  std::shared_ptr<Gauge> gauge;           // of memory; null: there is no limit
  std::function<bool()> calm;             // told on a shard's thread that it has much less to do than before; false: not now
};

/// Client connections the whole process may have (REL-020).
std::size_t connection_limit(const Config& config) noexcept;

/// Counters of one shard, written by its thread, read by others as a snapshot: counters.hpp.
struct Counters;

class Shard {
 public:
  explicit Shard(Config config);
  ~Shard();

  /// Opens a listening socket and gives each accepted request to `pipeline`. Port 0 takes a free
  /// one. Returns the port. `tls` null: plain HTTP.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port,
                               std::shared_ptr<const TlsServer> tls, Pipeline& pipeline);
  /// Serves a socket that listens already, and closes it when it drains.
  Result<void> listen(int descriptor, Entrance entrance);

  /// TLS listeners use `tls` for connections they accept from now on (REL-115). Thread safe.
  void renew(std::shared_ptr<const TlsServer> tls);
  /// Connections to back ends that are made from now on use `tls`, where their endpoint has no settings of
  /// its own; requests go out on no others (REL-113). Thread safe.
  void renew(std::shared_ptr<const TlsClient> tls);

  Sender& sender() noexcept;

  /// Runs `work` on this shard's thread, soon. Thread safe.
  void post(std::function<void()> work);
  /// Runs `work` every `interval` on this shard until it ends.
  void every(Duration interval, std::function<void()> work);

  /// Serves until stop(), or until drained.
  void run();
  /// Stops accepting, answers what is under way, or comes within a second on connections that are open, with
  /// Connection: close; run() returns when nothing is left or after `limit`. `hold`: management stays
  /// open meanwhile, and also when nothing is left, until let_end(). Thread safe.
  void drain(Duration limit, bool hold = false);
  void let_end();
  /// Ends run() at once. Thread safe.
  void stop();

  /// Exchanges under way on this shard. Thread safe.
  std::size_t active() const noexcept;
  /// Flows under way that no client waits for. Thread safe.
  std::size_t flows() const noexcept;
  const Counters& counters() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::http
