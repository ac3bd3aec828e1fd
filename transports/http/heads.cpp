// Writing heads of requests and answers.

#include "transports/http/heads.hpp"

#include <algorithm>
#include <charconv>

#include "engine/base/text.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kMostRounds = 10;  // REL-026

void add_field(std::string& to, std::string_view name, std::string_view value) {
  const std::size_t at = to.size();
  to.resize(at + name.size() + value.size() + 4);
  char* out = to.data() + at;
  out = std::copy(name.begin(), name.end(), out);
  *out++ = ':';
  *out++ = ' ';
  out = std::copy(value.begin(), value.end(), out);
  *out++ = '\r';
  *out = '\n';
}

void add_length(std::string& to, std::uint64_t length) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  add_field(to, "Content-Length", {digits, static_cast<std::size_t>(end - digits)});
}

/// Copies end-to-end fields but for those `skip` names.
template <class Skip>
void add_fields(std::string& to, const Headers& fields, Skip skip) {
  bool names_more = false;  // Connection lists more than its usual options
  for (const Header& field : fields)
    if (field.name.size() == 10 && text::iequals(field.name, "connection") &&
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
    add_field(to, field.name, field.value);
  }
}

bool is(std::string_view name, std::string_view wanted) noexcept {
  return name.size() == wanted.size() && text::iequals(name, wanted);
}

void add_framing(std::string& to, const OutFraming& framing) {
  if (framing.kind == Framing::length) add_length(to, framing.length);
  if (framing.kind == Framing::chunked) to += "Transfer-Encoding: chunked\r\n";
}

void add_status_line(std::string& to, int status, std::string_view reason) {
  if (status == 200 && reason.empty()) {
    to += "HTTP/1.1 200 OK\r\n";
    return;
  }
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, status).ptr;
  to += "HTTP/1.1 ";
  to.append(digits, static_cast<std::size_t>(end - digits));
  to += ' ';
  to += reason.empty() ? reason_phrase(status) : reason;
  to += "\r\n";
}

/// traceparent: 00-TRACE-SPAN-FLAGS, with a new span for each request.
void add_span(std::string& to, const Identity& identity) {
  char text[55] = {'0', '0', '-'};
  std::copy_n(identity.trace_id.data(), 32, text + 3);
  text[35] = text[52] = '-';
  text::random_hex(text + 36, 16);
  std::copy_n(identity.trace_flags.data(), 2, text + 53);
  add_field(to, "traceparent", {text, sizeof text});
}

/// The ids of the exchange. A trace that is only passed on goes with its own fields, or from here
/// where a flow has lost them.
void add_identity(std::string& to, const OutgoingRequest& request) {
  const Identity& identity = *request.identity;
  if (!identity.request_id.empty()) add_field(to, identity.request_id_header, identity.request_id);
  if (identity.own_span) add_span(to, identity);
  else if (identity.trace_parent.empty() || (request.headers && request.headers->find("traceparent"))) return;
  else add_field(to, "traceparent", identity.trace_parent);
  const bool has_state = !identity.own_span && request.headers && request.headers->find("tracestate");
  if (!has_state && !identity.trace_state.empty()) add_field(to, "tracestate", identity.trace_state);
}

/// The field is written by add_identity().
bool is_identity(std::string_view name, const Identity& identity) noexcept {
  if (identity.own_span && (is(name, "traceparent") || is(name, "tracestate"))) return true;
  return !identity.request_id.empty() && is(name, identity.request_id_header);
}

}  // namespace

