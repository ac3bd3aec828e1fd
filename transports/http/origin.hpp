#pragma once
// Where requests come from, and how a validated head becomes a message: the same for all versions of
// HTTP.

#include <string_view>

#include "engine/message/message.hpp"
#include "transports/http/codec.hpp"

namespace myelin::http {

/// The connection a request came by. Views of its owner's texts.
struct Origin {
  std::string_view remote;       ///< address, without port
  std::string_view local;        ///< "address:port" of the listening side
  bool tls = false;
  bool client_auth = false;      ///< the listener asks clients for certificates
  std::string_view server_name;  ///< that the handshake asked for, or empty

  /// REL-114: where clients show certificates, the handshake must have been for this host.
  bool wrong_server_name(std::string_view host) const noexcept;
};

/// Makes the message what `head` says; `body` null: none follows. The head's texts must be the
/// message's own; its fields are taken.
void fill_message(Message& message, RequestHead& head, const Origin& origin, BodySource* body);

/// A valid request that is not for us: for another host than the handshake (REL-114), or one that goes round
/// (REL-026). Status 0: it is for us.
Refusal misdirected(const RequestHead& head, const Headers& fields, const Origin& origin, std::string_view via) noexcept;

/// Within a catch: the status to answer with where serving the message failed so (REL-005, REL-133).
int failed_status(const Message& message);

}  // namespace myelin::http
