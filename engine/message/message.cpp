#include "engine/message/message.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/message/soap.hpp"

namespace myelin {

// A connection that waits for its next request does not hold on to a big answer's memory (REL-131).
constexpr std::size_t kKeptCapacity = 4096;

Message::Message() = default;
Message::~Message() = default;

void Message::reset() noexcept {
  begin_response();
  incoming = Incoming{};
  received = {};
  properties.clear();
  operation.clear();
  variables.clear();
  functions.clear();
  response = rest = unwrapped = false;
  status = 0;
  reason = {};
  client_kind = MediaKind::none;
  artifacts = nullptr;
  proxy = api = api_context = resource = sub_path = postfix = endpoint = backend = {};
  identity = Identity{};
  service = nullptr;
  deployment.reset();
  handlers.clear();
  frames.clear();
  if (!fault.blank()) fault = Fault{};
  spawned.clear();
  spawned_pending.clear();
  kept.clear();
  depth = 0;
  body_limit = std::size_t{64} << 20;
  formatted.clear();
  if (formatted.capacity() > kKeptCapacity) formatted.shrink_to_fit();
  arena.reset();
}

void Message::forget_addressing() noexcept {
  addressing_ = Addressing{};
  addressing_told_ = Addressing{};
  addressing_state_ = AddressingState::unread;
}

bool Message::is_response() const {
  const Value* property = properties.find("RESPONSE");
  if (!property || !property->is_string()) return response;
  return text::iequals(*property->as<std::string>(), "true");
}

std::string Message::log_prefix() const {
  std::string prefix;
  if (!identity.request_id.empty()) prefix = fmt::format("[{}] ", identity.request_id);
  if (!proxy.empty()) return prefix + fmt::format("{{proxy:{}}} ", proxy);
  if (!api.empty()) return prefix + fmt::format("{{api:{}}} ", api);
  return prefix;
}

// --- addressing ----------------------------------------------------------------------------------

namespace {

std::string_view unquoted(std::string_view text) noexcept {
  text = text::trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

/// False when the body certainly has no WS-Addressing header, so that it need not be parsed for
/// one. UTF-16 hides the name behind NUL bytes.
bool may_have_addressing(std::string_view bytes) noexcept {
  return bytes.find("/addressing") != std::string_view::npos ||
         bytes.substr(0, 4).find('\0') != std::string_view::npos;
}

constexpr std::array kAddressingValues{&Addressing::to,         &Addressing::from,       &Addressing::reply_to,
                                       &Addressing::fault_to,   &Addressing::relates_to, &Addressing::message_id,
                                       &Addressing::action,     &Addressing::soap_action};

}  // namespace

void Message::read_transport_addressing() {
  const bool answer = response && status != 0;
  addressing_.to = answer                       ? soap::kAnonymous
                   : incoming.absolute.empty() ? incoming.target
                                               : incoming.absolute;
  if (const auto header = headers.get("SOAPAction")) addressing_.soap_action = unquoted(*header);
  else addressing_.soap_action = media_parameter(headers.get("Content-Type").value_or(""), "action");
  addressing_.action = addressing_.soap_action;
  addressing_.message_id = text::new_message_id();
  addressing_told_ = addressing_;
  addressing_state_ = AddressingState::transport;
}

void Message::read_soap_addressing() {
  addressing_state_ = AddressingState::complete;
  const bool soap = payload.kind() == MediaKind::soap11 || payload.kind() == MediaKind::soap12;
  if (!soap || !payload.loaded()) return;
  if (!payload.built()) {
    const auto content = payload.content();
    if (!content || !may_have_addressing(*content)) return;
  }
  // An envelope that cannot be parsed is reported to whoever needs it, not here.
  const auto envelope = payload.envelope();
  if (!envelope) return;
  Addressing read = addressing_told_;
  soap::read_addressing(**envelope, read);
  for (const auto value : kAddressingValues)
    if (addressing_.*value == addressing_told_.*value) addressing_.*value = std::move(read.*value);
}

Addressing& Message::addressing() {
  if (addressing_state_ == AddressingState::unread) read_transport_addressing();
  if (addressing_state_ == AddressingState::transport && payload.loaded()) read_soap_addressing();
  return addressing_;
}

// --- properties the engine knows -------------------------------------------------------------------

namespace {

Value text_or_null(std::string_view text) { return text.empty() ? Value() : Value(text); }

Value api_property(const Message& message, std::string_view name) {
  if (message.api.empty()) return {};
  const std::size_t version = message.api.find(":v");
  if (name == "REST_FULL_REQUEST_PATH") return message.incoming.target;
  if (name == "REST_SUB_REQUEST_PATH") return message.sub_path.empty() ? std::string_view("/") : message.sub_path;
  if (name == "REST_API_CONTEXT") return message.api_context;
  if (name == "REST_METHOD") return message.incoming.method;
  if (name == "REST_URL_PREFIX") return fmt::format("{}://{}", message.incoming.scheme, message.incoming.host);
  if (name == "SYNAPSE_REST_API") return message.api;
  if (name == "SYNAPSE_REST_API_VERSION")
    return version == std::string_view::npos ? std::string_view() : message.api.substr(version + 2);
  if (name == "SYNAPSE_RESOURCE" || name == "rest.url.pattern" || name == "SELECTED_RESOURCE" || name == "RESOURCE_PATH")
    return text_or_null(message.resource);
  if (name == "ARTIFACT_NAME") return fmt::format("api{}", message.api);
  return {};
}

}  // namespace

Value Message::property(std::string_view name) const {
  if (const Value* found = properties.find(name)) return *found;
  if (name == "TRANSPORT_IN_NAME" || name == "IN_TRANSPORT") return text_or_null(incoming.scheme);
  if (name == "IsClientDoingREST") return client_is_rest();
  if (name == "IsClientDoingSOAP11") return client_is_soap11();
  if (!proxy.empty() && name == "proxy.name") return proxy;
  if (!proxy.empty() && name == "ARTIFACT_NAME") return fmt::format("proxy{}", proxy);
  return api_property(*this, name);
}

namespace {

Value answer_property(const Message& message, std::string_view name) {
  if (message.status == 0) return {};
  if (name == "HTTP_SC" || name == "ORIGINAL_STATUS_CODE") return message.status;
  if (name == "HTTP_SC_DESC" || name == "HTTP_REASON_PHRASE") return text_or_null(message.reason);
  if (name == "FAULT_MESSAGE" && message.status >= 400) return "TRUE";
  if (name == "HTTP_202_RECEIVED" && message.status == 202) return "true";
  return {};
}

Value body_property(const Message& message, std::string_view name) {
  const Payload& payload = message.payload;
  const std::string_view sent = message.headers.get("Content-Type").value_or("");
  const std::string_view type = payload.received() && !sent.empty() ? sent : std::string_view(payload.content_type());
  if (name == "ContentType") return text_or_null(type);
  if (name == "messageType") return text_or_null(media_type(type));
  if (name == "NO_ENTITY_BODY") return payload.empty() ? Value(true) : Value();
  if (name == "CHARACTER_SET_ENCODING") {
    const std::string_view charset = media_parameter(type, "charset");
    return charset.empty() ? std::string_view("UTF-8") : charset;
  }
  if (name == "message.builder.invoked") return payload.built() ? Value(true) : Value();
  return {};
}

}  // namespace

Value Message::axis2_property(std::string_view name) const {
  if (const Value* found = axis2.find(name)) return *found;
  if (name == "HTTP_METHOD") return text_or_null(incoming.method);
  if (name == "REST_URL_POSTFIX") return has_postfix ? Value(postfix) : Value();
  if (name == "REMOTE_ADDR" || name == "REMOTE_HOST") return text_or_null(incoming.remote_address);
  if (name == "TransportInURL") return text_or_null(incoming.target);
  if (name == "SERVICE_PREFIX" && !incoming.host.empty()) return fmt::format("{}://{}/", incoming.scheme, incoming.host);
  if (Value answer = answer_property(*this, name); !answer.is_null()) return answer;
  return body_property(*this, name);
}

// --- clones ------------------------------------------------------------------------------------------

namespace {

/// Nodes of the message's own envelope become the same nodes of the copy's envelope.
void copy_values(const Properties& from, Properties& to, Payload& payload) {
  for (const auto& [name, value] : from) {
    const Nodes* nodes = value.as<Nodes>();
    if (!nodes || nodes->owner) {
      to.set(name, value);
      continue;
    }
    const auto envelope = payload.envelope();
    if (!envelope) continue;
    Nodes own = *nodes;
    for (tree::NodeRef& item : own.items) item.document = *envelope;
    to.set(name, std::move(own));
  }
}

}  // namespace

namespace {

/// What came from the client stands together again, so that the copy can tell it from what was set.
void copy_headers(const Message& from, Message& to) {
  const auto is_received = [&from](const Header& field) {
    return field.value.data() >= from.received.data() && field.value.data() < from.received.data() + from.received.size();
  };
  std::size_t size = 0;
  for (const Header& field : from.headers)
    if (is_received(field)) size += field.value.size() + 1;  // empty values have a place too
  char* at = to.arena.allocate(size);
  to.received = {at, size};
  for (const Header& field : from.headers) {
    const std::string_view name = to.copy(field.name);
    if (!is_received(field)) {
      to.headers.add(name, to.copy(field.value));
      continue;
    }
    std::copy(field.value.begin(), field.value.end(), at);
    to.headers.add(name, {at, field.value.size()});
    at += field.value.size() + 1;
  }
}

}  // namespace

std::unique_ptr<Message> Message::clone() {
  auto made = std::make_unique<Message>();
  Message& copy = *made;
  copy.incoming = incoming;
  for (std::string_view* text : {&copy.incoming.method, &copy.incoming.target, &copy.incoming.absolute,
                                 &copy.incoming.host, &copy.incoming.scheme, &copy.incoming.remote_address, &copy.incoming.local_address})
    *text = copy.copy(*text);
  copy_headers(*this, copy);
  copy.payload = payload.clone();
  if (const std::string_view encoding = payload.content_encoding(); !encoding.empty()) {
    const Header* field = headers.find("Content-Encoding");
    const bool same = field && field->value.data() == encoding.data();
    copy.payload.set_content_encoding(same ? *copy.headers.get("Content-Encoding") : copy.copy(encoding));
  }
  copy_values(properties, copy.properties, copy.payload);
  copy_values(axis2, copy.axis2, copy.payload);
  copy_values(client, copy.client, copy.payload);
  copy_values(operation, copy.operation, copy.payload);
  copy_values(variables, copy.variables, copy.payload);
  for (const FunctionFrame& frame : functions) {
    copy.functions.emplace_back();
    copy_values(frame.parameters, copy.functions.back().parameters, copy.payload);
  }
  copy.response = response;
  copy.status = status;
  copy.reason = copy.copy(reason);
  copy.client_kind = client_kind;
  copy.unwrapped = unwrapped;
  copy.rest = rest;
  copy.artifacts = artifacts;
  copy.proxy = copy.copy(proxy);
  copy.api = copy.copy(api);
  copy.api_context = copy.copy(api_context);
  copy.resource = copy.copy(resource);
  copy.sub_path = copy.copy(sub_path);
  copy.postfix = copy.copy(postfix);
  copy.has_postfix = has_postfix;
  copy.identity = identity;
  for (std::string_view* text : {&copy.identity.request_id, &copy.identity.request_id_header, &copy.identity.trace_id,
                                 &copy.identity.trace_flags, &copy.identity.trace_parent, &copy.identity.trace_state})
    *text = copy.copy(*text);
  copy.service = service;
  copy.handlers = handlers;
  copy.fault = fault;
  copy.depth = depth;
  copy.body_limit = body_limit;
  copy.addressing_ = addressing();
  copy.addressing_.message_id = text::new_message_id();
  copy.addressing_told_ = copy.addressing_;
  copy.addressing_state_ = addressing_state_;
  return made;
}

}  // namespace myelin
