#pragma once
// One TCP connection, plain or TLS, for one reader and one writer at a time. Reading goes into an
// Inbound; what is written goes out at the end of the turn (see Poller) and then waits only when the
// socket is full. Coroutines wait on the awaiters below; destroying a coroutine that waits gives its
// place up and leaves the stream usable.

#include <array>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "transports/http/loop.hpp"
#include "transports/http/socket.hpp"
#include "transports/http/tls_context.hpp"

namespace myelin::http {

enum class Io : std::uint8_t {
  done,
  closed,     ///< the peer ended the connection properly
  failed,     ///< reset, broken TLS, cancelled by the owner ...
  timed_out
};

/// Up to three texts written together.
struct Pieces {
  Pieces() = default;
  explicit Pieces(std::string_view first, std::string_view second = {}, std::string_view third = {})
      : texts{first, second, third} {}
  std::array<std::string_view, 3> texts;
};

class Stream final : private Socket::Owner {
 public:
  class Owner {
   public:
    /// A read that nobody waits for has ended: see take_read().
    virtual void read_unawaited() = 0;

   protected:
    ~Owner() = default;
  };

  class Read;
  class Write;
  class Connect;

  Stream(Loop& loop, Owner& owner);

  /// Takes over a connected, non-blocking descriptor.
  bool adopt(int descriptor) { return socket_.adopt(descriptor); }
  void use_tls(const TlsServerContext& context) { tls_.emplace(context, loop_.blocks); }
  void use_tls(const TlsClientContext& context, const std::string& host, bool verify, SessionPtr& session, bool http2) {
    tls_.emplace(context, loop_.blocks, host, verify, session, http2);
  }
  TlsEngine* tls() noexcept { return tls_ ? &*tls_ : nullptr; }
  bool is_open() const noexcept { return socket_.is_open(); }

  /// Waits for more bytes in `in`, at most until `due`.
  Read read(TimePoint due);
  /// The same between messages: memory that holds nothing is given back meanwhile (REL-131).
  Read read_idle(TimePoint due);
  /// Waits for the end of the TLS handshake.
  Read handshake(TimePoint due);
  /// Starts reading without waiting; read() finds the outcome, else Owner::read_unawaited() is told.
  void start_read();
  /// The same between messages; the read ends with timed_out at `due`.
  void start_idle_read(TimePoint due);
  /// What start_idle_read() began may wait without end: the connection is used.
  void lift_idle_due() noexcept { read_timer_.clear(); }
  bool read_ended() const noexcept { return read_state_ == ReadState::ended; }
  Io take_read() noexcept;
  /// Ends the pending read, if there is one, with `outcome`.
  void cancel_read(Io outcome);

  /// The peer has shown life by taking our bytes: whoever reads waits until `due`.
  void postpone_read(TimePoint due) {
    if (reader_) read_timer_.set(due);
  }

  /// Writes all of it; fails when the peer takes no byte for `idle`.
  Write write(Pieces pieces, Duration idle);
  /// Bytes of ours that went out, TLS overhead included, since start_count().
  std::uint64_t written() const noexcept { return written_; }
  void start_count() noexcept { written_ = 0; }
  /// Bytes that came in, TLS overhead included, since the last call.
  std::uint64_t take_received() noexcept { return std::exchange(received_, 0); }

  Connect connect(const boost::asio::ip::tcp::endpoint& to, TimePoint due);

  void shutdown_send() noexcept;
  /// Ends the connection; no coroutine may wait on it.
  void close() noexcept;
  /// The same with a reset, so that the peer cannot take what it got for whole.
  void abort() noexcept;
  /// Ends the connection at once, whoever waits on it; the shard is ending.
  void forget() noexcept;

  Inbound in;

 private:
  enum class ReadState : std::uint8_t { none, pending, ended };

  // Socket::Owner
  std::span<char> room() noexcept override;
  void unused() noexcept override;
  void read_done(Socket::Event event, std::size_t bytes) override;
  void writable(Socket::Event event) override;
  void send_now() override;

  void submit_read();
  void end_read(Io outcome);
  bool pull_tls();
  void give_back();
  void read_due();

  bool advance(Write& write);
  bool send_encrypted(std::span<std::string_view> texts, bool& blocked);
  bool send_records(bool& blocked);
  bool send_some(std::span<std::string_view> texts, bool& blocked);
  void wait_writable();
  void write_due();
  void flush_tls();
  void connected(Socket::Event event);

  Loop& loop_;
  Owner& owner_;
  Socket socket_;
  std::optional<TlsEngine> tls_;
  Timer read_timer_, write_timer_;
  std::coroutine_handle<> reader_;
  Write* writer_ = nullptr;
  Connect* connector_ = nullptr;
  std::uint64_t written_ = 0;
  std::uint64_t received_ = 0;
  ReadState read_state_ = ReadState::none;
  Io read_outcome_ = Io::done;
  Io cancelled_as_ = Io::failed;        ///< what a cancelled read ends with
  bool waits_writable_ = false;
};

class [[nodiscard]] Stream::Read {
 public:
  Read(Stream& stream, TimePoint due, bool idle) noexcept : stream_(stream), due_(due), idle_(idle) {}
  Read(const Read&) = delete;
  ~Read();
  bool await_ready();
  void await_suspend(std::coroutine_handle<> reader);
  Io await_resume() noexcept;

 private:
  Stream& stream_;
  TimePoint due_;
  bool idle_;
  bool waits_ = false;
};

class [[nodiscard]] Stream::Write {
 public:
  Write(Stream& stream, Pieces pieces, Duration idle) noexcept : stream_(stream), pieces_(pieces), idle_(idle) {}
  Write(const Write&) = delete;
  ~Write();
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> writer);
  Io await_resume() const noexcept { return outcome_; }

 private:
  friend class Stream;
  Stream& stream_;
  Pieces pieces_;
  Duration idle_;
  std::coroutine_handle<> handle_;
  Io outcome_ = Io::done;
};

class [[nodiscard]] Stream::Connect {
 public:
  Connect(Stream& stream, const boost::asio::ip::tcp::endpoint& to, TimePoint due) noexcept
      : stream_(stream), to_(to), due_(due) {}
  Connect(const Connect&) = delete;
  ~Connect();
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter);
  Io await_resume() const noexcept { return outcome_; }

 private:
  friend class Stream;
  Stream& stream_;
  boost::asio::ip::tcp::endpoint to_;
  TimePoint due_;
  std::coroutine_handle<> handle_;
  Io outcome_ = Io::failed;
};

inline Stream::Read Stream::read(TimePoint due) { return Read(*this, due, false); }
inline Stream::Read Stream::read_idle(TimePoint due) { return Read(*this, due, true); }
inline Stream::Read Stream::handshake(TimePoint due) { return Read(*this, due, false); }
inline Stream::Write Stream::write(Pieces pieces, Duration idle) { return Write(*this, pieces, idle); }
inline Stream::Connect Stream::connect(const boost::asio::ip::tcp::endpoint& to, TimePoint due) {
  return Connect(*this, to, due);
}

}  // namespace myelin::http
