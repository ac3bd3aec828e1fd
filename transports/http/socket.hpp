#pragma once
// A TCP socket of a shard's poller with its two operations built in: one pending read, one pending wait
// for room to write. Starting one costs neither memory nor a system call, a read takes its buffer only
// when there are bytes, and no read is tried on a socket that is known to be drained. Not thread safe.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <span>

#include "transports/http/poller.hpp"

namespace myelin::http {

class Socket final : private Poller::Watched {
 public:
  enum class Event : std::uint8_t { ready, ended, failed, cancelled };

  /// Its calls come from the event loop, never from within a call to the socket.
  class Owner {
   public:
    /// Where to receive to, asked for when there is something. May not close a socket.
    virtual std::span<char> room() noexcept = 0;
    /// There was nothing after all; the read goes on. May not close a socket.
    virtual void unused() noexcept = 0;
    /// The read has ended. ready: `bytes` were received.
    virtual void read_done(Event event, std::size_t bytes) = 0;
    /// The wait has ended.
    virtual void writable(Event event) = 0;
    /// The turn has come to what is to be sent: see let_send().
    virtual void send_now() = 0;

   protected:
    ~Owner() = default;
  };

  Socket(Poller& poller, Owner& owner) noexcept : poller_(poller), owner_(owner) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Takes over a non-blocking descriptor, even if it returns false.
  bool adopt(int descriptor);
  /// Begins to connect; writable() tells when connect_succeeded() is known. False: failed at once.
  bool begin_connect(const boost::asio::ip::tcp::endpoint& to);
  bool connect_succeeded() const noexcept;

  void start_read();
  void start_wait_writable() noexcept { wait_ = State::pending; }
  /// Ends the read with Event::cancelled; not if it has just ended otherwise.
  void cancel_read();
  void cancel_wait();
  /// Asks for Owner::send_now() when everything that came has been worked on.
  void let_send() { poller_.let_send(*this); }
  /// Like send of all parts in their order: bytes taken, or -1 with errno.
  ssize_t send(const struct iovec* parts, std::size_t count) noexcept;

  void shutdown_send() noexcept;
  /// The next close() resets the connection.
  void reset_on_close() noexcept;
  /// Pending operations end without a word.
  void close() noexcept;
  bool is_open() const noexcept { return descriptor_ >= 0; }

 private:
  enum class State : std::uint8_t { none, pending, over };

  // Poller::Watched
  void heard(std::uint32_t events) noexcept override;
  void work() override;
  void send() override { owner_.send_now(); }

  void receive() noexcept;
  void end_read(Event event, std::size_t bytes = 0) noexcept;

  Poller& poller_;
  Owner& owner_;
  int descriptor_ = -1;
  State read_ = State::none, wait_ = State::none;
  Event read_event_ = Event::ready, wait_event_ = Event::ready;
  std::size_t received_ = 0;
  bool readable_ = false;  ///< there may be something to receive
  bool over_ = false;      ///< the peer's end, or a broken connection, was heard of
};

}  // namespace myelin::http
