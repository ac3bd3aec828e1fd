// The only blocking call of the transport, getaddrinfo, and the cache in front of it.

#include "transports/http/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

namespace myelin::http {

namespace asio = boost::asio;

namespace {

constexpr Duration kTimeToLive{30'000};
constexpr Duration kFailureToLive{1'000};
constexpr Duration kPatience{5'000};
constexpr std::size_t kEntries = 1024;
constexpr int kThreads = 2;

Addresses look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  Addresses addresses;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return addresses;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (at->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
    addresses.push_back(endpoint.address());
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

/// Threads and their queue; outlives the resolver while a look-up hangs.
struct Resolver::Worker {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::string> queue;
  Resolver* resolver;  ///< null once it is gone
  asio::io_context& io;
  int threads = 0, idle = 0;

  Worker(Resolver* owner, asio::io_context& context) : resolver(owner), io(context) {}

  static void ask(const std::shared_ptr<Worker>& self, const std::string& host) {
    std::lock_guard lock(self->mutex);
    self->queue.push_back(host);
    if (self->idle == 0 && self->threads < kThreads) {
      ++self->threads;
      std::thread([self] { run(*self); }).detach();
    }
    self->wake.notify_one();
  }

  static void run(Worker& self) {
    std::unique_lock lock(self.mutex);
    while (self.resolver) {
      if (self.queue.empty()) {
        ++self.idle;
        self.wake.wait(lock);
        --self.idle;
        continue;
      }
      const std::string host = std::move(self.queue.front());
      self.queue.pop_front();
      lock.unlock();
      Addresses addresses = look_up(host);
      lock.lock();
      if (Resolver* resolver = self.resolver)
        asio::post(self.io, [resolver, host, addresses] { resolver->answered(host, addresses); });
    }
  }
};

struct Resolver::Entry {
  Addresses addresses;  ///< the last good ones
  TimePoint known_since{};
  bool failed = true;   ///< the last look-up did
  bool asked = false;
  Answer* waiting = nullptr;  ///< first of those who wait

  bool fresh(TimePoint now, Duration keep) const noexcept { return now < known_since + (failed ? kFailureToLive : keep); }
};

/// Waits until the entry was asked for anew, or the patience is over.
class Resolver::Answer {
 public:
  Answer(Loop& loop, Entry& entry)
      : entry_(entry), timer_(loop.wheel, this, [](void* self) { static_cast<Answer*>(self)->wake(); }) {}
  Answer(const Answer&) = delete;
  ~Answer() {
    if (waiter_) leave();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    next_ = entry_.waiting;
    entry_.waiting = this;
    timer_.set(Clock::now() + kPatience);
  }
  void await_resume() const noexcept {}

  void wake() {
    leave();
    std::exchange(waiter_, nullptr).resume();
  }

 private:
  void leave() noexcept {
    for (Answer** at = &entry_.waiting; *at; at = &(*at)->next_)
      if (*at == this) {
        *at = next_;
        return;
      }
  }
  Entry& entry_;
  Timer timer_;
  std::coroutine_handle<> waiter_;
  Answer* next_ = nullptr;
};

Resolver::Resolver(Loop& loop) : loop_(loop), worker_(std::make_shared<Worker>(this, loop.io)) {}

Resolver::~Resolver() {
  std::lock_guard lock(worker_->mutex);
  worker_->resolver = nullptr;
  worker_->wake.notify_all();
}

Task<Addresses> Resolver::resolve(const std::string& host, Duration keep) {
  boost::system::error_code error;
  if (const auto numeric = asio::ip::make_address(host, error); !error) co_return Addresses(1, numeric);
  if (host == "localhost") {
    Addresses loopback(1, asio::ip::address_v4::loopback());
    loopback.push_back(asio::ip::address_v6::loopback());
    co_return loopback;
  }
  if (entries_.size() >= kEntries && !entries_.contains(host)) {
    forget_old();
    if (entries_.size() >= kEntries) co_return Addresses();
  }
  auto& slot = entries_[host];
  if (!slot) slot = std::make_unique<Entry>();
  Entry& entry = *slot;
  if (!entry.fresh(Clock::now(), keep.count() > 0 ? keep : kTimeToLive)) {
    if (!std::exchange(entry.asked, true)) Worker::ask(worker_, host);
    Answer answer(loop_, entry);
    co_await answer;
  }
  co_return entry.addresses;
}

void Resolver::answered(const std::string& host, Addresses addresses) {
  const auto found = entries_.find(host);
  if (found == entries_.end() || loop_.ended) return;
  Entry& entry = *found->second;
  entry.asked = false;
  entry.known_since = Clock::now();
  entry.failed = addresses.empty();
  if (!addresses.empty()) entry.addresses = std::move(addresses);
  while (entry.waiting) entry.waiting->wake();
}

void Resolver::forget_old() {
  const TimePoint now = Clock::now();
  std::erase_if(entries_, [now](const auto& item) {
    const Entry& entry = *item.second;
    return !entry.waiting && !entry.asked && !entry.fresh(now, kTimeToLive);
  });
}

}  // namespace myelin::http
