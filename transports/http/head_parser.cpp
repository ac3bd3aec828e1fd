// Heads of requests and responses: one pass over the bytes, every line judged as soon as it is
// complete, framing judged at the end (REL-010..013, 050..064, 070, 071).

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/ports/authority.hpp"
#include "engine/ports/sender.hpp"
#include "transports/http/codec.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

using namespace std::string_view_literals;

enum class Known : std::uint8_t {
  other,
  via,
  host,
  expect,
  te,
  connection,
  keep_alive,
  content_type,
  content_length,
  content_encoding,
  transfer_encoding
};

/// Equal in any case with `_` taken for `-` (REL-059); `lower` is in lower case and as long as `name`.
bool same_folded(std::string_view name, std::string_view lower) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i)
    if ((name[i] == '_' ? '-' : text::lower(name[i])) != lower[i]) return false;
  return true;
}

bool has_underscore(std::string_view name) noexcept { return name.find('_') != std::string_view::npos; }

bool is_framing(std::string_view name, std::string_view lower) noexcept {
  return text::iequals(name, lower) || (has_underscore(name) && same_folded(name, lower));
}

/// The fields that mean something here; by length first, as most fields mean nothing.
Known classify(std::string_view name) noexcept {
  switch (name.size()) {
    case 2: return text::iequals(name, "te") ? Known::te : Known::other;
    case 3: return text::iequals(name, "via") ? Known::via : Known::other;
    case 4: return text::iequals(name, "host") ? Known::host : Known::other;
    case 6: return text::iequals(name, "expect") ? Known::expect : Known::other;
    case 10:
      if (text::iequals(name, "connection")) return Known::connection;
      return text::iequals(name, "keep-alive") ? Known::keep_alive : Known::other;
    case 12: return text::iequals(name, "content-type") ? Known::content_type : Known::other;
    case 14: return is_framing(name, "content-length") ? Known::content_length : Known::other;
    case 16: return text::iequals(name, "content-encoding") ? Known::content_encoding : Known::other;
    case 17: return is_framing(name, "transfer-encoding") ? Known::transfer_encoding : Known::other;
    default: return Known::other;
  }
}

bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), syntax::is_digit);
}

/// Of a target that was accepted.
bool is_absolute(std::string_view target) noexcept { return target.front() != '/' && target != "*"; }

/// `HTTP/` digits `.` digits: a version, though maybe none we speak.
bool is_version(std::string_view text) noexcept {
  if (text.substr(0, 5) != "HTTP/") return false;
  text.remove_prefix(5);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return false;
  return all_digits(text.substr(0, dot)) && all_digits(text.substr(dot + 1));
}

/// Seconds of `timeout=N`, or -1.
std::int64_t timeout_of(std::string_view list) {
  std::int64_t seconds = -1;
  syntax::each_element(list, [&](std::string_view element) {
    const std::size_t equals = element.find('=');
    if (equals == std::string_view::npos || !text::iequals(syntax::trim(element.substr(0, equals)), "timeout"))
      return true;
    const std::string_view digits = syntax::trim(element.substr(equals + 1));
    if (digits.empty() || digits.size() > 9 || !all_digits(digits)) return true;
    seconds = 0;
    for (const char c : digits) seconds = seconds * 10 + (c - '0');
    return false;
  });
  return seconds;
}

template <class Head>
void clear(Head& head) {
  Headers fields;
  fields.swap(head.fields);
  fields.clear();
  head = Head{};
  head.fields.swap(fields);
}

/// Every field of a head is looked for in what Connection names: a long list would cost hundreds of times a plain head.
constexpr std::size_t kLongestConnection = 1024;

constexpr Refusal kFieldTooLarge{431, "field_too_large"};
constexpr Refusal kRequestLineTooLong{414, "request_line_too_long"};
constexpr Refusal kStatusLineTooLong{502, "status_line_too_long"};

