// What all endpoints share: linking, switching, their `<property>` children.

#include "engine/ports/endpoint.hpp"

#include <algorithm>
#include <array>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/message/field_value.hpp"
#include "engine/ports/state.hpp"

namespace myelin {

namespace {

bool is_framing(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 3> kFraming{"Content-Length", "Transfer-Encoding", "Connection"};
  return std::any_of(kFraming.begin(), kFraming.end(), [name](auto known) { return text::iequals(name, known); });
}

}  // namespace

Result<void> set_header(Message& message, const std::string& name, std::string_view value, bool beside_others) {
  if (!text::is_token(name)) return Fault("'" + name + "' is no header name");                  // REL-081
  if (is_framing(name)) {
    log::warn("endpoint", "property " + name + " is ignored: the transport frames messages itself");
    return {};
  }
  if (!is_field_value(value)) return Fault("the value of header '" + name + "' holds a control character");  // REL-080
  if (beside_others) message.headers.add(message.copy(name), message.copy(value));
  else message.headers.set(message.copy(name), message.copy(value));
  return {};
}

namespace {

void set_axis2(Message& message, const std::string& name, Value value) {
  if (name == "REST_URL_POSTFIX") {  // kept as a member, not as a property
    message.postfix = message.copy(value.text());
    message.has_postfix = true;
    return;
  }
  message.axis2.set(name, std::move(value));
}

Result<void> set_property(Message& message, const EndpointProperty& property, Value value) {
  switch (property.scope) {
    case EndpointProperty::Scope::normal:
      message.properties.set(property.name, std::move(value));
      return {};
    case EndpointProperty::Scope::axis2:
      set_axis2(message, property.name, std::move(value));
      return {};
    case EndpointProperty::Scope::client:
      message.client.set(property.name, std::move(value));
      return {};
    case EndpointProperty::Scope::transport:
      return set_header(message, property.name, value.text(), false);
  }
  return {};
}

}  // namespace

Result<void> Endpoint::apply_properties(Message& message) const {
  for (const EndpointProperty& property : properties) {
    Value value(property.value);
    if (property.expression) {
      auto evaluated = property.expression->evaluate(message);
      if (!evaluated) return std::move(evaluated).fault();
      value = *std::move(evaluated);
      if (value.is_null()) continue;  // writing null changes nothing
    }
    Result<void> set = set_property(message, property, std::move(value));
    if (!set) return set;
  }
  return {};
}

void Endpoint::link(Linker& linker) {
  if (linker.states && !key.empty())
    condition_ = linker.states->get<Condition>("condition " + key + ' ' + std::string(identity()));
  if (!parent) linker.roots.push_back(this);
  do_link(linker);
  // The configured state holds until somebody changes it; then that lasts over redeploys.
  if (condition_->claim_initial() && initial != Switch::on) set_switch(initial);
}

void Endpoint::set_switch(Switch position) const {
  condition_->set_position(position);
  for (const auto& child : children()) child->set_switch(position);
}

Standing Endpoint::standing(TimePoint now) const {
  Standing all;
  const auto below = children();
  for (const auto& child : below) {
    const Standing one = child->standing(now);
    if (&child == &below.front()) all.state = one.state;
    if (one.state != all.state) all.state = "ACTIVE";
    all.suspensions += one.suspensions;
    all.timeouts += one.timeouts;
    for (std::size_t i = 0; i < all.recent_suspensions.size(); ++i) {
      all.recent_suspensions[i] += one.recent_suspensions[i];
      all.recent_timeouts[i] += one.recent_timeouts[i];
    }
    if (child == below.front() || one.until_retry < all.until_retry) all.until_retry = one.until_retry;
  }
  if (condition_->position() == Switch::off) all.state = "OFF";
  return all;
}

void Endpoint::reset_counters() const {
  condition_->reset_counters();
  for (const auto& child : children()) child->reset_counters();
}

const EndpointProperty* Endpoint::find_property(std::string_view wanted) const noexcept {
  for (const Endpoint* at = this; at; at = at->parent)
    for (const EndpointProperty& property : at->properties)
      if (property.name == wanted) return &property;
  return nullptr;
}

}  // namespace myelin
