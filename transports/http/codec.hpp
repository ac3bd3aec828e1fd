#pragma once
// HTTP/1.1 on bytes, both sides, strictly (REL-010..016, 050..089). No I/O here. One incremental
// head parser, one chunk decoder, one writer of heads. Views point into the buffer that was given.
// Nothing allocates per message except the field vector, which its owner reuses.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/message/headers.hpp"

namespace myelin::http {

struct Limits {
  std::size_t request_line = 8 * 1024;   // REL-010
  std::size_t head = 32 * 1024;          // REL-011
  std::size_t field = 16 * 1024;         // REL-012
  std::size_t fields = 100;              // REL-013
  std::size_t trailer_fields = 32;       // REL-014
  std::size_t trailer_bytes = 8 * 1024;
  std::size_t chunk_line = 256;          // REL-015
  std::size_t chunk_extensions = 16 * 1024;
};

/// How the body of a message is delimited.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// Why a head was refused: the status to answer with (client side) and a token for the log.
struct Refusal {
  int status = 0;             ///< 0: not refused
  const char* reason = "";    ///< "head_too_large", "bad_content_length" ...
};

struct RequestHead {
  std::string_view method;
  std::string_view target;    ///< as received; absolute form is reduced to origin form in `origin`
  std::string_view origin;    ///< origin-form target that is routed and forwarded
  std::string_view host;      ///< Host field value (or the authority of an absolute target in HTTP/1.0)
  bool http10 = false;
  bool keep_alive = true;
  bool expect_continue = false;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  std::string_view content_type;
  Headers fields;             ///< all of them, in order
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  bool http10 = false;
  bool keep_alive = true;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  std::int64_t keep_alive_timeout = -1;  ///< seconds of `Keep-Alive: timeout=N`, -1: not told
  Headers fields;
};

enum class Parse : std::uint8_t { done, more, bad };

/// Finds the end of a head in a growing buffer; remembers how far it looked. One per connection.
class HeadParser {
 public:
  explicit HeadParser(const Limits& limits) : limits_(limits) {}

  /// Forget what was seen; for the next message.
  void reset() noexcept { scanned_ = 0; }

  /// Tries to parse one request head at the start of `buffer` (one empty line before it is skipped).
  /// done: `consumed` bytes belong to it, empty line included. bad: see refusal().
  Parse request(std::string_view buffer, RequestHead& head, std::size_t& consumed);
  /// The same for a response to a request of `method`. Interim (1xx) heads are parsed like others.
  Parse response(std::string_view buffer, std::string_view method, ResponseHead& head, std::size_t& consumed);

  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  Limits limits_;
  std::size_t scanned_ = 0;
  Refusal refusal_;
};

/// Moves all views of a head that point into `from` so that they point into `to` (the same bytes
/// copied elsewhere).
void rebase(RequestHead& head, std::string_view from, const char* to) noexcept;
void rebase(ResponseHead& head, std::string_view from, const char* to) noexcept;

/// Decodes chunked framing in place: next() yields slices of the buffer that are body bytes.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(const Limits& limits) : limits_(limits) {}
  void reset() noexcept;

  /// Looks at `input`; eats framing bytes (adds them to `consumed`), then tells how many of the bytes
  /// that follow are body. `more`: needs more input. `done`: the last chunk and trailers were eaten.
  /// `bad`: see refusal(). Call body_consumed(n) after taking n body bytes.
  struct Step {
    Parse state = Parse::more;
    std::size_t consumed = 0;   ///< framing bytes eaten at the start of `input`
    std::size_t body = 0;       ///< body bytes that follow them, in this input
  };
  Step next(std::string_view input);
  void body_consumed(std::size_t bytes) noexcept { left_ -= bytes; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  enum class Where : std::uint8_t { size, data, data_end, trailer, finished };
  Limits limits_;
  Refusal refusal_;
  Where where_ = Where::size;
  std::uint64_t left_ = 0;
  std::size_t extensions_ = 0;
  std::size_t trailers_ = 0;
  std::size_t trailer_bytes_ = 0;
};

/// `1a\r\n` for a chunk of that size, written to `to` (at least 18 bytes); returns its length.
std::size_t chunk_header(std::size_t size, char* to) noexcept;

/// Names that never pass: hop-by-hop fields, framing, and what Connection names (REL-068).
/// `connection` is the value(s) of the Connection field of this message, lower or mixed case.
bool is_hop_by_hop(std::string_view name) noexcept;
/// `list` (a Connection value) contains the token `name`.
bool list_names(std::string_view list, std::string_view name) noexcept;

/// Standard reason phrase; "Unknown" for others.
std::string_view reason_phrase(int status) noexcept;

/// `Sun, 06 Nov 1994 08:49:37 GMT`, cached per thread and second.
std::string_view http_date() noexcept;

/// A header name is a token, a value has no CR, LF, NUL (REL-080, REL-081).
bool valid_name(std::string_view name) noexcept;
bool valid_value(std::string_view value) noexcept;

}  // namespace myelin::http
