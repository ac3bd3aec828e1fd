#include "engine/runtime/exchange.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/runtime/cross_origin.hpp"

namespace myelin {

namespace {

bool is_sending(const Fault& fault) {
  return (fault.base_code >= 101000 && fault.base_code < 102600) || (fault.base_code >= 303000 && fault.base_code < 310000);
}

/// REST by method, or a POST that is not SOAP (server reference, 3.6): then the URL postfix applies.
bool is_rest(const Message& message) {
  if (message.incoming.method != "POST") return true;
  if (message.client_kind == MediaKind::soap12) return false;
  return message.client_kind != MediaKind::soap11 || !message.headers.find("SOAPAction");
}

/// An entity tag of these bytes, the same on every gateway.
std::string entity_tag(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  if (EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr) != 1) return {};
  constexpr std::size_t kKept = 16;
  return fmt::format("\"{:02x}\"", fmt::join(digest, digest + kKept, ""));
}

/// If-None-Match lists this tag, weakly compared (RFC 9110, 13.1.2).
bool lists_tag(std::string_view list, std::string_view tag) noexcept {
  const auto opaque = [](std::string_view text) {
    text = text::trim(text);
    return text.substr(0, 2) == "W/" ? text.substr(2) : text;
  };
  if (text::trim(list) == "*") return true;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (opaque(list.substr(0, comma)) == opaque(tag)) return true;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}

std::string sequence_not_found(std::string_view key) {
  return "Sequence named " + std::string(key) + " cannot be found";
}

}  // namespace

Exchange::Exchange(Engine& engine, Message& message, Client& client, std::shared_ptr<const Deployment> deployment,
                   std::shared_ptr<Branches> family)
    : engine_(engine),
      message_(message),
      client_(client),
      deployment_(std::move(deployment)),
      scratch_(engine.take_scratch()),
      family_(std::move(family)) {
  engine_.budget_.exchange_began();
  message_.artifacts = deployment_.get();
  message_.body_limit = engine.body_limit_;
}

Exchange::~Exchange() {
  release_backend();
  end_retry();
  if (branches_) branches_->leave();
  engine_.budget_.exchange_ended();
  message_.payload.reset();
  message_.deployment = std::move(deployment_);  // whoever reports this exchange still needs its names
  engine_.give_back(std::move(scratch_));
}

// --- flow -------------------------------------------------------------------------------------------

/// No coroutine itself: it hands on the task of what is to be done.
Task<void> Exchange::run() {
  if (!message_.headers.empty()) {
    const std::string_view method = message_.incoming.method;
    if (method == "GET" || method == "HEAD") if_none_match_ = message_.headers.get("If-None-Match").value_or(std::string_view{});
    if (deployment_->cross_origin) origin_ = message_.headers.get("Origin").value_or(std::string_view{});
    const char* begin = method.data();
    const std::string_view last = message_.headers.all().back().value;
    // The line's end belongs to it, so that an empty last value does too.
    if (last.data() > begin) message_.received = {begin, static_cast<std::size_t>(last.data() + last.size() + 1 - begin)};
  }
  engine_.identifier_.identify(message_);
  message_.rest = is_rest(message_);
  const Dispatch found = dispatch(*deployment_, message_);
  if (!found.service) {
    if (!found.handler) {
      if (found.reason)
        log::warn("http", fmt::format("refused a request of {}: {} {}", message_.incoming.remote_address, found.status, found.reason));
      return answer(found.status, found.allow, found.reason != nullptr);
    }
    message_.handlers.push_back(deployment_->fault);
    return drive(found.handler->run(message_));
  }
  if (found.service->kind == Service::Kind::proxy) {
    auto document = proxy_document(*deployment_, static_cast<const Proxy&>(*found.service), message_.incoming);
    if (document) return answer_document(*std::move(document));
  }
  return drive(enter(*found.service));
}

Task<void> Exchange::continue_with(Pending pending) {
  service_ = static_cast<const Service*>(message_.service);
  message_.handlers = pending.handlers;
  inherits_ = family_ != nullptr;
  const bool waits = pending.kind == Pending::Kind::call || pending.kind == Pending::Kind::load ||
                     pending.kind == Pending::Kind::work;
  message_.pending = std::move(pending);
  co_await drive(waits ? Flow::suspend : Flow::stop);
}

Flow Exchange::fail_with(Fault fault) {
  message_.fault = std::move(fault);
  return Flow::fault;
}

