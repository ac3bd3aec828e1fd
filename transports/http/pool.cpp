// Finding a connection for a request: an idle one, a new one, or a place in the queue.

#include "transports/http/pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "transports/http/guard.hpp"
#include "transports/http/heads.hpp"
#include "transports/http/pool_waiter.hpp"
#include "transports/http/socks.hpp"

namespace myelin::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTargets = 10'000;

Fault refused(std::string detail) {
  return Fault(code::kConnectFailed, "Error connecting to the back end", std::move(detail));
}

bool fits(const asio::ip::address& address, IpFamily family) noexcept {
  return family == IpFamily::any || address.is_v4() == (family == IpFamily::ipv4);
}

}  // namespace

Pool::Pool(Loop& loop) : loop_(loop), resolver_(loop), default_tls_(loop.config.backend_tls) {}

Pool::~Pool() = default;

Result<const TlsClientContext*> Pool::tls_of(const OutgoingRequest& request) {
  if (request.url.scheme != "https") return static_cast<const TlsClientContext*>(nullptr);
  if (request.tls) return static_cast<const TlsClientContext*>(static_cast<const TlsClient*>(request.tls));
  if (!default_tls_) {
    auto made = TlsClient::make({});
    if (!made) return std::move(made.fault());
    default_tls_ = std::move(*made);
  }
  return static_cast<const TlsClientContext*>(default_tls_.get());
}

Result<Target*> Pool::find(const OutgoingRequest& request, bool may_http2) {
  auto tls = tls_of(request);
  if (!tls) return std::move(tls.fault());
  TargetKey key;
  const bool plain_proxy = request.proxy && !request.proxy->tunnels(request.url.scheme);
  key.host = plain_proxy ? std::string_view(request.proxy->host) : request.url.host;
  key.port = plain_proxy ? request.proxy->port : request.url.port;
  key.tls = *tls ? (*tls)->number : 0;
  if (request.proxy && !plain_proxy) key.proxy = request.proxy->key;
  key.family = request.ip_family;
  key.verify = request.verify_tls || !*tls;
  key.http2 = may_http2 && request.http2 && !request.http10 && !plain_proxy;
  if (const auto found = targets_.find(key); found != targets_.end()) return found->second.get();
  if (targets_.size() >= kTargets) forget_unused();
  if (targets_.size() >= kTargets) return no_connection();
  auto made = std::make_unique<Target>(key);
  Target* target = made.get();
  if (static_cast<const TlsClient*>(*tls) == default_tls_.get()) target->tls = default_tls_;
  targets_.emplace(target->key, std::move(made));
  return target;
}

void Pool::forget_unused() {
  std::erase_if(targets_, [](const auto& item) {
    const Target& target = *item.second;
    return target.open == 0 && target.waiting == 0 && !target.serving;
  });
}

Task<Result<BackendResponse*>> Pool::send(const OutgoingRequest& request) {
  auto found = find(request, true);
  if (found && (*found)->http1_until > Clock::now()) found = find(request, false);
  if (!found) return refuse(std::move(found.fault()));
  return (*found)->key.http2 ? send_http2(**found, request) : send_single(**found, request);
}

Task<Result<BackendResponse*>> Pool::refuse(Fault fault) { co_return fault; }

Task<Result<BackendResponse*>> Pool::send_single(Target& target, const OutgoingRequest& request) {
  const TimePoint started = Clock::now();
  for (Fresh fresh = Fresh::no;; fresh = Fresh::yes) {
    Upstream* upstream = fresh == Fresh::no ? take_idle(target, started) : nullptr;
    if (!upstream) {
      auto acquired = co_await acquire(target, request, started, fresh);
      if (!acquired) co_return std::move(acquired.fault());
      upstream = *acquired;
    }
    if (upstream->reused) loop_.counters.reuses.add();
    Lease<Upstream> lease(*upstream);
    const bool answered = co_await upstream->exchange(request, started);
    if (answered) co_return static_cast<BackendResponse*>(&lease.hand_on());
    if (!upstream->was_stale() || fresh == Fresh::yes) co_return upstream->problem();
    loop_.counters.retries.add();
  }
}

Task<Result<void>> Pool::probe(const OutgoingRequest& request) {
  auto found = find(request, true);
  if (!found) co_return std::move(found.fault());
  auto connected = co_await connect(**found, request, Clock::now());
  if (!connected) co_return std::move(connected.fault());
  (*connected)->drop();
  co_return Result<void>();
}

Task<bool> Pool::wait(Signal& signal, Duration time) {
  // A signal kept by others outlives an exchange that goes away while it waits.
  struct Forget {
    Signal& signal;
    ~Forget() { signal.forget(); }
  } forget{signal};
  Timer timer(loop_.wheel, &signal, [](void* waited) { static_cast<Signal*>(waited)->interrupt(); });
  timer.set(Clock::now() + time);
  co_await signal;
  co_return signal.is_set();
}

