#pragma once
// Plain blocking sockets on loopback for tests: a listener that can refuse, and a byte stream with
// or without TLS. Every wait is bounded.

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/tls.hpp"

namespace myelin::test {

using Millis = std::chrono::milliseconds;
inline constexpr Millis kPatience{10'000};  ///< longest wait for something that should happen

/// A connected socket. Reads and writes are done by one thread at a time; shut() by any.
class Stream {
 public:
  enum class End { data, closed, reset, timed_out };

  explicit Stream(int descriptor);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Null when nobody accepts.
  static std::unique_ptr<Stream> connect(std::uint16_t port);

  bool start_tls_server(const TlsContext& context);
  /// Sends `name` as SNI and verifies against it when not empty.
  bool start_tls_client(const TlsContext& context, const std::string& name);

  /// False when the peer is gone or takes nothing for kPatience.
  bool write(std::string_view bytes);
  /// Appends what arrives next to `to`.
  End read(std::string& to, Millis patience = kPatience);

  /// Waits, without reading, until the peer has reset the connection.
  bool await_reset(Millis patience = kPatience);

  void finish_writing();  ///< FIN
  void reset();           ///< RST, now
  void shut();            ///< ends both directions; wakes a reader

 private:
  int descriptor_;
  std::shared_ptr<SSL> tls_;
};

/// A listening socket on 127.0.0.1 and a free port, which it keeps even while it refuses.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  int descriptor() const noexcept { return descriptor_; }
  void listen();
  /// From now on connections are refused; a blocked accept() returns null.
  void refuse();
  /// Waits for a connection; null after refuse() or close().
  std::unique_ptr<Stream> accept();

 private:
  void bind(std::uint16_t port);
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace myelin::test
