#pragma once
// One client: reads requests one after the other, has the pipeline serve each, writes the answers in
// order. A client that turns out to speak HTTP/2 is handed to an Http2Connection. The object, its
// message and its memory are reused by later connections.

#include <exception>
#include <memory>
#include <string>

#include "engine/message/message.hpp"
#include "engine/ports/client.hpp"
#include "transports/http/body_rate.hpp"
#include "transports/http/client_addresses.hpp"
#include "transports/http/exchange_note.hpp"
#include "transports/http/heads.hpp"
#include "transports/http/http2_connection.hpp"
#include "transports/http/origin.hpp"
#include "transports/http/observer.hpp"
#include "transports/http/stream.hpp"

namespace myelin::http {

class ClientConnection;

/// Keeps the client connections of one shard.
class Clients {
 public:
  /// Its socket is closed, and it may be reused; called by its own last step.
  virtual void gone(ClientConnection& client) = 0;

 protected:
  ~Clients() = default;
};

class ClientConnection final : public Client, private BodySource, private Stream::Owner {
 public:
  ClientConnection(Loop& loop, Clients& clients);

  /// Serves a connection that was accepted. `local` is "address:port" of the listening side.
  void start(const boost::asio::ip::tcp::endpoint& remote, std::string_view local, int descriptor,
             const Entrance& entrance);
  /// The answer under way, or to a request that comes at once, is the last.
  void drain();
  /// The shard is ending: drops the exchange and the socket without a word.
  void forget() noexcept;
  bool management() const noexcept { return entrance_->management; }

  // Links of the list of open connections.
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;
  std::size_t index = 0;  ///< in the list of all
  AddressPlace place;     ///< of an open connection

  // Client
  Task<bool> reply(const Reply& wanted) override;
  bool answered() const noexcept override { return answered_; }

 private:
  // BodySource: the request's body
  std::string_view buffered() const noexcept override { return stream_.in.body(); }
  bool ended() const noexcept override { return stream_.in.end_is_known(); }
  std::string_view trailers() const noexcept override { return stream_.in.trailers(); }
  void consume(std::size_t bytes) noexcept override;
  Task<Status> fill() override;
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override;

  void read_unawaited() override {}

  Task<void> run();
  Task<bool> shake_hands();
  Task<bool> exchange();
  Task<bool> receive_head();
  Task<void> refuse(int status, const char* reason, std::string_view request_line);
  void report(ExchangeReport told);
  void take_request(std::size_t consumed);
  bool sheds();
  Task<void> shed();
  Task<void> fail(int status);
  Pieces next_pieces(BodySource& source, bool chunked);
  Task<bool> write_rest(BodySource& source, bool chunked);
  Task<bool> skip_body();
  Task<void> linger();
  bool may_switch() const noexcept { return requests_ == 0 && !tls_ && loop_.config.http2; }
  void switch_to_http2();
  Task<void> serve_http2();
  bool may_keep_alive(const Reply& reply);
  Status body_failed(int status, const char* text);
  bool body_done() const noexcept { return stream_.in.ended() && stream_.in.body().empty(); }

  Loop& loop_;
  Clients& clients_;
  Stream stream_;
  HeadParser parser_;
  RequestHead head_;
  Message message_;
  Fault fault_;
  std::string out_;
  std::string end_;             ///< of an answer that has trailers
  std::string remote_, local_;
  std::shared_ptr<const TlsServer> tls_;
  Origin origin_;
  std::unique_ptr<Http2Connection> http2_;  ///< once the client speaks HTTP/2
  const Entrance* entrance_ = nullptr;
  Task<void> task_;
  std::uint32_t requests_ = 0;
  bool idle_ = false;           ///< between requests
  bool answered_ = false;       ///< an answer has begun
  bool complete_ = false;       ///< and has ended
  bool keep_alive_ = false;     ///< another request may follow
  bool expect_continue_ = false;
  bool body_wanted_ = false;    ///< somebody began to read the request body
  bool broken_ = false;         ///< the client is gone, or must see an abort
  BodyRate rate_;               ///< of the body under way
  ExchangeNote note_;           ///< of the exchange under way
};

}  // namespace myelin::http
