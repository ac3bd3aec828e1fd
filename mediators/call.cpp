// <call blocking="false"><endpoint .../>?
//   <source type="custom|envelope|body|property|inline" contentType="t"?>expression | name | content</source>?
//   <target type="property|body|variable">name</target>?
// </call>
// Sends the message and goes on with the answer at the next mediator. `source` is sent instead of the
// body; with `target` the answer is stored and, when there is a source too, the original body, headers
// and content type come back. A blocking call also tells its outcome in blocking.sender.error.

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"
#include "mediators/common/content.hpp"
#include "mediators/common/handover.hpp"
#include "mediators/common/inline_text.hpp"

namespace myelin::mediators {
namespace {

constexpr int kBlockingFailed = 401002;

/// Positions to go on at.
constexpr std::uint32_t kSend = 0;    // an earlier send of this flow is on its way: now this call
constexpr std::uint32_t kAnswer = 1;  // the answer is here

enum class SourceType { custom, envelope, body, property, content };
enum class TargetType { body, property, variable };

constexpr std::pair<std::string_view, SourceType> kSourceTypes[] = {{"custom", SourceType::custom},
                                                                    {"envelope", SourceType::envelope},
                                                                    {"body", SourceType::body},
                                                                    {"property", SourceType::property},
                                                                    {"inline", SourceType::content}};
constexpr std::pair<std::string_view, TargetType> kTargetTypes[] = {
    {"body", TargetType::body}, {"property", TargetType::property}, {"variable", TargetType::variable}};

struct CallSource {
  SourceType type = SourceType::custom;
  std::string content_type;
  std::string text;                                ///< property name or inline content
  std::optional<InlineText> filled;                ///< inline content with expressions in it
  std::unique_ptr<expr::Expression> expression;

  Result<void> apply(Message& message) const {
    if (type == SourceType::envelope || (type == SourceType::body && content_type.empty())) return {};
    const Result<Value> value = evaluate(message);
    if (!value) return value.fault();
    return set_body(message, *value, content_type);
  }

 private:
  Result<Value> evaluate(Message& message) const {
    switch (type) {
      case SourceType::custom: return expression->evaluate(message);
      case SourceType::property: return message.property(text);
      case SourceType::content: return filled ? fill(message) : Result<Value>(Value(text));
      default: return body_value(message);
    }
  }
  Result<Value> fill(Message& message) const {
    Result<std::string> made = filled->fill(message);
    return made ? Result<Value>(Value(*std::move(made))) : Result<Value>(std::move(made).fault());
  }
};

struct CallTarget {
  TargetType type = TargetType::body;
  std::string name;

  Result<void> store(Message& message) const {
    Result<Value> value = body_value(message);
    if (!value) return std::move(value).fault();
    (type == TargetType::property ? message.properties : message.variables).set(name, *std::move(value));
    return {};
  }
};

/// What comes back when the answer is here.
struct Request final : Kept {
  std::optional<Payload> body;
  Headers headers;
  Value message_type, content_type;

  std::unique_ptr<Kept> copy_for(Message& copy) const override {
    auto own = std::make_unique<Request>();
    if (body) own->body = body->clone();
    for (const Header& field : headers) own->headers.add(copy.copy(field.name), copy.copy(field.value));
    if (!message_type.is_null()) own->message_type = message_type.text();
    if (!content_type.is_null()) own->content_type = content_type.text();
    return own;
  }
};

/// On the fault stack while a blocking call is under way: tells that it failed and passes the fault on.
struct BlockingFailure final : Mediator {
  Flow run(Message& message) const override {
    message.properties.set("blocking.sender.error", "true");
    message.axis2.set("HTTP_SC", Value());
    message.fault.code = kBlockingFailed;
    return Flow::fault;
  }
};

struct Call final : Mediator {
  std::unique_ptr<Endpoint> endpoint;
  bool blocking = false;
  std::optional<CallSource> source;
  std::optional<CallTarget> target;
  BlockingFailure failure;

  Flow run(Message& message) const override {
    if (follows_up()) {
      auto request = keep(message);
      if (source) {
        Result<void> done = source->apply(message);
        if (!done) return fail(message, std::move(done).fault());
      }
      set_kept(message, std::move(request));
    }
    const Flow flow = hand_over(message, Wish{Pending::Kind::call, endpoint.get()}, *this, Flow::next);
    return flow == Flow::next ? wait(message) : flow;
  }

  Flow resume(Message& message, std::uint32_t position) const override {
    if (position == kSend) return wait(message);
    if (!message.payload.loaded() && !message.payload.try_load(message.body_limit)) {
      message.pending.kind = Pending::Kind::load;
      await(message, kAnswer);
      return Flow::suspend;
    }
    const std::unique_ptr<Kept> kept = take_kept(message);
    auto* request = static_cast<Request*>(kept.get());
    Result<void> done = follow_up(message, request);
    return done ? Flow::next : fail(message, std::move(done).fault());
  }

  Need need() const noexcept override { return follows_up() ? Need::body : Need::nothing; }
  void link(Linker& linker) override {
    if (endpoint) endpoint->link(linker);
  }