std::size_t start_line_limit(const Limits& limits, const RequestHead&) noexcept {
  return limits.request_line;
}
const Refusal& start_line_refusal(const RequestHead&) noexcept { return kRequestLineTooLong; }

/// A status line has no limit of its own (REL-019).
std::size_t start_line_limit(const Limits& limits, const ResponseHead&) noexcept { return limits.field; }
const Refusal& start_line_refusal(const ResponseHead&) noexcept { return kStatusLineTooLong; }

}  // namespace

void HeadParser::reset() noexcept {
  refusal_ = Refusal{};
  facts_ = Facts{};
  start_ = line_ = scanned_ = 0;
  begun_ = in_fields_ = false;
}

bool HeadParser::refuse(int status, const char* reason) noexcept {
  refusal_ = Refusal{status, reason};
  return false;
}

Parse HeadParser::refused(const char* reason, int status) noexcept {
  refuse(status, reason);
  return Parse::bad;
}

Parse HeadParser::request(std::string_view buffer, RequestHead& head, std::size_t& consumed) {
  const Parse state = parse(buffer, head);
  if (state != Parse::done) return state;
  if (!finish(head)) return Parse::bad;
  consumed = line_;
  reset();
  return Parse::done;
}

Parse HeadParser::response(std::string_view buffer, std::string_view method, ResponseHead& head,
                           std::size_t& consumed) {
  const Parse state = parse(buffer, head);
  if (state == Parse::more) return state;
  if (state == Parse::bad || !finish(head, method)) {
    refusal_.status = 502;
    return Parse::bad;
  }
  consumed = line_;
  reset();
  return Parse::done;
}

template <class Head>
Parse HeadParser::parse(std::string_view buffer, Head& head) {
  if (refusal_.status != 0) return Parse::bad;
  const bool resumed = begun_;
  if (!resumed) clear(head);
  begun_ = true;
  const Parse state = walk(buffer, head);
  if (state != Parse::done || !resumed) return state;
  // The lines of earlier calls were seen where the buffer was then: take their views again, once.
  const std::size_t end = line_;
  reset();
  clear(head);
  return walk(buffer.substr(0, end), head);
}

/// The next line, without CRLF. done: `line_` is behind it.
inline Parse HeadParser::next_line(std::string_view buffer, std::size_t longest, const Refusal& too_long,
                                   std::string_view& line) {
  const std::size_t line_end = line_ + longest + 2;
  const std::size_t head_end = start_ + limits_.head;
  const std::size_t end = std::min(line_end, head_end);  // a line feed stands before it, or never
  const std::size_t seen = std::min(buffer.size(), end);
  const void* found = nullptr;
  if (scanned_ < seen) found = std::memchr(buffer.data() + scanned_, '\n', seen - scanned_);
  if (!found) {
    scanned_ = seen;
    if (seen < end) return Parse::more;
    refusal_ = head_end < line_end ? Refusal{431, "head_too_large"} : too_long;
    return Parse::bad;
  }
  const std::size_t feed = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
  if (feed == line_ || buffer[feed - 1] != '\r') {
    refuse(400, "bare_lf");
    return Parse::bad;
  }
  line = buffer.substr(line_, feed - 1 - line_);
  line_ = scanned_ = feed + 1;
  return Parse::done;
}

/// Goes through the lines that are complete. done: the empty line was eaten, `line_` is behind it.
template <class Head>
Parse HeadParser::walk(std::string_view buffer, Head& head) {
  std::string_view line;
  if (!in_fields_) {
    Parse state = opening(buffer, head);
    if (state == Parse::done)
      state = next_line(buffer, start_line_limit(limits_, head), start_line_refusal(head), line);
    if (state != Parse::done) return state;
    if (!start_line(line, head)) return Parse::bad;
    in_fields_ = true;
  }
  for (;;) {
    Header field;
    // Once for a line: what is cut off or wrong in any way goes the longer way.
    std::size_t length = scanned_ == line_ ? syntax::quick_field(buffer.substr(line_), field) : 0;
    if (length > limits_.field + 2 || line_ + length > start_ + limits_.head) length = 0;
    if (length > 0) {
      line_ = scanned_ = line_ + length;
    } else {
      const Parse state = next_line(buffer, limits_.field, kFieldTooLarge, line);
      if (state != Parse::done || line.empty()) return state;
    }
    if (++facts_.fields > limits_.fields) return refused("too_many_fields", 431);
    if (length == 0)
      if (const char* wrong = syntax::split_field(line, field)) return refused(wrong);
    if (!take(field, head)) return Parse::bad;
  }
}

