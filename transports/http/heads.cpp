// Writing heads of requests and answers.

#include "transports/http/heads.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/text.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kMostRounds = 10;  // REL-026

/// Writes a head behind what a string holds. Room is made ahead, so that most texts are mere copies.
class Writer {
 public:
  explicit Writer(std::string& to) : to_(to), used_(to.size()) { grow(kRoom); }
  Writer(const Writer&) = delete;
  /// Last: the string is as long as what was written.
  void finish() { to_.resize(static_cast<std::size_t>(at_ - to_.data())); }

  template <class... Texts>
  [[gnu::always_inline]] void add(const Texts&... texts) {
    reserve((std::string_view(texts).size() + ...));
    (put(texts), ...);
  }
  void field(std::string_view name, std::string_view value) { add(name, ": ", value, "\r\n"); }

 private:
  static constexpr std::size_t kRoom = 512;

  void reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) >= bytes) return;
    used_ = static_cast<std::size_t>(at_ - to_.data());
    grow(bytes + kRoom);
  }
  void grow(std::size_t room) {
    to_.resize(used_ + room);
    at_ = to_.data() + used_;
    end_ = to_.data() + to_.size();
  }
  /// There is room. Names and values are short mostly: a call would cost more than the copy.
  [[gnu::always_inline]] void put(std::string_view text) noexcept {
    const std::size_t size = text.size();
    if (size > 16) {
      std::memcpy(at_, text.data(), size);
    } else if (size >= 8) {
      std::memcpy(at_, text.data(), 8);
      std::memcpy(at_ + size - 8, text.data() + size - 8, 8);
    } else if (size >= 4) {
      std::memcpy(at_, text.data(), 4);
      std::memcpy(at_ + size - 4, text.data() + size - 4, 4);
    } else {
      for (std::size_t i = 0; i < size; ++i) at_[i] = text[i];
    }
    at_ += size;
  }

  std::string& to_;
  std::size_t used_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

void add_length(Writer& to, std::uint64_t length) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  to.field("Content-Length", {digits, static_cast<std::size_t>(end - digits)});
}

/// Copies end-to-end fields but for those `skip` names.
template <class Skip>
void add_fields(Writer& to, const Headers& fields, Skip skip) {
  bool names_more = false;  // Connection lists more than its usual options
  for (const Header& field : fields)
    if (text::iequals(field.name, "connection") &&
        !text::iequals(field.value, "keep-alive") && !text::iequals(field.value, "close"))
      names_more = true;
  const auto named = [&](std::string_view name) {
    for (const Header& field : fields)
      if (text::iequals(field.name, "connection") && list_names(field.value, name)) return true;
    return false;
  };
  for (const Header& field : fields) {
    if (is_hop_by_hop(field.name) || skip(field.name)) continue;
    if (names_more && named(field.name)) continue;
    to.field(field.name, field.value);
  }
}

void add_framing(Writer& to, const OutFraming& framing) {
  if (framing.kind == Framing::length) add_length(to, framing.length);
  if (framing.kind == Framing::chunked) to.add("Transfer-Encoding: chunked\r\n");
}

/// A body of these means something, so that its absence is told (RFC 9110, 8.6); some back ends answer 411 otherwise.
bool tells_emptiness(std::string_view method) noexcept { return method == "POST" || method == "PUT" || method == "PATCH"; }

void add_status_line(Writer& to, int status, std::string_view reason) {
  if (status == 200 && reason.empty()) return to.add("HTTP/1.1 200 OK\r\n");
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, status).ptr;
  to.add("HTTP/1.1 ", std::string_view(digits, static_cast<std::size_t>(end - digits)), " ",
         reason.empty() ? reason_phrase(status) : reason, "\r\n");
}

/// traceparent: 00-TRACE-SPAN-FLAGS, with a new span for each request.
void add_span(Writer& to, const Identity& identity) {
  char text[55] = {'0', '0', '-'};
  std::copy_n(identity.trace_id.data(), 32, text + 3);
  text[35] = text[52] = '-';
  text::random_hex(text + 36, 16);
  std::copy_n(identity.trace_flags.data(), 2, text + 53);
  to.field("traceparent", {text, sizeof text});
}

