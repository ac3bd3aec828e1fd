// Puts the parts of one shard together: listeners, clients, pool, timers.

#include "transports/http/shard.hpp"

#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <vector>

#include "transports/http/client_connection.hpp"
#include "transports/http/listener.hpp"
#include "transports/http/listening.hpp"
#include "transports/http/pool.hpp"

namespace myelin::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kSpareClients = 1024;

/// Work done again and again, by the shard's clock.
class Periodic {
 public:
  Periodic(Loop& loop, Duration interval, std::function<void()> work)
      : interval_(interval),
        work_(std::move(work)),
        timer_(loop.wheel, this, [](void* self) { static_cast<Periodic*>(self)->due(); }) {
    timer_.set(Clock::now() + interval_);
  }

 private:
  void due() {
    timer_.set(Clock::now() + interval_);
    work_();
  }
  Duration interval_;
  std::function<void()> work_;
  Timer timer_;
};

}  // namespace

struct Shard::Impl final : Clients {
  explicit Impl(Config settings)
      : loop(std::move(settings)),
        pool(loop),
        guard(loop.io.get_executor()),
        limit(loop.wheel, this, [](void* self) { static_cast<Impl*>(self)->loop.io.stop(); }) {
    loop.less_to_do = [this] { end_if_drained(); };
    loop.give_back = [this] { return give_back(); };
  }
  ~Impl();

  void accept(Listener& listener, const asio::ip::tcp::endpoint& remote, int descriptor);
  void gone(ClientConnection& client) override;
  void keep(ClientConnection& client);
  void keep_spare(std::size_t most);
  bool give_back();
  void drain(Duration time, bool hold);
  void end_if_drained();
  void destroy(ClientConnection& client);

  Loop loop;
  Pool pool;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::unique_ptr<Periodic>> periodics;
  std::vector<std::unique_ptr<ClientConnection>> all;
  std::vector<ClientConnection*> spare;
  bool trimming = false;
  ClientConnection* first = nullptr;  ///< open ones
  std::size_t serving = 0;            ///< of them, those that are not for management
  Calm calm{loop.wheel, loop.give_back};  ///< by `serving`
  bool held = false;                  ///< a drained shard goes on until let_end()
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  Timer limit;
};

/// Exchanges go first, as they use everything else; completions that are still queued then find
/// the shard ended.
Shard::Impl::~Impl() {
  loop.ended = true;
  for (const auto& listener : listeners) listener->close();
  for (const auto& client : all) client->forget();
  pool.close_all();
  guard.reset();
  loop.io.restart();
  loop.io.poll();
  for (; serving > 0; --serving) ConnectionLimit::closed();
}

void Shard::Impl::accept(Listener& listener, const asio::ip::tcp::endpoint& remote, int descriptor) {
  AddressPlace place;
  if (const std::size_t most = loop.config.per_address; most > 0 && !listener.entrance().management) {
    auto taken = AddressPlace::take(remote.address(), most);
    if (!taken) {
      loop.counters.over_address.add();
      ::close(descriptor);
      return;
    }
    place = *std::move(taken);
  }
  if (spare.empty()) {
    all.push_back(std::make_unique<ClientConnection>(loop, *this));
    all.back()->index = all.size() - 1;
    spare.push_back(all.back().get());
  }
  ClientConnection& client = *spare.back();
  spare.pop_back();
  client.previous = nullptr;
  client.next = first;
  if (first) first->previous = &client;
  first = &client;
  if (!listener.entrance().management) {
    calm.more(++serving);
    loop.counters.accepted.add();
    loop.counters.open.add();
    ConnectionLimit::opened();
  } else {
    ++loop.managing;
  }
  client.place = std::move(place);
  client.start(remote, listener.local(), descriptor, listener.entrance());
}

void Shard::Impl::gone(ClientConnection& client) {
  (client.previous ? client.previous->next : first) = client.next;
  if (client.next) client.next->previous = client.previous;
  client.previous = client.next = nullptr;
  if (!client.management()) {
    calm.less(--serving);
    loop.counters.open.subtract(1);
    ConnectionLimit::closed();
  } else {
    --loop.managing;
  }
  if (loop.draining) end_if_drained();
  if (!loop.ended) keep(client);
}