Reply sound(Reply reply) {
  if (reply.status < 200 || reply.status > 599) reply.status = 500;
  if (!valid_value(reply.reason)) reply.reason = {};
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

void write_reply_head(const Reply& reply, const OutFraming& framing, const ReplyContext& context, std::string& to) {
  add_status_line(to, reply.status, reply.reason);
  const bool own_type = reply.drop_content_type || !reply.content_type.empty();
  bool has_date = false;
  bool has_server = false;
  const Identity* ids = context.identity && !context.identity->request_id.empty() ? context.identity : nullptr;
  if (reply.headers)
    add_fields(to, *reply.headers, [&](std::string_view name) {
      if (ids && is(name, ids->request_id_header)) return true;
      if (is(name, "date")) return !reply.preserve_server || !(has_date = true);
      if (is(name, "server")) return !reply.preserve_server || !(has_server = true);
      return own_type && is(name, "content-type");
    });
  if (!reply.content_type.empty()) add_field(to, "Content-Type", reply.content_type);
  if (!has_date) add_field(to, "Date", http_date());
  if (!has_server && !context.server_name.empty()) add_field(to, "Server", context.server_name);
  if (ids) add_field(to, ids->request_id_header, ids->request_id);
  add_framing(to, framing);
  if (!context.keep_alive) to += "Connection: close\r\n";
  else if (context.http10) to += "Connection: keep-alive\r\n";
  to += "\r\n";
}

void write_request_head(const OutgoingRequest& request, const OutFraming& framing, std::string_view via, std::string& to) {
  to += request.method;
  to += ' ';
  const bool to_proxy = request.proxy && !request.proxy->tunnels(request.url.scheme);
  const std::string_view target = request.target.empty() ? std::string_view("/") : request.target;
  if (to_proxy && target.front() == '/') {
    to += "http://";
    to += request.url.authority;
  }
  to += target;
  to += request.http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n";
  add_field(to, "Host", request.host.empty() ? request.url.authority : request.host);
  const bool own_type = request.drop_content_type || !request.content_type.empty();
  bool has_agent = false;
  if (request.identity) add_identity(to, request);
  if (request.headers)
    add_fields(to, *request.headers, [&](std::string_view name) {
      if (request.identity && is_identity(name, *request.identity)) return true;
      if (is(name, request.credential_name)) return true;
      switch (name.size()) {
        case 4: return is(name, "host") || is(name, "date");
        case 6: return is(name, "server") || is(name, "expect");
        case 10:
          if (!is(name, "user-agent")) return request.has_soap_action && is(name, "soapaction");
          return !request.preserve_user_agent || !(has_agent = true);
        case 12: return own_type && is(name, "content-type");
        case 19: return request.proxy && is(name, "proxy-authorization");
        default: return false;
      }
    });
  if (!request.credential.empty()) add_field(to, request.credential_name, request.credential);
  if (!request.content_type.empty()) add_field(to, "Content-Type", request.content_type);
  if (request.has_soap_action) {
    to += "SOAPAction: \"";
    to += request.soap_action;
    to += "\"\r\n";
  }
  if (!has_agent && !request.user_agent.empty()) add_field(to, "User-Agent", request.user_agent);
  if (!via.empty()) {
    to += "Via: ";
    to += request.received_version;
    to += ' ';
    to += via;
    to += "\r\n";
  }
  if (request.accepts_trailers) add_field(to, "TE", "trailers");
  if (to_proxy && !request.proxy->authorization.empty()) add_field(to, "Proxy-Authorization", request.proxy->authorization);
  add_framing(to, framing);
  if (request.close || request.http10) to += "Connection: close\r\n";
  to += "\r\n";
}

bool goes_round(bool has_via, const Headers& fields, std::string_view via) noexcept {
  if (!has_via || via.empty()) return false;
  std::size_t count = 0;
  for (const Header& field : fields) {
    if (!is(field.name, "via")) continue;
    syntax::each_element(field.value, [&](std::string_view entry) {  // 1.1 NAME (comment)
      entry = syntax::trim(entry.substr(std::min(entry.find_first_of(" \t"), entry.size())));
      if (is(entry.substr(0, entry.find_first_of(" \t(")), via)) ++count;
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
  add_field(head, "Host", authority);
  if (!request.proxy->authorization.empty()) add_field(head, "Proxy-Authorization", request.proxy->authorization);
  head += "\r\n";
  return head;
}

}  // namespace myelin::http