/// The ids of the exchange. A trace that is only passed on goes with its own fields, or from here
/// where a flow has lost them.
void add_identity(Writer& to, const OutgoingRequest& request) {
  const Identity& identity = *request.identity;
  if (!identity.request_id.empty()) to.field(identity.request_id_header, identity.request_id);
  if (identity.own_span) add_span(to, identity);
  else if (identity.trace_parent.empty() || (request.headers && request.headers->find("traceparent"))) return;
  else to.field("traceparent", identity.trace_parent);
  const bool has_state = !identity.own_span && request.headers && request.headers->find("tracestate");
  if (!has_state && !identity.trace_state.empty()) to.field("tracestate", identity.trace_state);
}

/// The field is written by add_identity().
bool is_identity(std::string_view name, const Identity& identity) noexcept {
  if (identity.own_span && (text::iequals(name, "traceparent") || text::iequals(name, "tracestate"))) return true;
  return !identity.request_id.empty() && text::iequals(name, identity.request_id_header);
}

}  // namespace

Reply sound(Reply reply) {
  if (reply.status < 200 || reply.status > 599) reply.status = 500;
  if (!valid_value(reply.reason)) reply.reason = {};
  return reply;
}

Reply refused(int status) {
  static const Headers methods = [] {
    Headers fields;
    fields.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return fields;
  }();
  Reply reply;
  reply.status = status;
  if (status == 405) reply.headers = &methods;
  return reply;
}

Headers come_again() {
  Headers fields;
  fields.add("Retry-After", "1");
  return fields;
}

Reply busy(const Headers& again) {
  Reply reply;
  reply.status = 503;
  reply.headers = &again;
  return reply;
}

ReplyShape shape_of(const Reply& reply, bool head_only, Framing unknown) {
  ReplyShape shape;
  OutFraming& framing = shape.framing;
  const bool bodyless = is_bodyless(reply.status);
  const bool has_body = reply.has_body && !bodyless && reply.status != 205;
  shape.sends_body = has_body && !head_only;
  if (!bodyless) framing.kind = Framing::length;
  if (has_body) {
    const auto length = reply.stream ? reply.stream->length() : std::optional<std::uint64_t>(reply.bytes.size());
    if (length) framing.length = *length;
    else framing.kind = unknown;
  }
  if (head_only && reply.head_length >= 0) framing = {Framing::length, static_cast<std::uint64_t>(reply.head_length)};
  else if (head_only && !reply.has_body) framing.kind = Framing::none;
  return shape;
}

void write_reply_head(const Reply& reply, const OutFraming& framing, const ReplyContext& context, std::string& head) {
  Writer to(head);
  add_status_line(to, reply.status, reply.reason);
  const bool own_type = reply.drop_content_type || !reply.content_type.empty();
  bool has_date = false;
  bool has_server = false;
  const Identity* ids = context.identity && !context.identity->request_id.empty() ? context.identity : nullptr;
  if (reply.headers)
    add_fields(to, *reply.headers, [&](std::string_view name) {
      if (ids && text::iequals(name, ids->request_id_header)) return true;
      if (text::iequals(name, "date")) return !reply.preserve_server || !(has_date = true);
      if (text::iequals(name, "server")) return !reply.preserve_server || !(has_server = true);
      return own_type && text::iequals(name, "content-type");
    });
  if (!reply.content_type.empty()) to.field("Content-Type", reply.content_type);
  if (!has_date) to.field("Date", http_date());
  if (!has_server && !context.server_name.empty()) to.field("Server", context.server_name);
  if (ids) to.field(ids->request_id_header, ids->request_id);
  add_framing(to, framing);
  if (!context.keep_alive) to.add("Connection: close\r\n");
  else if (context.http10) to.add("Connection: keep-alive\r\n");
  to.add("\r\n");
  to.finish();
}