/// The first bytes tell most non-HTTP peers (a TLS greeting, say) without waiting for a line end.
Parse HeadParser::opening(std::string_view buffer, const RequestHead&) {
  if (line_ == 0 && !buffer.empty() && buffer.front() == '\r') {
    if (buffer.size() < 2) return Parse::more;
    if (buffer[1] != '\n') {
      refuse(400, "bare_cr");
      return Parse::bad;
    }
    start_ = line_ = scanned_ = 2;
  }
  if (buffer.size() == line_) return Parse::more;
  if (syntax::is(buffer[line_], syntax::kToken)) return Parse::done;
  refuse(400, "bad_method");
  return Parse::bad;
}

Parse HeadParser::opening(std::string_view buffer, const ResponseHead&) {
  constexpr std::string_view kStart = "HTTP/";
  if (buffer.empty()) return Parse::more;
  const std::size_t size = std::min(buffer.size(), kStart.size());
  if (buffer.substr(0, size) == kStart.substr(0, size)) return Parse::done;
  refuse(502, "bad_status_line");
  return Parse::bad;
}

bool HeadParser::start_line(std::string_view line, RequestHead& head) {
  const std::size_t method = syntax::span(line, syntax::kToken);
  if (method == line.size() || line[method] != ' ') return refuse(400, "bad_request_line");
  head.method = line.substr(0, method);
  line.remove_prefix(method + 1);

  const std::size_t length = syntax::span(line, syntax::kTarget);
  if (length == 0) return refuse(400, "bad_request_line");
  if (length == line.size()) return refuse(400, "no_version");
  if (line[length] != ' ') return refuse(400, "bad_target");
  head.target = line.substr(0, length);

  const std::string_view version = line.substr(length + 1);
  if (version == "HTTP/1.0") head.http10 = true;
  else if (version != "HTTP/1.1")
    return is_version(version) ? refuse(505, "version_not_supported") : refuse(400, "bad_request_line");
  if (head.method == "CONNECT") return refuse(501, "method_connect");
  if (head.method == "TRACE") return refuse(405, "method_trace");
  return target(head);
}

/// Sorts the target into its form.
bool HeadParser::target(RequestHead& head) {
  head.origin = head.target;
  if (head.target.front() == '/') return true;
  if (head.target == "*") return head.method == "OPTIONS" || refuse(400, "bad_target");
  const auto url = Url::parse(head.target);
  if (!url) return refuse(400, "bad_target");
  head.host = url->authority;  // a Host field replaces it, and must be equal: finish()
  head.origin = url->target;
  if (head.origin.empty()) {
    head.origin = head.method == "OPTIONS" ? "*"sv : "/"sv;
  } else if (head.origin.front() == '?') {
    head.made_origin = std::make_shared<const std::string>("/" + std::string(head.origin));
    head.origin = *head.made_origin;
  }
  return true;
}