void Pool::post(std::function<void()> work) {
  asio::post(loop_.io, [this, work = std::move(work)] {
    if (!loop_.ended) work();
  });
}

void Pool::flow_began() noexcept { loop_.flows.store(loop_.flows.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

void Pool::flow_ended() noexcept {
  loop_.flows.store(loop_.flows.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  if (loop_.draining && !loop_.ended && loop_.less_to_do) loop_.less_to_do();
}

Upstream* Pool::take_idle(Target& target, TimePoint now) noexcept {
  while (!target.idle.empty()) {
    Upstream* upstream = target.idle.back();
    if (upstream->rests_until() <= now) {
      died(*upstream);  // its time is over, only the wheel has not come round yet
      continue;
    }
    target.idle.pop_back();
    lend(*upstream);
    return upstream;
  }
  return nullptr;
}

void Pool::lend(Upstream& upstream) noexcept {
  upstream.busy = true;
  ++busy_;
}

void Pool::unlend(Upstream& upstream) noexcept {
  if (!upstream.busy) return;
  upstream.busy = false;
  --busy_;
}

Task<Result<Upstream*>> Pool::acquire(Target& target, const OutgoingRequest& request, TimePoint started, Fresh fresh) {
  const Config& config = loop_.config;
  if (fresh == Fresh::yes && target.open >= config.per_endpoint && !target.idle.empty())
    died(*target.idle.front());  // makes room for the fresh one
  if (target.open >= config.per_endpoint) {
    if (target.waiting >= config.per_endpoint_waiting) {
      loop_.counters.rejections.add();
      co_return no_connection();
    }
    loop_.counters.waits.add();
    const Duration patience = request.timeout.count() > 0 ? request.timeout : config.backend_timeout;
    {
      Waiter waiter(loop_, target, started + patience);
      co_await waiter;
    }
    if (Upstream* upstream = take_idle(target, Clock::now())) co_return upstream;
    if (target.open >= config.per_endpoint) co_return no_connection();
  }
  auto connected = co_await connect(target, request, started);
  co_return connected;
}

Task<Result<Upstream*>> Pool::connect(Target& target, const OutgoingRequest& request, TimePoint started) {
  const Config& config = loop_.config;
  const Duration limit = request.connect_timeout.count() > 0  ? request.connect_timeout
                         : config.connect_timeout.count() > 0 ? config.connect_timeout
                                                              : config.backend_timeout / 2;
  const bool endpoints = request.timeout_is_endpoints && request.timeout.count() > 0 && request.timeout < limit;
  const TimePoint due = endpoints ? started + request.timeout : Clock::now() + limit;

  Upstream& upstream = spare();
  upstream.target = &target;
  ++target.open;
  lend(upstream);
  Lease<Upstream> lease(upstream);
  const bool tunnels = !target.proxy.empty();
  const std::string& host = tunnels ? request.proxy->host : target.host;
  const std::uint16_t port = tunnels ? request.proxy->port : target.key.port;
  const Addresses addresses = co_await resolver_.resolve(host, request.dns_refresh);
  Fault fault = refused("cannot resolve host " + host);
  for (const asio::ip::address& address : addresses) {
    if (!fits(address, request.ip_family)) continue;
    const asio::ip::tcp::endpoint endpoint(address, port);
    if (request.guarded && !tunnels && is_guarded(endpoint, config.admin_port)) {
      fault = refused("the address of host " + host + " in request data is refused");
      continue;
    }
    const Io outcome = co_await upstream.stream.connect(endpoint, due);
    if (outcome == Io::timed_out) {
      fault = endpoints ? Fault(code::kTimeout, "Send timeout")
                        : Fault(code::kConnectTimeout, "Timeout while connecting to the back end");
      break;
    }
    fault = refused("no connection to " + host);
    if (outcome != Io::done) continue;
    if (target.key.tls != 0 || tunnels) {
      auto secured = co_await secure(upstream, request, due);
      if (!secured) {
        fault = std::move(secured.fault());
        break;
      }
    }
    loop_.counters.connects.add();
    co_return &lease.hand_on();
  }
  loop_.counters.connect_failures.add();
  co_return fault;
}

/// The tunnel and the TLS handshake, as far as there are to be any.
Task<Result<void>> Pool::secure(Upstream& upstream, const OutgoingRequest& request, TimePoint due) {
  Target& target = *upstream.target;
  if (!target.proxy.empty()) {
    const bool socks = request.proxy->type == ForwardProxy::Type::socks5;
    auto tunnelling = socks ? open_socks(upstream.stream, request, due) : tunnel(upstream, request, due);
    Result<void> open = co_await tunnelling;
    if (!open) co_return open;
  }
  if (target.key.tls == 0) co_return Result<void>();
  // The pool's own may have been renewed while this connection was made.
  const TlsClientContext* tls = target.tls ? static_cast<const TlsClientContext*>(target.tls.get()) : *tls_of(request);
  upstream.stream.use_tls(*tls, target.host, target.key.verify, target.session, target.key.http2);
  const Io outcome = co_await upstream.stream.handshake(due);
  if (outcome == Io::done) co_return Result<void>();
  if (outcome == Io::timed_out)
    co_return Fault(code::kConnectTimeout, "Timeout in the TLS handshake with the back end");
  co_return refused("TLS handshake: " + upstream.stream.tls()->problem());
}

/// Asks the proxy for a connection to the back end.
Task<Result<void>> Pool::tunnel(Upstream& upstream, const OutgoingRequest& request, TimePoint due) {
  const std::string question = connect_head(request);
  const Pieces pieces(question);
  Io outcome = co_await upstream.stream.write(pieces, std::chrono::duration_cast<Duration>(due - Clock::now()));
  HeadParser parser(loop_.config.limits);
  ResponseHead head;
  int interim = 0;
  Inbound& in = upstream.stream.in;
  while (outcome == Io::done) {
    std::size_t consumed = 0;
    const Parse parse = in.raw().empty() ? Parse::more : parser.response(in.raw(), "CONNECT", head, consumed);
    if (parse == Parse::bad) co_return refused("the forward proxy does not speak HTTP");
    if (parse == Parse::more) {
      outcome = co_await upstream.stream.read(due);
      continue;
    }
    const int status = head.status;
    in.eat(consumed);
    in.next_message();
    if (status < 200 && ++interim <= kInterimAnswers) continue;
    if (status < 200 || status >= 300) co_return refused("the forward proxy answered " + std::to_string(status));
    if (!in.raw().empty()) co_return refused("the forward proxy sends what nobody asked for");
    co_return Result<void>();
  }
  if (outcome == Io::timed_out) co_return Fault(code::kConnectTimeout, "Timeout while connecting through the forward proxy");
  co_return refused("the forward proxy ended the connection");
}

Upstream& Pool::spare() {
  if (!spare_.empty()) {
    Upstream& upstream = *spare_.back();
    spare_.pop_back();
    return upstream;
  }
  all_.push_back(std::make_unique<Upstream>(loop_, *this));
  spare_.reserve(all_.size());
  all_.back()->index = all_.size() - 1;
  return *all_.back();
}

void Pool::put_back(Upstream& upstream, std::int64_t keep_alive_seconds) {
  unlend(upstream);
  Duration time = loop_.config.pool_idle;
  if (upstream.idle_limit().count() > 0) time = std::min(time, upstream.idle_limit());
  if (keep_alive_seconds >= 0) time = std::min(time, Duration(keep_alive_seconds * 1000 - 1000));
  if (time.count() <= 0 || loop_.draining) {
    upstream.drop();
    return;
  }
  Target& target = *upstream.target;
  upstream.rest(Clock::now() + time);
  if (upstream.stream.read_ended()) {
    upstream.drop();
    return;
  }
  target.idle.push_back(&upstream);
  if (target.first) serve_waiting(target);
}

/// An idle connection has ended, or is not wanted any more.
void Pool::died(Upstream& upstream) {
  std::erase(upstream.target->idle, &upstream);
  loop_.counters.stale.add();
  upstream.drop();
}

void Pool::closed(Upstream& upstream) noexcept {
  unlend(upstream);
  Target* target = std::exchange(upstream.target, nullptr);
  upstream.reused = false;
  if (target) {
    --target->open;
    if (target->first) serve_waiting(*target);
  }
  if (!loop_.ended) spare_.push_back(&upstream);
  if (loop_.draining && loop_.less_to_do) loop_.less_to_do();
}

/// Wakes as many of those who wait as can be served, from the event loop, so that whoever released
/// a connection goes on first.
void Pool::serve_waiting(Target& target) {
  if (std::exchange(target.serving, true)) return;
  asio::post(loop_.io, [this, &target] {
    if (loop_.ended) return;
    target.serving = false;
    for (std::size_t left = target.waiting; left > 0 && target.first && has_place(target); --left) target.first->wake();
  });
}

void Pool::renew(std::shared_ptr<const TlsClient> tls) {
  default_tls_ = std::move(tls);
  close_idle([](const Target& target) { return target.tls != nullptr; });  // nobody asks for them any more
}

void Pool::drain() {
  close_idle([](const Target&) { return true; });
}

void Pool::close_idle(bool (*which)(const Target&)) {
  for (const auto& connection : http2_)
    if (connection->unused() && which(connection->target())) connection->retire();
  for (const auto& [key, target] : targets_)
    while (which(*target) && !target->idle.empty()) died(*target->idle.back());
}

void Pool::close_all() noexcept {
  for (const auto& connection : http2_) connection->forget();
  for (const auto& upstream : all_) {
    upstream->forget();
    upstream->stream.forget();
  }
}

}  // namespace myelin::http