void write_request_head(const OutgoingRequest& request, const OutFraming& framing, std::string_view via, std::string& head) {
  Writer to(head);
  const bool to_proxy = request.proxy && !request.proxy->tunnels(request.url.scheme);
  const std::string_view target = request.target.empty() ? std::string_view("/") : request.target;
  to.add(request.method, " ");
  const bool of_server = to_proxy && target == "*";  // to a proxy that is the authority alone (RFC 9112, 3.2.4)
  if (to_proxy && (of_server || target.front() == '/')) to.add("http://", request.url.authority);
  to.add(of_server ? std::string_view() : target, request.http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  to.field("Host", request.host.empty() ? request.url.authority : request.host);
  const bool own_type = request.drop_content_type || !request.content_type.empty();
  bool has_agent = false;
  if (request.identity) add_identity(to, request);
  if (request.headers)
    add_fields(to, *request.headers, [&](std::string_view name) {
      if (request.identity && is_identity(name, *request.identity)) return true;
      if (text::iequals(name, request.credential_name)) return true;
      switch (name.size()) {
        case 4: return text::iequals(name, "host") || text::iequals(name, "date");
        case 6: return text::iequals(name, "server") || text::iequals(name, "expect");
        case 10:
          if (!text::iequals(name, "user-agent")) return request.has_soap_action && text::iequals(name, "soapaction");
          return !request.preserve_user_agent || !(has_agent = true);
        case 12: return own_type && text::iequals(name, "content-type");
        case 19: return request.proxy && text::iequals(name, "proxy-authorization");
        default: return false;
      }
    });
  if (!request.credential.empty()) to.field(request.credential_name, request.credential);
  if (!request.content_type.empty()) to.field("Content-Type", request.content_type);
  if (request.has_soap_action) to.add("SOAPAction: \"", request.soap_action, "\"\r\n");
  if (!has_agent && !request.user_agent.empty()) to.field("User-Agent", request.user_agent);
  if (!via.empty() && !request.received_version.empty()) to.add("Via: ", request.received_version, " ", via, "\r\n");
  const bool closes = request.close || request.http10;
  const bool asks = request.accepts_trailers && !request.http10;
  if (asks) to.field("TE", "trailers");
  if (to_proxy && !request.proxy->authorization.empty()) to.field("Proxy-Authorization", request.proxy->authorization);
  if (!request.has_body && framing.kind == Framing::none && tells_emptiness(request.method)) add_length(to, 0);
  add_framing(to, framing);
  if (closes || asks) to.field("Connection", !asks ? "close" : closes ? "close, TE" : "TE");
  to.add("\r\n");
  to.finish();
}

std::string_view with_trailers(std::string_view end, std::string_view trailers, std::string& to) {
  to.assign(end.substr(0, end.size() - 2));
  to += trailers;
  to += "\r\n";
  return to;
}

bool goes_round(bool has_via, const Headers& fields, std::string_view via) noexcept {
  if (!has_via || via.empty()) return false;
  std::size_t count = 0;
  for (const Header& field : fields) {
    if (!text::iequals(field.name, "via")) continue;
    syntax::each_element(field.value, [&](std::string_view entry) {  // 1.1 NAME (comment)
      entry = syntax::trim(entry.substr(std::min(entry.find_first_of(" \t"), entry.size())));
      if (text::iequals(entry.substr(0, entry.find_first_of(" \t(")), via)) ++count;
      return true;
    });
  }
  return count >= kMostRounds;
}

std::string connect_head(const OutgoingRequest& request) {
  const bool ipv6 = request.url.host.find(':') != std::string_view::npos;
  const std::string host = ipv6 ? '[' + std::string(request.url.host) + ']' : std::string(request.url.host);
  const std::string authority = host + ':' + std::to_string(request.url.port);
  std::string head = "CONNECT " + authority + " HTTP/1.1\r\n";
  Writer to(head);
  to.field("Host", authority);
  if (!request.proxy->authorization.empty()) to.field("Proxy-Authorization", request.proxy->authorization);
  to.add("\r\n");
  to.finish();
  return head;
}

}  // namespace myelin::http