Flow Exchange::enter(const Service& service) {
  service_ = &service;
  message_.service = &service;
  if (deployment_->pre_mediate) {
    const Flow flow = deployment_->pre_mediate->run(message_);
    if (flow != Flow::next) return flow;
  }
  message_.handlers.push_back(service.fault ? service.fault : deployment_->fault);
  return run_request_flow();
}

Flow Exchange::run_request_flow() {
  if (service_->in) return service_->in->run(message_);
  if (!service_->in_key.empty()) return fail_with(Fault(sequence_not_found(service_->in_key)));
  return Flow::next;
}

/// The answer of a `send`: the receive sequence, the service's out flow, or straight to the client
/// (MED 1.6).
Flow Exchange::run_response_flow(const std::string& receive) {
  message_.handlers.clear();
  message_.frames.clear();
  message_.handlers.push_back(service_ && service_->fault ? service_->fault : deployment_->fault);
  if (!receive.empty()) {
    const Mediator* sequence = deployment_->sequence(receive);
    if (sequence) return sequence->run(message_);
    log::warn("flow", message_.log_prefix() + "receive sequence '" + receive + "' does not exist");
    return Flow::stop;
  }
  if (deployment_->pre_mediate) {
    const Flow flow = deployment_->pre_mediate->run(message_);
    if (flow != Flow::next) return flow;
  }
  if (!service_ || service_->kind == Service::Kind::main) return deployment_->main.in->run(message_);
  if (service_->out) return service_->out->run(message_);
  if (!service_->out_key.empty()) return fail_with(Fault(sequence_not_found(service_->out_key)));
  message_.pending.kind = Pending::Kind::reply;
  return Flow::stop;
}

/// Runs until the exchange is answered. `flow` is how the last part of the flow ended.
Task<void> Exchange::drive(Flow flow) {
  for (;;) {
    for (std::size_t i = 0; i < message_.spawned.size(); ++i) {
      Result<void> room = engine_.room_for_flow();
      if (!room) {
        flow = fail_with(std::move(room).fault());
        break;
      }
      engine_.spawn(std::move(message_.spawned[i]), std::move(message_.spawned_pending[i]), deployment_);
    }
    message_.spawned.clear();
    message_.spawned_pending.clear();

    if (flow == Flow::fault) {
      // What is wrong with a backend's answer is not the client's mistake.
      if (message_.status != 0 && message_.fault.status >= 400 && message_.fault.status < 500) message_.fault.status = 502;
      const std::optional<Flow> handled = abandoned_ ? std::nullopt : handle_fault();
      if (!handled) {
        co_await finish_without_answer(true);
        co_return;
      }
      flow = *handled;
      continue;
    }
    if (flow == Flow::suspend) {
      flow = co_await wait();
      continue;
    }
    Pending& pending = take_pending();
    switch (pending.kind) {
      case Pending::Kind::send:
        flow = co_await send(pending);
        continue;
      case Pending::Kind::out:
        message_.frames.clear();
        flow = run_response_flow({});
        continue;
      case Pending::Kind::reply:
        flow = co_await reply();
        if (flow == Flow::fault) continue;
        co_return;
      default: break;
    }
    // A request flow that ran through goes on to the service's own endpoint (MED-020).
    if (flow == Flow::next && service_ && service_->has_endpoint() && !message_.response && !last_fault_) {
      if (!service_->endpoint) {
        flow = fail_with(Fault(code::kUnresolved, "endpoint '" + service_->endpoint_key + "' cannot be found"));
        continue;
      }
      message_.pending.kind = Pending::Kind::send;
      message_.pending.endpoint = service_->endpoint;
      message_.pending.handlers = message_.handlers;
      flow = Flow::stop;
      continue;
    }
    co_await finish_without_answer(false);
    co_return;
  }
}

/// What the flow asked for; valid until the next call.
Pending& Exchange::take_pending() {
  Pending& taken = scratch_->pending;
  taken.clear();
  taken.take(message_.pending);
  return taken;
}

void Exchange::absorb_frames() {
  for (auto frame = message_.unwinding.rbegin(); frame != message_.unwinding.rend(); ++frame)
    message_.frames.push_back(*frame);
  message_.unwinding.clear();
}

