#pragma once
// An HTTP/2 client: reads frames, has the pipeline serve each request as it comes, many at once, and
// writes what their answers make of it. Lives from the preface (REL-030: its first bytes may have been
// received already) to the last exchange.

#include <memory>
#include <string>
#include <vector>

#include "transports/http/http2_link.hpp"
#include "transports/http/http2_server_session.hpp"
#include "transports/http/http2_stream.hpp"
#include "transports/http/observer.hpp"
#include "transports/http/origin.hpp"

namespace myelin::http {

class Http2Connection final : public Http2Link, private Http2ServerSession::Events {
 public:
  Http2Connection(Loop& loop, Stream& stream, const Origin& origin, const Entrance& entrance);
  ~Http2Connection();

  /// Serves the client. Ends when every exchange has ended. False: the connection is broken.
  Task<bool> run();
  /// No further requests: tells the client, ends after the exchanges under way.
  void drain();

  // For the streams.
  const Origin& origin() const noexcept { return origin_; }
  const Entrance& entrance() const noexcept { return entrance_; }
  /// Tells the observer, if there is one; bytes are those of all exchanges since the last report.
  void report(ExchangeReport told);
  bool answer(Http2Stream& stream, const Reply& reply, const ReplyShape& shape);
  void send_continue(Http2Stream& stream);
  /// Its exchange has ended.
  void finished(Http2Stream& stream);

 private:
  // Http2Link
  void start_noted() override;
  void reap() override;
  bool idle() const noexcept override { return streams_.empty(); }

  // Http2ServerSession::Events
  void request(std::int32_t id, bool body_follows) override;
  void end_known() override;
  void blamed(bool connection, const char* error) override;

  Task<void> read();
  bool take_frames();
  void give_up();
  TimePoint due() const noexcept;
  void time_out();
  void refuse(std::int32_t id, const Refusal& refusal, std::string_view text);
  void write_head(const Reply& reply, const OutFraming& framing, const Identity* identity);
  Http2Stream& new_stream();
  void end_drain();

  Origin origin_;
  const Entrance& entrance_;
  Http2ServerSession session_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<Http2Stream*> begun_, finished_;
  std::string head_;
  Timer drain_timer_;
  TimePoint idle_since_;
  std::uint32_t requests_ = 0;
  bool slow_head_ = false;    ///< a head did not end in time
  bool announced_ = false;    ///< the client knows that the end comes
  bool refuses_ = false;      ///< and that no further requests are taken
};

}  // namespace myelin::http