bool HeadParser::start_line(std::string_view line, ResponseHead& head) {
  constexpr std::size_t kVersion = 8;  // "HTTP/1.1"
  if (line.size() < kVersion + 4 || line[kVersion] != ' ') return refuse(502, "bad_status_line");
  const std::string_view version = line.substr(0, kVersion);
  if (version == "HTTP/1.0") head.http10 = true;
  else if (version != "HTTP/1.1") return refuse(502, "version_not_supported");
  for (std::size_t i = kVersion + 1; i < kVersion + 4; ++i) {
    if (!syntax::is_digit(line[i])) return refuse(502, "bad_status_line");
    head.status = head.status * 10 + (line[i] - '0');
  }
  if (head.status < 100) return refuse(502, "bad_status_line");
  line.remove_prefix(kVersion + 4);
  if (line.empty()) return true;
  if (line.front() != ' ' || !syntax::is_value(line)) return refuse(502, "bad_status_line");
  head.reason = line.substr(1);
  return true;
}

bool HeadParser::take(const Header& field, RequestHead& head) {
  if (!limits_.underscore_names && has_underscore(field.name)) return refuse(400, "underscore_name");
  head.fields.add(field.name, field.value);
  switch (classify(field.name)) {
    case Known::via:
      head.has_via = true;
      return true;
    case Known::host:
      if (++facts_.hosts > 1) return refuse(400, "repeated_host");
      if (!Authority::parse(field.value)) return refuse(400, "bad_host");
      head.host = field.value;
      return true;
    case Known::te:
      head.accepts_trailers = head.accepts_trailers || list_names(field.value, "trailers");
      return true;
    case Known::expect:
      facts_.expects = true;
      return text::iequals(field.value, "100-continue") || refuse(417, "bad_expect");
    case Known::connection: return connection(field.value, false);
    case Known::content_type:
      if (head.content_type.empty()) head.content_type = field.value;
      return true;
    case Known::content_encoding:
      if (head.content_encoding.empty()) head.content_encoding = field.value;
      return true;
    case Known::content_length:
      return has_underscore(field.name) ? refuse(400, "underscore_framing") : content_length(field.value);
    case Known::transfer_encoding:
      if (has_underscore(field.name)) return refuse(400, "underscore_framing");
      transfer_encoding(field.value);
      return true;
    case Known::keep_alive:
    case Known::other: return true;
  }
  return true;
}

bool HeadParser::take(const Header& field, ResponseHead& head) {
  head.fields.add(field.name, field.value);
  const Known known = classify(field.name);
  if (known == Known::connection) return connection(field.value, true);
  if (known == Known::keep_alive) head.keep_alive_timeout = timeout_of(field.value);
  if (known != Known::content_length && known != Known::transfer_encoding) return true;
  if (has_underscore(field.name)) return true;
  if (known == Known::content_length) return content_length(field.value);
  transfer_encoding(field.value);
  return true;
}

/// A request must not have these fields removed on the way (REL-068).
bool HeadParser::connection(std::string_view list, bool may_name_all) {
  if (text::iequals(list, "keep-alive")) return facts_.keep_alive = true;  // nearly always
  if ((facts_.connection += list.size()) > kLongestConnection) return refuse(431, "connection_too_large");
  return syntax::each_element(list, [&](std::string_view name) {
    if (text::iequals(name, "close")) facts_.close = true;
    else if (text::iequals(name, "keep-alive")) facts_.keep_alive = true;
    else if (!may_name_all && (text::iequals(name, "host") || text::iequals(name, "content-length") ||
                               text::iequals(name, "authorization") || text::iequals(name, "cookie")))
      return refuse(400, "bad_connection");
    return true;
  });
}

