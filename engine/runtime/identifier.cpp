#include "engine/runtime/identifier.hpp"

#include <utility>

#include "engine/base/text.hpp"

namespace myelin {

namespace {

/// A text of `digits` random hex digits, not all zero, in the message's arena.
std::string_view new_id(Message& message, std::size_t digits) {
  char* at = message.arena.allocate(digits);
  text::random_hex(at, digits);
  return {at, digits};
}

/// Of what a span of ours says: sampled, random; other bits have no meaning yet and must not be handed on.
std::string_view known_flags(std::string_view flags) noexcept {
  static constexpr std::string_view kKnown[] = {"00", "01", "02", "03"};
  const char low = flags[1];
  const int digit = low <= '9' ? low - '0' : low - 'a' + 10;
  return kKnown[digit & 3];
}

}  // namespace

void Identifier::read(const Settings& settings) {
  header_ = settings.get("request_id.header");
  const std::string_view trust = settings.get("request_id.trust");
  trusted_ = Networks::parse(trust.empty() ? Networks::kPrivate : trust).value_or(Networks());
  own_span_ = settings.get("trace.context") == "create";
}

void Identifier::identify(Message& message) const {
  if (!header_.empty()) take_request_id(message);
  take_trace(message);
}

void Identifier::take_request_id(Message& message) const {
  Identity& identity = message.identity;
  const Header* given = message.headers.find(header_);
  const bool taken = given && valid_request_id(given->value) && trusted_.contain(message.incoming.remote_address);
  identity.request_id = taken ? given->value : new_id(message, 32);
  identity.request_id_header = header_;
  message.headers.set(header_, identity.request_id);
}

/// What was received stays at hand: a `call` replaces the headers by its answer's.
void Identifier::take_trace(Message& message) const {
  Identity& identity = message.identity;
  bool given = false, twice = false;
  for (const Header& field : message.headers) {
    if (field.name.size() == 11 && text::iequals(field.name, "traceparent")) {
      twice = std::exchange(given, true);
      identity.trace_parent = field.value;
    } else if (field.name.size() == 10 && text::iequals(field.name, "tracestate")) {
      const std::string_view before = identity.trace_state;
      identity.trace_state = before.empty() ? field.value : message.arena.join(before, std::string_view(","), field.value);
    }
  }
  if (identity.trace_parent.empty() && !own_span_) return;
  const auto parent = twice ? std::nullopt : TraceParent::parse(identity.trace_parent);
  if (parent) {
    identity.trace_id = parent->trace_id;
    identity.trace_flags = own_span_ ? known_flags(parent->flags) : parent->flags;
  }
  if (!own_span_) return;
  identity.own_span = true;
  if (parent) return;
  identity.trace_id = new_id(message, 32);
  identity.trace_flags = "01";
  identity.trace_state = {};
}

}  // namespace myelin