/// Does what a suspended flow waits for and resumes it.
Task<Flow> Exchange::wait() {
  absorb_frames();
  Pending& pending = take_pending();
  Result<void> done;
  switch (pending.kind) {
    case Pending::Kind::load: done = co_await message_.payload.load(message_.body_limit); break;
    case Pending::Kind::work: done = co_await pending.work->run(message_, engine_.sender_); break;
    case Pending::Kind::call: {
      const Flow flow = co_await send(pending);
      if (flow != Flow::next) co_return flow;
      co_return resume();
    }
    default: break;
  }
  if (!done) co_return fail_with(std::move(done).fault());
  co_return resume();
}

Flow Exchange::resume() {
  while (!message_.frames.empty()) {
    const Frame frame = message_.frames.back();
    message_.frames.pop_back();
    if (message_.handlers.size() > frame.handlers) message_.handlers.resize(frame.handlers);
    message_.depth = frame.depth;
    const Flow flow = frame.owner->resume(message_, frame.position);
    if (flow == Flow::next) continue;
    if (flow != Flow::suspend) message_.frames.clear();
    return flow;
  }
  return Flow::next;
}

void Exchange::set_error_properties(const Fault& fault) {
  Properties& properties = message_.properties;
  const Value* known = properties.find("ERROR_CODE");
  if (fault.code == code::kException && known && !known->is_null()) return;  // MED-015
  properties.set("ERROR_CODE", fault.code);
  properties.set("ERROR_MESSAGE", std::string(std::string_view(fault.message).substr(0, fault.message.find('\n'))));
  properties.set("ERROR_DETAIL", fault.detail.empty() ? fault.message : fault.detail);
  properties.set("ERROR_EXCEPTION", fault.message);
  if (fault.base_code != code::kException) properties.set("BASE_ERROR_CODE", fault.base_code);
}

std::optional<Flow> Exchange::handle_fault() {
  message_.frames.clear();
  message_.frames_done();
  engine_.counters_.faults.fetch_add(1, std::memory_order_relaxed);
  if (!last_fault_) last_fault_ = message_.fault;
  if (message_.handlers.empty()) {
    log::warn("flow", message_.log_prefix() + "no fault handler is left: " + message_.fault.message);
    return std::nullopt;
  }
  set_error_properties(message_.fault);
  // WSO2: what goes wrong while an answer is mediated is the server's fault, unless the handler says else.
  const bool in_answer = message_.status != 0 && !is_sending(message_.fault) && message_.fault.code != code::kForcedSoapFault;
  if (in_answer && !deployment_->apache_dialect()) message_.axis2.set("HTTP_SC", 500);
  message_.depth = 0;
  const Mediator* handler = message_.handlers.back();
  message_.handlers.pop_back();
  const Flow flow = handler->run(message_);
  return flow == Flow::next ? Flow::stop : flow;
}

// --- answering --------------------------------------------------------------------------------------

int Exchange::status_of(const Fault& fault) const noexcept {
  if (fault.status != 0) return fault.status;
  if (fault.base_code == code::kTimeout) return 504;
  if (fault.base_code == code::kNoneReady || fault.base_code == code::kEndpointNotReady) return 503;
  if (is_sending(fault)) return 502;
  return 500;
}

Task<void> Exchange::answer(int status, std::string_view allow, bool close) {
  Headers headers;
  if (status == 200 && !allow.empty() && !message_.api.empty()) {  // to OPTIONS
    const CrossOrigin sharing(*deployment_, origin_);
    if (sharing.refused()) status = 403;
    else sharing.write(allow, headers);
  }
  if (!allow.empty() && status != 403) headers.add("Allow", allow);
  Reply reply;
  reply.status = status;
  reply.headers = &headers;
  reply.close = close;
  co_await client_.reply(reply);
}

Task<void> Exchange::answer_document(Document document) {
  const Reply reply = Reply::document(document.status, document.content_type, document.body);
  co_await client_.reply(reply);
}

/// The flow is over and nobody answered: 202, or what fits the fault. The client never hangs.
Task<void> Exchange::finish_without_answer(bool faulted) {
  if (client_.answered()) co_return;
  int status = 202;
  if (faulted) {
    status = status_of(message_.fault);
  } else if (last_fault_ && (last_fault_->status != 0 || is_sending(*last_fault_))) {
    status = status_of(*last_fault_);
  }
  if (family_) {
    family_->end_without_answer(status);
    co_return;
  }
  co_await answer(status);
}

