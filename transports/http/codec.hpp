#pragma once
// HTTP/1.1 on bytes, both sides, strictly (REL-010..016, 050..089). No I/O here. One incremental
// head parser, one chunk decoder, the small texts of heads. Views point into the buffer that was
// given. Nothing allocates per message except the field vector, which its owner reuses.

#include <cstddef>
#include <cstdint>
#include <memory>
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
  bool underscore_names = true;          // REL-059; false refuses every name with an underscore
};

inline constexpr int kInterimAnswers = 10;  ///< of a back end to one request (REL-079)

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
  bool expect_continue = false;  ///< a body waits for `100 Continue`; never for HTTP/1.0 (REL-077)
  Framing framing = Framing::none;  ///< `Content-Length: 0` is Framing::length
  std::uint64_t length = 0;
  bool has_via = false;
  bool accepts_trailers = false;  ///< TE: trailers
  std::string_view content_type;
  std::string_view content_encoding;
  Headers fields;             ///< all of them, in order
  /// Holds `origin` in the one case where it is no part of the buffer: `http://host?query`.
  std::shared_ptr<const std::string> made_origin;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  bool http10 = false;
  bool keep_alive = true;
  Framing framing = Framing::none;
  bool has_length = false;    ///< Content-Length was told, also where no body follows (HEAD)
  std::uint64_t length = 0;
  std::int64_t keep_alive_timeout = -1;  ///< seconds of `Keep-Alive: timeout=N`, -1: not told
  Headers fields;
};

class Trailers;  // trailers.hpp

enum class Parse : std::uint8_t { done, more, bad };

/// Parses heads from a growing buffer, line by line; never looks at a byte twice while it waits for
/// more. One per connection.
class HeadParser {
 public:
  explicit HeadParser(const Limits& limits) : limits_(limits) {}

  /// Forget what was seen; for the next message. `done` does the same by itself.
  void reset() noexcept;

  /// Tries to parse one request head at the start of `buffer` (one empty line before it is skipped).
  /// done: `consumed` bytes belong to it, empty line included. more: call again with the same bytes
  /// and further ones, wherever they are then. bad: see refusal(); it stays so until reset().
  Parse request(std::string_view buffer, RequestHead& head, std::size_t& consumed);
  /// The same for a response to a request of `method`, without an empty line. Interim (1xx) heads are
  /// parsed like others. Refusals have status 502 (REL-071).
  Parse response(std::string_view buffer, std::string_view method, ResponseHead& head, std::size_t& consumed);

  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  /// What the fields seen so far say, without views: the buffer may move between two calls.
  struct Facts {
    std::size_t fields = 0;
    std::size_t hosts = 0;
    std::size_t connection = 0;  ///< bytes of its values
    std::uint64_t length = 0;
    bool has_length = false;
    bool has_coding = false;
    bool chunked = false;
    bool close = false;
    bool keep_alive = false;
    bool expects = false;
    Refusal coding;  ///< judged at the end of the head, where CL + TE is known
  };

  template <class Head>
  Parse parse(std::string_view buffer, Head& head);
  template <class Head>
  Parse walk(std::string_view buffer, Head& head);
  Parse next_line(std::string_view buffer, std::size_t longest, const Refusal& too_long,
                  std::string_view& line);
  Parse opening(std::string_view buffer, const RequestHead& head);
  Parse opening(std::string_view buffer, const ResponseHead& head);
  bool start_line(std::string_view line, RequestHead& head);
  bool start_line(std::string_view line, ResponseHead& head);
  bool target(RequestHead& head);
  bool take(const Header& field, RequestHead& head);
  bool take(const Header& field, ResponseHead& head);
  bool connection(std::string_view list, bool may_name_all);
  bool content_length(std::string_view value);
  void transfer_encoding(std::string_view list);
  bool framing(bool http10, Framing without, Framing& result, std::uint64_t& length);
  bool announces_body(int status, std::string_view method) const noexcept;
  bool finish(RequestHead& head);
  bool finish(ResponseHead& head, std::string_view method);
  bool keep_alive(bool http10) const noexcept;
  bool refuse(int status, const char* reason) noexcept;
  Parse refused(const char* reason, int status = 400) noexcept;

  Limits limits_;
  Refusal refusal_;
  Facts facts_;
  std::size_t start_ = 0;    ///< of the head, behind a skipped empty line
  std::size_t line_ = 0;     ///< start of the line that is not complete yet
  std::size_t scanned_ = 0;  ///< no line end before it
  bool begun_ = false;
  bool in_fields_ = false;
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
  /// Sound trailers are added there; null: they are dropped.
  void keep_trailers(Trailers* to) noexcept { kept_ = to; }

  /// Looks at `input`; eats framing bytes, then tells how many of the bytes that follow are body.
  /// `more` with body: take any of it, call body_consumed(n) and then next() with what follows.
  /// `more` without body: needs more input after the bytes that were not consumed. `done`: the last
  /// chunk and trailers were eaten. `bad`: see refusal(), status 400.
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

  bool line(std::string_view input, std::size_t at, std::size_t limit, std::string_view& text);
  bool size_line(std::string_view line);
  bool trailer_line(std::string_view line);
  Parse data_end(std::string_view input, std::size_t& at);
  bool refuse(const char* reason) noexcept;

  Limits limits_;
  Refusal refusal_;
  Where where_ = Where::size;
  std::uint64_t left_ = 0;
  std::size_t extensions_ = 0;
  Trailers* kept_ = nullptr;
  std::size_t trailers_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t scanned_ = 0;  ///< bytes of an incomplete line already searched for its end
};

/// `1a\r\n` for a chunk of that size, written to `to` (at least 18 bytes); returns its length.
std::size_t chunk_header(std::size_t size, char* to) noexcept;

/// Names that never pass: hop-by-hop fields and framing, Content-Length included (REL-068, REL-069).
/// What Connection names is found with list_names().
bool is_hop_by_hop(std::string_view name) noexcept;
/// `list` (a Connection value) contains the token `name`, in any case.
bool list_names(std::string_view list, std::string_view name) noexcept;

/// Standard reason phrase; "Unknown" for others.
std::string_view reason_phrase(int status) noexcept;

/// `Sun, 06 Nov 1994 08:49:37 GMT`, cached per thread and second.
std::string_view http_date() noexcept;

/// A header name is a token, a value has no CR, LF, NUL (REL-080, REL-081) nor any control but HTAB,
/// as our own parser would refuse it (REL-004).
bool valid_name(std::string_view name) noexcept;
bool valid_value(std::string_view value) noexcept;

}  // namespace myelin::http
