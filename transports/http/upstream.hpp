#pragma once
// One connection to a backend, and the answer that is being read from it. Made, kept and reused by
// the pool. The request is written while the answer is awaited; the upload goes on while the answer
// is read, and is stopped when the answer was released before it ended (REL-075).

#include <string>

#include "engine/ports/sender.hpp"
#include "transports/http/stream.hpp"

namespace myelin::http {

class Pool;
struct Target;

class Upstream final : public BackendResponse, private Stream::Owner {
 public:
  Upstream(Loop& loop, Pool& pool);

  Stream stream;
  Target* target = nullptr;      ///< null: spare
  std::size_t index = 0;         ///< in the pool's list of all
  bool reused = false;           ///< carried an exchange before
  bool busy = false;             ///< lent to an exchange

  /// Sends the request and reads the head of the answer. False: see problem().
  Task<bool> exchange(const OutgoingRequest& request, TimePoint started);
  const Fault& problem() const noexcept { return fault_; }
  /// The exchange failed because the connection was dead already: nothing was lost, and the request
  /// may be repeated on a fresh one (REL-124).
  bool was_stale() const noexcept { return stale_; }
  /// Longest time the last exchange wants it kept unused; 0: no wish.
  Duration idle_limit() const noexcept { return idle_limit_; }
  /// Watches for the end of an idle connection.
  void rest(TimePoint until);
  TimePoint rests_until() const noexcept { return rests_until_; }
  /// The connection was given up: stops what is under way and closes it.
  void drop() noexcept;
  /// Stops what is under way, without a word to anybody; the shard is ending.
  void forget() noexcept { upload_ = Task<void>(); }

  // BackendResponse
  int status() const noexcept override { return head_.status; }
  std::string_view reason() const noexcept override { return head_.reason; }
  const Headers& headers() const noexcept override { return head_.fields; }
  std::string_view head_bytes() const noexcept override { return head_text_; }
  bool http10() const noexcept override { return head_.http10; }
  std::string_view backend() const noexcept override;
  bool request_sent() const noexcept override { return request_sent_; }
  void release() noexcept override;

  // BodySource
  std::string_view buffered() const noexcept override { return stream.in.body(); }
  bool ended() const noexcept override { return stream.in.end_is_known(); }
  std::string_view trailers() const noexcept override { return stream.in.trailers(); }
  void consume(std::size_t bytes) noexcept override { stream.in.consume(bytes); }
  Task<Status> fill() override;
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override;

 private:
  void read_unawaited() override;

  void begin(const OutgoingRequest& request, TimePoint started);
  Pieces beginning();
  bool begun(Io written);
  Task<bool> collect();
  Task<void> upload();
  Task<void> upload_rest();
  void give_up_upload(Fault fault);
  Parse read_head(int& interim);
  Parse misspoken(std::string text);
  void accept_head(std::size_t consumed);
  void take(std::size_t bytes);
  bool fail(int base, bool shifted, std::string text);
  bool fail(Io outcome);
  TimePoint answer_due() const noexcept;
  bool reusable() noexcept;

  Loop& loop_;
  Pool& pool_;
  HeadParser parser_;
  ResponseHead head_;
  std::string_view head_text_;   ///< that head_ views into
  Fault fault_;
  std::string out_;              ///< head being written
  std::string whole_;            ///< body collected for a backend that must know its length
  Task<void> upload_;
  const OutgoingRequest* request_ = nullptr;  ///< until the answer's head is there
  BodySource* source_ = nullptr; ///< of the request's body; the upload may outlive `request_`
  TimePoint started_{};
  std::size_t held_ = 0;         ///< bytes sent with the head, not yet taken from the stream
  std::size_t taken_ = 0;        ///< bytes taken from the stream
  bool chunked_ = false;         ///< request body
  bool collected_ = false;       ///< the body is whole_
  bool whole_sent_ = false;      ///< no upload is needed: everything went with the head
  bool request_sent_ = false;
  bool write_failed_ = false;
  bool source_failed_ = false;   ///< the request body ended badly: fault_ is its fault
  bool stale_ = false;
  bool close_ = false;           ///< the request asked for closing
  Duration idle_limit_{};
  TimePoint rests_until_{};
  Duration silence_{};           ///< longest time without a byte
  bool absolute_ = false;        ///< it counts from the start of the exchange
};

}  // namespace myelin::http
