#pragma once
// The sockets of one shard, in an epoll set of their own that Asio's event loop watches. A turn has
// three steps: bytes are received from every socket that has some, then the owners work on them, then
// what they wrote is sent. The same call many times in a row finds its code and tables in the
// processor's caches, which saves a tenth of a request's CPU time. Not thread safe.
//
// This and the timer wheel are the only places that know how Asio works inside (1.81).

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>

namespace myelin::http {

using TurnLink = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Poller {
 public:
  /// A socket, as the poller knows it. It must be unlinked when it ends.
  class Watched {
   public:
    /// The first step: `events` of epoll have come. May not close a socket.
    virtual void heard(std::uint32_t events) noexcept = 0;
    /// The second step, after let_work().
    virtual void work() = 0;
    /// The third step, after let_send().
    virtual void send() = 0;

    TurnLink works, sends;  ///< the poller's

   protected:
    ~Watched() = default;
  };

  explicit Poller(boost::asio::io_context& io);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  /// Events come edge by edge, all of them, until the descriptor is closed. False: see errno.
  bool add(int descriptor, Watched& watched) noexcept;
  /// Calls work() in the second step of this turn or the next.
  void let_work(Watched& watched);
  /// Calls send() in the third step.
  void let_send(Watched& watched);
  static void forget(Watched& watched) noexcept;

 private:
  using Reactor = boost::asio::detail::reactor;
  using Base = boost::asio::detail::reactor_op;
  template <TurnLink Watched::* link>
  using List = boost::intrusive::list<Watched, boost::intrusive::member_hook<Watched, TurnLink, link>,
                                      boost::intrusive::constant_time_size<false>>;
  using Works = List<&Watched::works>;
  using Sends = List<&Watched::sends>;

  struct Operation final : Base {
    explicit Operation(Poller& its_poller) noexcept
        : Base(boost::system::error_code(), &Poller::ready, &Poller::completed), poller(its_poller) {}
    Poller& poller;
  };
  static Base::status ready(Base*) { return Base::done_and_exhausted; }
  static void completed(void* owner, boost::asio::detail::operation* base, const boost::system::error_code&,
                        std::size_t);
  void watch();
  void turn();
  int receive();
  void schedule();

  boost::asio::io_context& io_;
  Reactor& reactor_;
  Reactor::per_descriptor_data data_ = nullptr;
  Operation operation_;
  int epoll_;
  Works works_;
  Sends sends_;
  bool in_turn_ = false, scheduled_ = false;
  bool more_ = false;  ///< epoll may hold more events than one call took
};

}  // namespace myelin::http