/// REL-016, 053, 054
bool HeadParser::content_length(std::string_view value) {
  if (facts_.has_length) return refuse(400, "repeated_content_length");
  facts_.has_length = true;
  if (value.empty() || value.size() > 19 || !all_digits(value)) return refuse(400, "bad_content_length");
  for (const char c : value) facts_.length = facts_.length * 10 + static_cast<std::uint64_t>(c - '0');
  if (facts_.length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse(400, "bad_content_length");
  return true;
}

/// REL-051; the first offence counts.
void HeadParser::transfer_encoding(std::string_view list) {
  facts_.has_coding = true;
  syntax::each_element(list, [&](std::string_view element) {
    if (facts_.coding.status != 0) return false;
    const std::string_view name = syntax::trim(element.substr(0, element.find(';')));
    if (facts_.chunked) facts_.coding = {400, "chunked_not_last"};
    else if (!syntax::is_token(name)) facts_.coding = {400, "bad_transfer_encoding"};
    else if (!text::iequals(name, "chunked")) facts_.coding = {501, "unknown_transfer_coding"};
    else if (name.size() != element.size()) facts_.coding = {400, "bad_transfer_encoding"};
    else facts_.chunked = true;
    return true;
  });
}

/// REL-050..052; `without`: how a message with neither field is framed.
bool HeadParser::framing(bool http10, Framing without, Framing& result, std::uint64_t& length) {
  if (facts_.has_coding) {
    if (facts_.has_length) return refuse(400, "length_and_transfer_encoding");
    if (http10) return refuse(400, "transfer_encoding_in_http10");
    if (facts_.coding.status != 0) return refuse(facts_.coding.status, facts_.coding.reason);
    result = Framing::chunked;
  } else {
    result = facts_.has_length ? Framing::length : without;
    length = facts_.length;
  }
  return true;
}

bool HeadParser::keep_alive(bool http10) const noexcept {
  return !facts_.close && (!http10 || facts_.keep_alive);
}

/// Of an answer that may have none: the body may come nevertheless, and would be taken for the next answer. HEAD and
/// 304 may tell what another answer would have.
bool HeadParser::announces_body(int status, std::string_view method) const noexcept {
  if (facts_.has_coding) return facts_.has_length || method != "HEAD";
  return method != "HEAD" && status != 304 && facts_.length > 0;
}

bool HeadParser::finish(RequestHead& head) {
  if (facts_.hosts == 0 && !head.http10) return refuse(400, "no_host");
  if (facts_.hosts == 1 && is_absolute(head.target) &&
      !text::iequals(Url::parse(head.target)->authority, head.host))
    return refuse(400, "host_mismatch");
  if (!framing(head.http10, Framing::none, head.framing, head.length)) return false;
  const bool has_body = head.framing == Framing::chunked || head.length > 0;
  head.expect_continue = facts_.expects && has_body && !head.http10;
  head.keep_alive = keep_alive(head.http10);
  return true;
}

bool HeadParser::finish(ResponseHead& head, std::string_view method) {
  head.has_length = facts_.has_length;
  head.keep_alive = keep_alive(head.http10);
  if (method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) {
    head.length = facts_.length;  // REL-070: what a body would have had
    if (announces_body(head.status, method)) head.keep_alive = false;
    return true;
  }
  if (!framing(head.http10, Framing::until_close, head.framing, head.length)) return false;
  if (head.framing == Framing::until_close) head.keep_alive = false;
  return true;
}

namespace {

/// Texts that are no part of the buffer (`/` for an empty path) stay where they are.
void move_view(std::string_view& view, std::string_view from, const char* to) noexcept {
  const auto start = reinterpret_cast<std::uintptr_t>(from.data());
  const auto offset = reinterpret_cast<std::uintptr_t>(view.data()) - start;
  if (offset <= from.size()) view = std::string_view(to + offset, view.size());
}

void move_fields(Headers& fields, std::string_view from, const char* to) noexcept {
  for (std::size_t i = 0; i < fields.all().size(); ++i) {
    Header moved = fields.all()[i];
    move_view(moved.name, from, to);
    move_view(moved.value, from, to);
    fields.replace(i, moved);
  }
}

}  // namespace

void rebase(RequestHead& head, std::string_view from, const char* to) noexcept {
  for (std::string_view* view : {&head.method, &head.target, &head.origin, &head.host, &head.content_type, &head.content_encoding})
    move_view(*view, from, to);
  move_fields(head.fields, from, to);
}

void rebase(ResponseHead& head, std::string_view from, const char* to) noexcept {
  move_view(head.reason, from, to);
  move_fields(head.fields, from, to);
}

}  // namespace myelin::http
