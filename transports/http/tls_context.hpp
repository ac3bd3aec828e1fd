#pragma once
// What TLS settings are made of: OpenSSL contexts, and the engine that turns received records into
// bytes and bytes into records without touching a socket.

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "transports/http/inbound.hpp"
#include "transports/http/tls.hpp"

namespace myelin::http {

struct FreeTls {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeTls>;
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeTls>;

class TlsServerContext final : public TlsServer {
 public:
  TlsServerContext(ContextPtr made, bool asks_clients) : context(std::move(made)), client_auth(asks_clients) {}
  ContextPtr context;
  bool client_auth;  ///< Host must match the server name of the handshake (REL-114)
};

class TlsClientContext final : public TlsClient {
 public:
  TlsClientContext(ContextPtr made, bool verifies, bool trusts_system)
      : context(std::move(made)), verify(verifies), system_trust(trusts_system) {}
  /// Reads the system's certificates on first use: a server without TLS back ends never pays for them.
  void trust() const;
  ContextPtr context;
  bool verify;
  bool verify_host = true;
  bool system_trust;
  std::string server_name;  ///< instead of the host; empty: the host
  /// Tells contexts apart for connection pools, where an address could come again.
  const std::uint64_t number = next_number();

 private:
  static std::uint64_t next_number() noexcept;
  mutable std::once_flag trusted_;
};

/// The TLS state of one connection. Records are received into room(); those it has to send itself, and those that the
/// socket did not take, are sent from output().
class TlsEngine {
 public:
  enum class Step { done, more, closed, failed };

  TlsEngine(const TlsServerContext& context, BlockPool& pool);
  /// `host` is verified and sent as server name unless it is an address (REL-113). `session` is
  /// resumed if the peer agrees; the newest one the peer offers is put in its place. `http2` is offered by ALPN
  /// before HTTP/1.1, see protocol().
  TlsEngine(const TlsClientContext& context, BlockPool& pool, const std::string& host, bool verify,
            SessionPtr& session, bool http2);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  Step handshake();
  /// Decrypts what was received into `to`. more: nothing (left) to decrypt.
  Step decrypt(Inbound& to);
  /// Encrypts up to one record of the texts, appends it to `to` and takes that much off them; false when TLS is broken.
  bool encrypt(std::span<std::string_view> texts, std::string& to);
  /// Tells the peer that nothing follows.
  void end();

  std::span<char> room();
  void received(std::size_t bytes) noexcept { end_ += bytes; }
  /// There may be something to decrypt, or an end to be told, without receiving more.
  bool has_input() const noexcept { return over_ != Step::more || begin_ < end_ || SSL_pending(ssl_.get()) > 0; }
  void release_input() noexcept;

  std::string_view output() const noexcept { return std::string_view(output_).substr(sent_); }
  void sent(std::size_t bytes) noexcept;
  /// Records that are sent before any other.
  void keep(std::string_view records) { output_.append(records); }

  bool ready() const noexcept { return ready_; }
  /// Why the handshake failed, for a fault's detail.
  std::string problem() const;
  /// What ALPN agreed on, or empty.
  std::string_view protocol() const noexcept;
  /// The server name the client asked for, or empty.
  std::string_view server_name() const noexcept;

 private:
  static const BIO_METHOD* method();
  static int bio_read(BIO* bio, char* to, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  void attach();
  Step outcome(int result);

  std::unique_ptr<SSL, FreeTls> ssl_;
  Block input_;
  std::size_t begin_ = 0, end_ = 0;
  std::string output_;
  std::string* target_ = &output_;  ///< of records
  std::size_t sent_ = 0;
  unsigned long error_ = 0;
  Step over_ = Step::more;  ///< how decrypting ended; its peer may have sent that with its last bytes
  bool ready_ = false;
};

}  // namespace myelin::http
