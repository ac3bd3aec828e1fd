#pragma once
// One request of an HTTP/2 client and its answer: what a whole connection is in HTTP/1. Many run at the
// same time on their connection, which owns them; the shard reuses them.

#include <memory>
#include <string_view>

#include "engine/message/message.hpp"
#include "engine/ports/client.hpp"
#include "transports/http/body_rate.hpp"
#include "transports/http/exchange_note.hpp"
#include "transports/http/heads.hpp"
#include "transports/http/http2_body.hpp"
#include "transports/http/http2_session.hpp"
#include "transports/http/loop.hpp"
#include "transports/http/trailers.hpp"
#include "transports/http/waiting_place.hpp"

namespace myelin::http {

class Http2Connection;

class Http2Stream final : public Client, public Http2Side, private BodySource {
 public:
  explicit Http2Stream(Loop& loop);

  /// Ready for the next request, of that connection.
  void begin(Http2Connection& connection, std::int32_t its_id, bool body_follows);
  /// Judges the head and fills the message. False: refusal() says why.
  bool accept(std::string_view text);
  const Refusal& refusal() const noexcept { return refusal_; }
  const Identity& identity() const noexcept { return message_.identity; }
  /// Method and target of a head, each with the blank behind it.
  static std::string_view target_of(std::string_view text) noexcept;
  /// Runs the exchange; the connection is told when it has ended.
  void start() noexcept;
  /// The connection is gone: nothing comes and nothing goes out.
  void give_up() { closed(Http2Error::none); }
  /// Bytes that were not consumed; they are forgotten.
  std::size_t drop_body() noexcept;

  std::size_t index = 0;     ///< in the connection's list

  // Http2Side
  void received(std::string_view bytes) override;
  void received_all() override;
  void trailer(std::string_view name, std::string_view value) override { trailers_.add(name, value); }
  void taken() override;
  void sent_all() override;
  void closed(Http2Error error) override;
  void wake() override;

  // Client
  Task<bool> reply(const Reply& wanted) override;
  bool answered() const noexcept override { return answered_; }

 private:
  // BodySource: the request's body
  std::string_view buffered() const noexcept override { return body_.front(); }
  bool ended() const noexcept override { return body_ended_ && body_.front_is_last() && (end_told_ || trailers().empty()); }
  std::string_view trailers() const noexcept override { return trailers_.text(); }
  void consume(std::size_t bytes) noexcept override;
  Task<Status> fill() override;
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override;

  Task<void> run();
  Task<void> serve();
  Task<void> shed();
  Task<bool> write_body(const Reply& reply);
  Task<bool> sent();
  Status body_failed(int status, const char* text);
  void body_late();
  void answer_late();

  Loop& loop_;
  Http2Connection* connection_ = nullptr;
  RequestHead head_;
  Refusal refusal_;
  Message message_;
  Fault fault_;
  Http2Body body_;
  Trailers trailers_;
  BodyRate rate_;
  ExchangeNote note_;
  std::size_t arrived_ = 0;       ///< body bytes since the wait for some began
  WaitingPlace body_place_, answer_place_;
  Timer body_timer_, answer_timer_;
  bool body_follows_ = false;
  bool body_ended_ = false;       ///< all of it is here
  bool end_told_ = false;         ///< and its reader knows
  bool body_late_ = false;        ///< the time to wait for some is over
  bool expect_continue_ = false;
  bool answered_ = false;         ///< an answer has begun
  bool end_sent_ = false;         ///< and went out
  bool closed_ = false;           ///< the stream is over
  bool answer_late_ = false;      ///< the client takes nothing of the answer
  Task<void> task_;
};

}  // namespace myelin::http
