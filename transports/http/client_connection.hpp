#pragma once
// One client: reads requests one after the other, has the pipeline serve each, writes the answers in
// order. The object, its message and its memory are reused by later connections.

#include <exception>
#include <memory>
#include <string>

#include "engine/message/message.hpp"
#include "engine/ports/client.hpp"
#include "transports/http/heads.hpp"
#include "transports/http/stream.hpp"

namespace myelin::http {

class ClientConnection;

/// Keeps the client connections of one shard.
class Clients {
 public:
  virtual void gone(ClientConnection& client) = 0;   ///< its socket is closed
  virtual void quiet(ClientConnection& client) = 0;  ///< nothing of it is pending: it may be reused

 protected:
  ~Clients() = default;
};

class ClientConnection final : public Client, private BodySource, private Stream::Owner {
 public:
  ClientConnection(Loop& loop, Clients& clients);

  /// Serves a connection that was accepted. `local` is "address:port" of the listening side.
  void start(const boost::asio::ip::tcp::endpoint& remote, std::string_view local, int descriptor,
             std::shared_ptr<const TlsServer> tls, Pipeline& pipeline);
  /// Closes it if it waits for a request; otherwise the answer under way is the last.
  void drain();
  /// The shard is ending: drops the exchange and the socket without a word.
  void forget() noexcept;
  bool pending() const noexcept { return stream_.pending(); }

  // Links of the list of open connections.
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;
  std::size_t index = 0;  ///< in the list of all

  // Client
  Task<bool> reply(const Reply& wanted) override;
  bool answered() const noexcept override { return answered_; }

 private:
  // BodySource: the request's body
  std::string_view buffered() const noexcept override { return stream_.in.body(); }
  bool ended() const noexcept override { return stream_.in.ended(); }
  void consume(std::size_t bytes) noexcept override;
  Task<Status> fill() override;
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override;

  void read_unawaited() override {}
  void quiet() override { clients_.quiet(*this); }

  Task<void> run();
  Task<bool> shake_hands();
  Task<bool> exchange();
  Task<bool> receive_head();
  Task<void> refuse(int status, const char* reason);
  void take_request(std::size_t consumed);
  Task<void> serve();
  Task<bool> write_body(const Reply& reply, bool chunked);
  Task<bool> skip_body();
  Task<void> linger();
  bool wrong_server_name() const;
  bool may_keep_alive(const Reply& reply) const noexcept;
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
  std::string remote_, local_;
  std::shared_ptr<const TlsServer> tls_;
  Pipeline* pipeline_ = nullptr;
  Task<void> task_;
  std::uint32_t requests_ = 0;
  bool idle_ = false;           ///< between requests
  bool answered_ = false;       ///< an answer has begun
  bool complete_ = false;       ///< and has ended
  bool keep_alive_ = false;     ///< another request may follow
  bool expect_continue_ = false;
  bool body_wanted_ = false;    ///< somebody began to read the request body
  bool broken_ = false;         ///< the client is gone, or must see an abort
  TimePoint window_start_{};    ///< of the rate check (REL-033)
  TimePoint paused_at_{};       ///< when the last wait for body bytes ended
  std::uint64_t window_bytes_ = 0;
};

}  // namespace myelin::http
