// Finding a way for a request where HTTP/2 is asked for: a place on a shared connection. While the first one is
// being made, the others wait for it. What ALPN turns down is sent by HTTP/1.1, on connections of its own.

#include <algorithm>
#include <boost/asio/post.hpp>

#include "transports/http/pool.hpp"
#include "transports/http/pool_waiter.hpp"

namespace myelin::http {

namespace {

constexpr int kTries = 3;  // of a request that back ends do not look at
constexpr Duration kHttp1Required{3'600'000};  // how long it is remembered

bool speaks_http2(Upstream& upstream) noexcept {
  const TlsEngine* tls = upstream.stream.tls();
  return !tls || tls->protocol() == "h2";
}

}  // namespace

/// One attempt to connect, however it ends.
class Pool::Attempt {
 public:
  Attempt(Pool& pool, Target& target) noexcept : pool_(pool), target_(target) {
    ++target.connecting;
    ++target.attempts;
  }
  Attempt(const Attempt&) = delete;
  ~Attempt() {
    --target_.connecting;
    pool_.look_again(target_);
  }

 private:
  Pool& pool_;
  Target& target_;
};

Task<Result<BackendResponse*>> Pool::send_http2(Target& target, const OutgoingRequest& request) {
  const TimePoint started = Clock::now();
  Fresh fresh = Fresh::no;
  for (int tries = 1;; ++tries) {
    auto way = co_await find_way(target, request, started, fresh);
    if (!way) co_return std::move(way.fault());
    if (way->shared) {
      if (way->shared->has_answered()) loop_.counters.reuses.add();
      ++target.calls;
      Lease<Http2Call> lease(way->shared->lend());
      const bool answered = co_await lease->exchange(request, started);
      if (answered) co_return static_cast<BackendResponse*>(&lease.hand_on());
      if (lease->http1_required()) {
        target.http1_until = Clock::now() + kHttp1Required;
        if (lease->repeatable()) break;
      }
      if (!lease->repeatable() || tries == kTries) co_return lease->problem();
    } else {
      if (way->single->reused) loop_.counters.reuses.add();
      Lease<Upstream> lease(*way->single);
      const bool answered = co_await lease->exchange(request, started);
      if (answered) co_return static_cast<BackendResponse*>(&lease.hand_on());
      if (!lease->was_stale() || fresh == Fresh::yes) co_return lease->problem();
    }
    fresh = Fresh::yes;
    loop_.counters.retries.add();
  }
  loop_.counters.retries.add();
  auto by_http1 = send(request);
  Result<BackendResponse*> answer = co_await by_http1;
  co_return answer;
}

Pool::Way Pool::way_at_hand(Target& target, const OutgoingRequest& request, Fresh fresh) {
  Way way;
  for (Http2Upstream* connection : target.shared)
    if (target.calls < loop_.config.per_endpoint && connection->has_room(request.http2_streams)) {
      way.shared = connection;
      return way;
    }
  if (fresh == Fresh::no) way.single = take_idle(target, Clock::now());
  return way;
}

bool Pool::may_connect(const Target& target) const noexcept {
  const std::size_t most = loop_.config.per_endpoint;
  return target.open < most && target.calls < most && (target.connecting == 0 || target.http1);
}

bool Pool::has_place(const Target& target) const noexcept {
  if (!target.idle.empty() || may_connect(target)) return true;
  return target.calls < loop_.config.per_endpoint &&
         std::any_of(target.shared.begin(), target.shared.end(), [](const Http2Upstream* one) { return one->has_room(0); });
}

Task<Result<Pool::Way>> Pool::find_way(Target& target, const OutgoingRequest& request, TimePoint started, Fresh fresh) {
  const Config& config = loop_.config;
  const TimePoint due = started + (request.timeout.count() > 0 ? request.timeout : config.backend_timeout);
  for (;;) {
    Way way = way_at_hand(target, request, fresh);
    if (way.shared || way.single) co_return way;
    if (may_connect(target)) break;
    if (target.waiting >= config.per_endpoint_waiting) {
      loop_.counters.rejections.add();
      co_return no_connection();
    }
    loop_.counters.waits.add();
    const std::uint64_t awaited = target.connecting > 0 ? target.attempts : 0;
    {
      Waiter waiter(loop_, target, due);
      co_await waiter;
    }
    if (awaited > 0 && target.failed == awaited) co_return target.failure;
    if (Clock::now() < due || has_place(target)) continue;
    if (awaited > 0 && request.timeout_is_endpoints) co_return Fault(code::kTimeout, "Send timeout");
    co_return no_connection();
  }
  auto made = co_await connect_http2(target, request, started);
  co_return made;
}

Task<Result<Pool::Way>> Pool::connect_http2(Target& target, const OutgoingRequest& request, TimePoint started) {
  Attempt attempt(*this, target);
  const std::uint64_t number = target.attempts;
  auto connected = co_await connect(target, request, started);
  if (!connected) {
    // Its own time limit, and what only addresses in request data are refused for, say nothing about the others.
    if (connected.fault().base_code != code::kTimeout && !request.guarded) {
      target.failed = number;
      target.failure = connected.fault();
    }
    co_return std::move(connected.fault());
  }
  Way way;
  target.http1 = !speaks_http2(**connected);
  if (target.http1) {
    way.single = *connected;
    co_return way;
  }
  Lease<Upstream> lease(**connected);
  target.shared.reserve(target.shared.size() + 1);  // taking note of what was made cannot fail
  http2_.push_back(std::make_unique<Http2Upstream>(loop_, *this, **connected));
  way.shared = http2_.back().get();
  target.shared.push_back(way.shared);
  lease.hand_on();
  co_return way;
}

// --- called by the connections ------------------------------------------------------------------------

void Pool::lent(Upstream& carrier) noexcept {
  if (!carrier.busy) lend(carrier);
}

void Pool::call_ended(Target& target) {
  --target.calls;
  look_again(target);
}

void Pool::look_again(Target& target) {
  if (target.first) serve_waiting(target);
}

void Pool::ended(Http2Upstream& connection) {
  std::erase(connection.target().shared, &connection);
  connection.carrier().drop();
  boost::asio::post(loop_.io, [this, &connection] {  // it is in its last step
    if (loop_.ended) return;
    std::erase_if(http2_, [&](const auto& one) { return one.get() == &connection; });
  });
}

}  // namespace myelin::http
