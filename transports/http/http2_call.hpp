#pragma once
// One request to a back end that speaks HTTP/2, and its answer: what a whole Upstream is in HTTP/1.1. Many run at
// the same time on their connection, which owns and reuses them. The request's body is sent while the answer is
// awaited or read, and stopped when the answer was released before (REL-075).

#include <string>

#include "engine/ports/sender.hpp"
#include "transports/http/http2_body.hpp"
#include "transports/http/http2_client_session.hpp"
#include "transports/http/loop.hpp"
#include "transports/http/trailers.hpp"
#include "transports/http/waiting_place.hpp"

namespace myelin::http {

class Http2Upstream;

class Http2Call final : public BackendResponse, public Http2AnswerSide {
 public:
  explicit Http2Call(Http2Upstream& connection);

  std::size_t index = 0;  ///< in the connection's list

  /// Sends the request and reads the head of the answer. False: see problem().
  Task<bool> exchange(const OutgoingRequest& request, TimePoint started);
  const Fault& problem() const noexcept { return fault_; }
  /// The back end has done nothing with the request, or nothing that may not be done twice: it may go out again on
  /// another connection (REL-124; RFC 9113, 8.7).
  bool repeatable() const noexcept { return repeatable_; }
  /// The back end wants to be asked by HTTP/1.1 (RFC 9113, 7).
  bool http1_required() const noexcept { return closed_ && !has_head && error_ == Http2Error::http11_required; }
  /// The exchange was given up.
  void drop() noexcept { release(); }
  /// Bytes of the answer that were not consumed; they are forgotten.
  std::size_t drop_body() noexcept;
  /// Stops what is under way, without a word to anybody; the shard is ending.
  void forget() noexcept { upload_ = Task<void>(); }
  /// The connection has ended.
  void lost();

  // BackendResponse
  int status() const noexcept override { return head_.status; }
  std::string_view reason() const noexcept override { return reason_phrase(head_.status); }
  const Headers& headers() const noexcept override { return head_.fields; }
  bool http10() const noexcept override { return false; }
  std::string_view backend() const noexcept override;
  bool request_sent() const noexcept override { return request_sent_; }
  void release() noexcept override;

  // BodySource
  std::string_view buffered() const noexcept override { return body_.front(); }
  bool ended() const noexcept override { return body_ended_ && body_.front_is_last() && (end_told_ || trailers().empty()); }
  std::string_view trailers() const noexcept override { return trailers_.text(); }
  void consume(std::size_t bytes) noexcept override;
  Task<Status> fill() override;
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override;

  // Http2AnswerSide
  void received(std::string_view bytes) override;
  void received_all() override;
  void trailer(std::string_view name, std::string_view value) override { trailers_.add(name, value); }
  void taken() override;
  void sent_all() override;
  void closed(Http2Error error) override;
  void head_sent() override { head_sent_ = true; }
  bool head(std::string_view text) override;
  void wake() override;

 private:
  void begin(const OutgoingRequest& request, TimePoint started);
  bool submit();
  Task<bool> receive_head();
  Task<void> upload();
  Task<void> upload_rest();
  void give_up_upload(Fault fault);
  void take(std::size_t bytes);
  bool fail(int base, bool shifted, std::string text);
  bool fail_closed();
  bool unprocessed() const noexcept;
  bool fail_late();
  void leave_if_dead();
  bool judge_repeatable() const noexcept;
  TimePoint answer_due() const noexcept;
  void late();

  Http2Upstream& connection_;
  Loop& loop_;
  HeadParser parser_;
  std::string text_;             ///< the head that head_ views into
  ResponseHead head_;
  Fault fault_;
  Http2Body body_;
  Trailers trailers_;
  WaitingPlace answer_place_, upload_place_;
  Timer timer_;
  Task<void> upload_;
  const OutgoingRequest* request_ = nullptr;  ///< until the answer's head is there
  BodySource* source_ = nullptr; ///< of the request's body; the upload may outlive `request_`
  TimePoint started_{};
  std::size_t held_ = 0;         ///< bytes of the stream that were sent first, not yet taken from it
  std::size_t taken_ = 0;        ///< bytes taken from the stream
  int interim_ = 0;
  const char* refusal_ = nullptr;  ///< why the head cannot be taken
  Http2Error error_ = Http2Error::none;
  bool busy_ = false;            ///< lent to an exchange
  bool reused_ = false;          ///< the connection had answered before
  bool head_sent_ = false;
  bool request_sent_ = false;
  bool source_failed_ = false;   ///< the request body ended badly: fault_ is its fault
  bool body_ended_ = false;
  bool end_told_ = false;        ///< its reader knows
  bool closed_ = false;          ///< the stream is over
  bool lost_ = false;            ///< because its connection is
  bool late_ = false;
  bool repeatable_ = false;
  Duration idle_limit_{};        ///< longest time the connection is kept unused afterwards; 0: no wish
  Duration silence_{};           ///< longest time without a byte
  bool absolute_ = false;        ///< it counts from the start of the exchange
};

}  // namespace myelin::http
