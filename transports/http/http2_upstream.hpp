#pragma once
// A connection to a back end that speaks HTTP/2, for many exchanges at the same time. Made and offered by the pool;
// lives until it has ended and its last exchange, too. The socket is that of an Upstream, which carries it.

#include <memory>
#include <vector>

#include "transports/http/heads.hpp"
#include "transports/http/http2_call.hpp"
#include "transports/http/http2_link.hpp"
#include "transports/http/upstream.hpp"

namespace myelin::http {

class Http2Upstream final : public Http2Link, private Http2ClientSession::Events {
 public:
  Http2Upstream(Loop& loop, Pool& pool, Upstream& carrier);
  ~Http2Upstream();

  /// It takes a further request, for somebody who wants `most` on a connection (0: the transport's own).
  bool has_room(std::uint32_t most) const noexcept;
  /// A call for one exchange.
  Http2Call& lend();
  Target& target() const noexcept { return *target_; }
  Upstream& carrier() const noexcept { return carrier_; }
  bool unused() const noexcept { return calls_.empty(); }
  /// Takes no further requests; ends when those it has are over.
  void retire();
  void forget() noexcept;

  // For the calls.
  /// False: it takes no more requests after all.
  bool send(Http2Call& call, const OutgoingRequest& request, const OutFraming& framing, bool has_body);
  /// It is over. The connection may be kept unused for `idle_limit`; 0: no wish.
  void finished(Http2Call& call, Duration idle_limit) noexcept;
  /// Nothing has come since then.
  bool silent_since(TimePoint then) const noexcept { return last_received_ < then; }
  bool has_answered() const noexcept { return answered_; }
  /// Why it ended when the back end is to blame for it; empty: it is not.
  const std::string& blame() const noexcept { return blame_; }
  bool was_reset() const noexcept { return reset_; }

 private:
  // Http2Link
  void start_noted() override;
  void reap() override;
  bool idle() const noexcept override { return calls_.empty(); }
  // Http2ClientSession::Events
  void takes_no_more() override { retired_ = true; }
  void changed() override { changed_ = true; }
  void blamed(const char* error) override;

  void rest();
  void take_settings();
  Task<void> run();
  Task<void> read();
  TimePoint due() const noexcept;

  Pool& pool_;
  Upstream& carrier_;
  Target* target_;
  Http2ClientSession session_;
  std::vector<std::unique_ptr<Http2Call>> calls_, spare_;
  std::vector<Http2Call*> finished_;
  std::string head_, blame_;
  TimePoint last_received_, rests_until_;
  Duration idle_limit_{};
  bool begun_ = false;
  bool answered_ = false;   ///< it has carried an exchange
  bool retired_ = false;    ///< no further requests
  bool changed_ = false;    ///< the back end's settings
  bool has_settings_ = false;  ///< they came; until then those of the last connection hold
  bool reset_ = false;      ///< the connection did not end properly
  Task<void> task_;
};

}  // namespace myelin::http