/// A request that is answered as it is carries the client's own headers, and so does what a call left in
/// place; those stay here, only what mediators and back ends set goes out.
void Exchange::drop_received_request_headers() {
  const std::string_view received = message_.received;
  const auto from_client = [received](const Header& field) {
    return field.value.data() >= received.data() && field.value.data() < received.data() + received.size();
  };
  if (std::none_of(message_.headers.begin(), message_.headers.end(), from_client)) return;
  Headers kept;
  for (const Header& field : message_.headers)
    if (!from_client(field)) kept.add(field.name, field.value);
  message_.headers.swap(kept);
}

int Exchange::reply_status(bool has_fault_body) const {
  if (message_.axis2.truth("SC_ACCEPTED")) return 202;
  if (const Value* set = message_.axis2.find("HTTP_SC"); set && !set->is_null()) {
    const auto number = text::parse_int(text::trim(set->text()));
    if (number) return *number >= 200 && *number <= 599 ? *number : 500;  // REL-082
    log::warn("flow", message_.log_prefix() + "HTTP_SC is no number: " + set->text());
    return 200;
  }
  if (has_fault_body && (message_.status == 0 || message_.payload.edited()))
    return text::iequals(message_.properties.text("FAULTS_AS_HTTP_200"), "true") ||
                   text::iequals(message_.axis2.text("FAULTS_AS_HTTP_200"), "true")
               ? 200
               : 500;
  if (message_.status != 0) return message_.status;
  return 200;
}

void Exchange::share_across_origins() {
  const std::string methods = fmt::format("{}", fmt::join(static_cast<const Resource*>(service_)->methods, ", "));
  CrossOrigin(*deployment_, origin_).write(methods.empty() ? kDefaultMethods : message_.copy(methods), message_.headers);
}

/// The answer to GET or HEAD is the one that the client says it has.
bool Exchange::client_has(const Reply& reply) const noexcept {
  if (if_none_match_.empty() || reply.status != 200) return false;
  const auto tag = reply.headers->get("ETag");
  return tag && lists_tag(if_none_match_, *tag);
}

Task<Flow> Exchange::reply() {
  if (client_.answered()) {
    // Of several recipients all but one answer in vain.
    log::write(family_ ? log::Severity::debug : log::Severity::warning, "flow",
               message_.log_prefix() + "a second answer to one request was suppressed");
    co_return Flow::stop;
  }
  if (reply_needs_beginning(message_)) {
    const BodySource::Status begun = co_await message_.payload.source()->fill();
    if (begun == BodySource::Status::failed) co_return fail_with(message_.payload.source()->fault());
  }
  if (!message_.payload.loaded() && reply_needs_body(message_)) {
    Result<void> loaded = co_await message_.payload.load(message_.body_limit);
    if (!loaded) co_return fail_with(std::move(loaded).fault());
  }
  bool fault_body = false;
  if (message_.payload.built()) {
    const Result<const tree::Document*> envelope = message_.payload.envelope();
    fault_body = envelope && Payload::has_fault(**envelope);
  }
  const Result<OutgoingBody> body = format_reply(message_);
  if (!body) co_return fail_with(body.fault());
  drop_received_request_headers();
  if (body->has_body && !body->stream && message_.axis2.truth("HTTP_ETAG"))
    message_.headers.set("ETag", message_.copy(entity_tag(body->bytes)));
  if (deployment_->cross_origin && service_ && service_->kind == Service::Kind::api) share_across_origins();
  Reply reply;
  reply.endpoint = message_.endpoint;
  reply.backend = message_.backend;
  reply.status = reply_status(fault_body);
  const std::string reason = message_.axis2.text("HTTP_SC_DESC");
  reply.reason = !reason.empty() ? std::string_view(reason)
                 : reply.status == message_.status ? message_.reason
                                                   : std::string_view{};
  reply.headers = &message_.headers;
  reply.content_type = body->content_type;
  reply.drop_content_type = body->drop_content_type;
  reply.has_body = body->has_body;
  reply.bytes = body->bytes;
  reply.stream = body->stream;
  reply.close = message_.axis2.truth("NO_KEEPALIVE");
  if (client_has(reply)) {
    reply.status = 304;
    reply.reason = {};
    reply.has_body = false;
    reply.bytes = {};
    reply.stream = nullptr;
  } else if (message_.incoming.method == "HEAD" && message_.status != 0) {
    const auto length = message_.headers.get("Content-Length");
    if (length) reply.head_length = text::parse_long(*length).value_or(-1);
  }
  co_await client_.reply(reply);
  co_return Flow::stop;
}

}  // namespace myelin