 private:
  bool stores() const noexcept { return target && target->type != TargetType::body; }
  bool restores() const noexcept { return source && stores(); }
  bool follows_up() const noexcept { return blocking || source || stores(); }

  std::unique_ptr<Kept> keep(Message& message) const {
    auto request = std::make_unique<Request>();
    if (restores()) request->body = message.payload.clone();
    request->headers = message.headers;
    request->message_type = message.axis2_property("messageType");
    request->content_type = message.axis2_property("ContentType");
    return request;
  }

  /// One entry per mediator: what an earlier, failed call left is replaced.
  void set_kept(Message& message, std::unique_ptr<Kept> state) const {
    take_kept(message);
    message.kept.emplace_back(this, std::move(state));
  }
  std::unique_ptr<Kept> take_kept(Message& message) const {
    std::unique_ptr<Kept> state;
    const auto found = std::find_if(message.kept.begin(), message.kept.end(),
                                    [this](const auto& entry) { return entry.first == this; });
    if (found == message.kept.end()) return state;
    state = std::move(found->second);
    message.kept.erase(found);
    return state;
  }

  void await(Message& message, std::uint32_t position) const {
    message.suspend_at(this, position);
  }

  Flow wait(Message& message) const {
    if (follows_up()) await(message, kAnswer);
    if (blocking) message.handlers.push_back(&failure);
    return Flow::suspend;
  }

  Result<void> follow_up(Message& message, Request* request) const {
    if (blocking) {
      Result<void> done = tell_outcome(message, request);
      if (!done) return done;
    }
    if (!stores()) return {};
    Result<void> done = target->store(message);
    if (done && restores() && request) restore(message, *request);
    return done;
  }

  /// A blocking call keeps the request's headers unless it is told not to.
  Result<void> tell_outcome(Message& message, Request* request) const {
    message.axis2.set("HTTP_SC", std::to_string(message.status));
    const bool faulted = answered_with_fault(message);
    message.properties.set("blocking.sender.error", faulted ? "true" : "false");
    if (faulted) return Fault(kBlockingFailed, "the service answered with a SOAP fault");
    if (!request || text::iequals(message.properties.text("BLOCKING_SENDER_PRESERVE_REQ_HEADERS"), "false")) return {};
    const std::optional<std::string_view> type = message.headers.get("Content-Type");
    message.headers = request->headers;
    message.headers.remove("Content-Type");
    if (type) message.headers.add("Content-Type", *type);
    return {};
  }

  static bool answered_with_fault(Message& message) {
    const MediaKind kind = message.payload.kind();
    if (kind != MediaKind::soap11 && kind != MediaKind::soap12) return false;
    const Result<const tree::Document*> envelope = message.payload.envelope();
    return envelope && Payload::has_fault(**envelope);
  }

  static void restore(Message& message, Request& request) {
    message.payload = *std::move(request.body);
    message.headers = request.headers;
    message.axis2.set("messageType", request.message_type);
    message.axis2.set("ContentType", request.content_type);
  }
};

std::optional<CallSource> read_source(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  CallSource source;
  source.type = bind.choice<SourceType>("type", kSourceTypes, SourceType::custom);
  source.content_type = bind.text("contentType").value_or("");
  source.text = text::trim(element.children().empty() ? element.text() : element.inner_xml());
  bind.finish();
  const bool needs_text = source.type != SourceType::envelope && source.type != SourceType::body;
  if (needs_text && source.text.empty()) {
    bind.error("<source> of <call> is empty", "an expression, a property name or the content");
    return std::nullopt;
  }
  bool usable = true;
  if (source.type == SourceType::content) source.filled = InlineText::read(source.text, element, build, usable);
  if (!usable) return std::nullopt;
  if (source.type == SourceType::custom) {
    const xml::Attribute text{"source", {}, {}, source.text, element.where};
    source.expression = build.expression(&text, element);
    if (!source.expression) return std::nullopt;
  }
  return source;
}

std::optional<CallTarget> read_target(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  CallTarget target;
  target.type = bind.choice<TargetType>("type", kTargetTypes, TargetType::body);
  target.name = text::trim(element.text());
  bind.finish();
  if (target.type != TargetType::body && target.name.empty()) {
    bind.error("<target> of <call> names nothing", "the name of a property or variable");
    return std::nullopt;
  }
  return target;
}

std::unique_ptr<Mediator> build_call(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace", "axis2xml", "repository"});
  auto call = std::make_unique<Call>();
  call->blocking = bind.is_true("blocking");
  bind.strict_bool("initAxis2ClientOptions");
  if (const xml::Element* endpoint = bind.child("endpoint")) call->endpoint = build.endpoint(*endpoint);
  bool usable = true;
  if (const xml::Element* source = bind.child("source"))
    usable &= (call->source = read_source(*source, build)).has_value();
  if (const xml::Element* target = bind.child("target"))
    usable &= (call->target = read_target(*target, build)).has_value();
  bind.finish();
  if (!usable) return nullptr;
  return call;
}

}  // namespace

MYELIN_MEDIATOR("call", build_call);
}  // namespace myelin::mediators
