#pragma once
// A TCP socket on Asio's reactor with its two operations built in: one pending read, one pending
// wait for room to write. Starting one costs neither memory nor a system call, a read takes its
// buffer only when there are bytes, and no read is tried on a socket that is known to be drained.
// Asio's public operations cannot do that: they try again after every read that was not at the end.
//
// This and the timer wheel are the only places that know how Asio works inside (1.81).

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <cstdint>
#include <span>

namespace myelin::http {

class Socket {
 public:
  enum class Event : std::uint8_t { ready, ended, failed, cancelled };

  /// Its calls come from the event loop; room() and unused() from start_read() too.
  class Owner {
   public:
    /// Where to receive to, asked for when there is something.
    virtual std::span<char> room() noexcept = 0;
    /// There was nothing after all; the read goes on.
    virtual void unused() noexcept = 0;
    /// The read has ended. ready: `bytes` were received.
    virtual void read_done(Event event, std::size_t bytes) = 0;
    /// The wait has ended.
    virtual void writable(Event event) = 0;
    /// After close(): the last pending operation has ended.
    virtual void socket_quiet() = 0;

   protected:
    ~Owner() = default;
  };

  Socket(boost::asio::io_context& io, Owner& owner);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Takes over a non-blocking descriptor, even if it returns false.
  bool adopt(int descriptor);
  /// Begins to connect; writable() tells when connect_result() is known. False: failed at once.
  bool begin_connect(const boost::asio::ip::tcp::endpoint& to);
  bool connect_succeeded() const noexcept;

  void start_read();
  void start_wait_writable();
  /// Ends the read with Event::cancelled, from the event loop; not if it has just ended otherwise.
  void cancel_read();
  void cancel_wait();
  /// Like sendmsg: bytes taken, or -1 with errno.
  ssize_t send(const struct iovec* parts, std::size_t count) noexcept;

  void shutdown_send() noexcept;
  /// The next close() resets the connection.
  void reset_on_close() noexcept;
  /// Pending operations end without a word but socket_quiet().
  void close() noexcept;
  bool is_open() const noexcept { return descriptor_ >= 0; }
  bool pending() const noexcept { return reading_ || waiting_; }

 private:
  using Reactor = boost::asio::detail::reactor;
  using Base = boost::asio::detail::reactor_op;
  struct Operation final : Base {
    Operation(Socket& its_socket, perform_func_type performs, func_type completes) noexcept
        : Base(boost::system::error_code(), performs, completes), socket(its_socket) {
      cancellation_key_ = this;
    }
    Socket& socket;
  };

  static Base::status receive(Base* base);
  static Base::status be_ready(Base* base);
  static void read_completed(void* owner, boost::asio::detail::operation* base, const boost::system::error_code&,
                             std::size_t);
  static void wait_completed(void* owner, boost::asio::detail::operation* base, const boost::system::error_code&,
                             std::size_t);
  void start(int type, Operation& operation, bool at_once);
  void cancel(int type, Operation& operation);
  static Event event_of(const Operation& operation) noexcept;

  Reactor& reactor_;
  Owner& owner_;
  int descriptor_ = -1;
  Reactor::per_descriptor_data data_ = nullptr;
  Operation read_, wait_;
  bool reading_ = false, waiting_ = false;
};

}  // namespace myelin::http