/// For another client. It is the connection's own last step that comes here, so it cannot be destroyed yet.
void Shard::Impl::keep(ClientConnection& client) {
  spare.push_back(&client);
  if (spare.size() <= kSpareClients || std::exchange(trimming, true)) return;
  asio::post(loop.io, [this] {
    trimming = false;
    keep_spare(kSpareClients);
  });
}

void Shard::Impl::keep_spare(std::size_t most) {
  for (; spare.size() > most; spare.pop_back()) destroy(*spare.back());
}

bool Shard::Impl::give_back() {
  keep_spare(0);
  loop.blocks.forget();
  loop.spare_streams.reset();
  return !loop.config.calm || loop.config.calm();
}

void Shard::Impl::destroy(ClientConnection& client) {
  all.back()->index = client.index;
  std::swap(all[client.index], all.back());
  all.pop_back();
}

void Shard::Impl::drain(Duration time, bool hold) {
  if (loop.draining) return;
  loop.draining = true;
  held = hold;
  for (const auto& listener : listeners)
    if (!hold || !listener->entrance().management) listener->close();
  for (ClientConnection* client = first; client; client = client->next) client->drain();
  pool.drain();
  limit.set(Clock::now() + time);
  end_if_drained();
}

void Shard::Impl::end_if_drained() {
  if (!held && serving == 0 && pool.busy() == 0 && loop.flows == 0) loop.io.stop();
}

Shard::Shard(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Shard::~Shard() = default;

Result<std::uint16_t> Shard::listen(const std::string& address, std::uint16_t port,
                                    std::shared_ptr<const TlsServer> tls, Pipeline& pipeline) {
  auto socket = bind_socket(address, port);
  if (!socket) return std::move(socket).fault();
  const std::uint16_t opened = port_of(*socket);
  Result<void> served = listen(*socket, Entrance{&pipeline, std::move(tls)});
  if (!served) return std::move(served).fault();
  return opened;
}

Result<void> Shard::listen(int descriptor, Entrance entrance) {
  auto listener = std::make_unique<Listener>(
      impl_->loop, std::move(entrance),
      [impl = impl_.get()](Listener& from, const asio::ip::tcp::endpoint& remote, int accepted) {
        impl->accept(from, remote, accepted);
      });
  Result<void> opened = listener->adopt(descriptor);
  if (opened) impl_->listeners.push_back(std::move(listener));
  return opened;
}

void Shard::renew(std::shared_ptr<const TlsServer> tls) {
  post([impl = impl_.get(), tls = std::move(tls)] {
    for (const auto& listener : impl->listeners)
      if (listener->entrance().tls) listener->renew(tls);
  });
}

void Shard::renew(std::shared_ptr<const TlsClient> tls) {
  post([impl = impl_.get(), tls = std::move(tls)] { impl->pool.renew(tls); });
}

Sender& Shard::sender() noexcept { return impl_->pool; }

void Shard::post(std::function<void()> work) {
  asio::post(impl_->loop.io, [impl = impl_.get(), work = std::move(work)] {
    if (!impl->loop.ended) work();
  });
}

void Shard::every(Duration interval, std::function<void()> work) {
  impl_->periodics.push_back(std::make_unique<Periodic>(impl_->loop, interval, std::move(work)));
}

void Shard::run() { impl_->loop.io.run(); }

void Shard::drain(Duration limit, bool hold) {
  asio::post(impl_->loop.io, [impl = impl_.get(), limit, hold] {
    if (!impl->loop.ended) impl->drain(limit, hold);
  });
}

void Shard::let_end() {
  asio::post(impl_->loop.io, [impl = impl_.get()] {
    if (impl->loop.ended) return;
    impl->held = false;
    if (impl->loop.draining) impl->end_if_drained();
  });
}

void Shard::stop() { impl_->loop.io.stop(); }

const Counters& Shard::counters() const noexcept { return impl_->loop.counters; }

std::size_t Shard::active() const noexcept { return impl_->loop.active.load(std::memory_order_relaxed); }
std::size_t Shard::flows() const noexcept { return impl_->loop.flows.load(std::memory_order_relaxed); }

}  // namespace myelin::http
