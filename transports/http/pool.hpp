#pragma once
// Connections to backends of one shard, by host, port and TLS settings: a stack of idle ones each,
// a limit, and a queue of those who wait at the limit (REL-022). Implements Sender.

#include <coroutine>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/ports/sender.hpp"
#include "transports/http/http2_upstream.hpp"
#include "transports/http/resolver.hpp"
#include "transports/http/upstream.hpp"

namespace myelin::http {

/// What connections are shared by (REL-113). The server name of the handshake is the host.
struct TargetKey {
  std::string_view host;
  std::uint16_t port = 0;
  std::uint64_t tls = 0;  ///< number of the context, 0: plain
  bool verify = true;
  bool http2 = false;        ///< HTTP/2 is asked for
  std::string_view proxy{};  ///< ForwardProxy::key of a tunnel; empty: none
  IpFamily family = IpFamily::any;
  bool operator==(const TargetKey&) const = default;
};

struct HashTarget {
  std::size_t operator()(const TargetKey& key) const noexcept {
    return std::hash<std::string_view>()(key.host) * 31 + key.port + (key.tls << 17) + (key.verify ? 1 : 0) + (key.http2 ? 2 : 0) +
           (key.proxy.empty() ? 0 : std::hash<std::string_view>()(key.proxy));
  }
};

class Waiter;

struct Target {
  explicit Target(const TargetKey& wanted)
      : host(wanted.host),
        proxy(wanted.proxy),
        address(host + ":" + std::to_string(wanted.port)),
        key(wanted) {
    key.host = host;
    key.proxy = proxy;
  }
  std::string host, proxy;
  std::string address;              ///< host:port, for logs
  TargetKey key;                    ///< its texts are those above
  std::vector<Upstream*> idle;      ///< used last is last
  std::vector<Http2Upstream*> shared;  ///< those that speak HTTP/2
  std::size_t open = 0;             ///< connections and attempts
  Waiter* first = nullptr;    ///< waiting for a connection, oldest first
  Waiter* last = nullptr;
  std::size_t waiting = 0;
  bool serving = false;             ///< those who wait are about to be looked at
  SessionPtr session;               ///< TLS session to resume
  std::shared_ptr<const TlsClient> tls;  ///< that of key, where it is the pool's own

  // Where HTTP/2 is asked for:
  std::size_t calls = 0;            ///< exchanges on `shared` connections
  std::size_t connecting = 0;       ///< attempts to connect, whose outcome the others wait for ...
  bool http1 = false;               ///< ... unless the back end has turned HTTP/2 down
  TimePoint http1_until{};          ///< the back end wants HTTP/1.1, for which there is another target
  std::uint32_t streams = 0xffff'ffff;  ///< requests at once on a connection, as its last settings said
  std::uint64_t attempts = 0;       ///< so far
  std::uint64_t failed = 0;         ///< the last of them that failed, and how
  Fault failure;
};

class Pool final : public Sender {
 public:
  explicit Pool(Loop& loop);
  ~Pool() override;

  Task<Result<BackendResponse*>> send(const OutgoingRequest& request) override;
  Task<Result<void>> probe(const OutgoingRequest& request) override;
  Task<bool> wait(Signal& signal, Duration time) override;
  void post(std::function<void()> work) override;
  void flow_began() noexcept override;
  void flow_ended() noexcept override;

  // Called by connections that speak HTTP/2:
  void lent(Upstream& carrier) noexcept;
  void unused(Upstream& carrier) noexcept { unlend(carrier); }
  void call_ended(Target& target);
  /// There may be more room on them.
  void look_again(Target& target);
  void ended(Http2Upstream& connection);

  // Called by others:
  void put_back(Upstream& upstream, std::int64_t keep_alive_seconds);
  void closed(Upstream& upstream) noexcept;
  void died(Upstream& upstream);

  /// Closes idle connections; those in use are closed when they are released.
  void drain();
  /// The settings of requests that bring none of their own, from now on.
  void renew(std::shared_ptr<const TlsClient> tls);
  std::size_t busy() const noexcept { return busy_; }
  /// Closes all sockets; the shard is ending.
  void close_all() noexcept;

 private:
  enum class Fresh { no, yes };
  class Attempt;
  /// What a request is sent on: a connection of its own, or one that others share.
  struct Way {
    Upstream* single = nullptr;
    Http2Upstream* shared = nullptr;
  };
  Task<Result<BackendResponse*>> refuse(Fault fault);
  Task<Result<BackendResponse*>> send_single(Target& target, const OutgoingRequest& request);
  Task<Result<BackendResponse*>> send_http2(Target& target, const OutgoingRequest& request);
  Task<Result<Way>> find_way(Target& target, const OutgoingRequest& request, TimePoint started, Fresh fresh);
  Task<Result<Way>> connect_http2(Target& target, const OutgoingRequest& request, TimePoint started);
  Way way_at_hand(Target& target, const OutgoingRequest& request, Fresh fresh);
  bool has_place(const Target& target) const noexcept;
  bool may_connect(const Target& target) const noexcept;
  Task<Result<Upstream*>> acquire(Target& target, const OutgoingRequest& request, TimePoint started, Fresh fresh);
  Task<Result<Upstream*>> connect(Target& target, const OutgoingRequest& request, TimePoint started);
  Task<Result<void>> secure(Upstream& upstream, const OutgoingRequest& request, TimePoint due);
  Task<Result<void>> tunnel(Upstream& upstream, const OutgoingRequest& request, TimePoint due);
  Upstream* take_idle(Target& target, TimePoint now) noexcept;
  Result<Target*> find(const OutgoingRequest& request, bool may_http2);
  Result<const TlsClientContext*> tls_of(const OutgoingRequest& request);
  Upstream& spare();
  void lend(Upstream& upstream) noexcept;
  void unlend(Upstream& upstream) noexcept;
  void serve_waiting(Target& target);
  void forget_unused();
  void close_idle(bool (*which)(const Target&));

  Loop& loop_;
  Resolver resolver_;
  std::shared_ptr<const TlsClient> default_tls_;
  std::unordered_map<TargetKey, std::unique_ptr<Target>, HashTarget> targets_;
  std::vector<std::unique_ptr<Upstream>> all_;
  std::vector<Upstream*> spare_;
  std::vector<std::unique_ptr<Http2Upstream>> http2_;
  std::size_t busy_ = 0;
};

}  // namespace myelin::http
