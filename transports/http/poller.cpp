// Turns of the event loop.

#include "transports/http/poller.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "engine/base/clock.hpp"

namespace myelin::http {

namespace asio = boost::asio;

namespace {

constexpr int kEvents = 64;  // of one turn: what it receives is in memory together
constexpr int kBusy = 4;     // so many events and more: there are likely others already, without asking Asio first
constexpr int kTurns = 16;   // in a row, then others
constexpr int kRounds = 4;   // within a turn, then others have their turn: timers, new connections, other threads' work

}  // namespace

Poller::Poller(asio::io_context& io)
    : io_(io), reactor_(asio::use_service<Reactor>(io)), operation_(*this), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  reactor_.init_task();
  if (const int error = reactor_.register_descriptor(epoll_, data_); error != 0) {
    ::close(epoll_);
    throw std::system_error(error, std::generic_category(), "epoll_ctl");
  }
  watch();
}

Poller::~Poller() {
  works_.clear();
  sends_.clear();
  reactor_.deregister_descriptor(epoll_, data_, true);
  ::close(epoll_);
  reactor_.cleanup_descriptor_data(data_);
}

bool Poller::add(int descriptor, Watched& watched) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::let_work(Watched& watched) {
  if (!watched.works.is_linked()) works_.push_back(watched);
  schedule();
}

void Poller::let_send(Watched& watched) {
  if (!watched.sends.is_linked()) sends_.push_back(watched);
  schedule();
}

void Poller::forget(Watched& watched) noexcept {
  watched.works.unlink();
  watched.sends.unlink();
}

// --- turns ------------------------------------------------------------------------------------------

/// What was written or begun outside a turn, by a timer for example, gets one.
void Poller::schedule() {
  if (in_turn_ || scheduled_) return;
  scheduled_ = true;
  asio::post(io_, [this] {
    scheduled_ = false;
    if (more_) receive();
    turn();
  });
}

void Poller::watch() { reactor_.start_op(Reactor::read_op, epoll_, data_, &operation_, false, true); }

void Poller::completed(void* owner, asio::detail::operation* base, const boost::system::error_code& error,
                       std::size_t) {
  Poller& self = static_cast<Operation*>(base)->poller;
  if (!owner || self.operation_.ec_ || error) return;  // the event loop is being destroyed
  for (int turns = 0; turns < kTurns; ++turns) {
    const int heard = self.receive();
    self.turn();
    if (heard < kBusy) break;
  }
  self.watch();
}

int Poller::receive() {
  in_turn_ = true;
  std::array<epoll_event, kEvents> events;
  const int count = ::epoll_wait(epoll_, events.data(), kEvents, 0);
  for (int i = 0; i < count; ++i)
    static_cast<Watched*>(events[static_cast<std::size_t>(i)].data.ptr)->heard(events[static_cast<std::size_t>(i)].events);
  more_ = count == kEvents;
  in_turn_ = false;
  return count;
}

void Poller::turn() {
  in_turn_ = true;
  Clock::Held time;
  for (int round = 0; round < kRounds && !(works_.empty() && sends_.empty()); ++round) {
    Works working;
    for (working.swap(works_); !working.empty();) {
      Watched& watched = working.front();
      working.pop_front();
      time.tick();
      watched.work();
    }
    Sends sending;
    time.tick();
    for (sending.swap(sends_); !sending.empty();) {
      Watched& watched = sending.front();
      sending.pop_front();
      watched.send();
    }
  }
  in_turn_ = false;
  if (more_ || !works_.empty() || !sends_.empty()) schedule();
}

}  // namespace myelin::http
