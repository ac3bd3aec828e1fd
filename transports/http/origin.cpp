// Requests as messages.

#include "transports/http/origin.hpp"

#include <fmt/format.h>

#include <new>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/message/multipart.hpp"
#include "engine/ports/authority.hpp"
#include "transports/http/heads.hpp"

namespace myelin::http {

bool Origin::wrong_server_name(std::string_view host) const noexcept {
  if (!client_auth || server_name.empty()) return false;
  const auto authority = Authority::parse(host);
  return !authority || !text::iequals(authority->host, server_name);
}

void fill_message(Message& message, RequestHead& head, const Origin& origin, BodySource* body) {
  Incoming& incoming = message.incoming;
  incoming.method = head.method;
  incoming.target = head.origin;
  incoming.absolute = head.target.find("://") < head.target.find('/') ? head.target : std::string_view{};
  incoming.host = head.host;
  incoming.scheme = origin.tls ? "https" : "http";
  incoming.remote_address = origin.remote;
  incoming.local_address = origin.local;
  incoming.version = head.http10 ? "1.0" : "1.1";
  incoming.accepts_trailers = head.accepts_trailers && !head.http10;
  message.headers.swap(head.fields);
  message.client_kind = media_kind(head.content_type);
  if (message.client_kind == MediaKind::multipart) message.client_kind = multipart::root_kind(head.content_type);
  if (!body) return message.payload.reset();
  message.payload.receive(body, head.content_type);
  message.payload.set_content_encoding(head.content_encoding);
}

Refusal misdirected(const RequestHead& head, const Headers& fields, const Origin& origin, std::string_view via) noexcept {
  if (origin.wrong_server_name(head.host)) return Refusal{421, "wrong_server_name"};
  if (goes_round(head.has_via, fields, via)) return Refusal{508, "via_loop"};
  return Refusal{};
}

int failed_status(const Message& message) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return 503;
  } catch (const std::exception& error) {
    log::error("http", fmt::format("{} {}: {}", message.incoming.method, message.incoming.target, error.what()));
    return 500;
  }
}

}  // namespace myelin::http
