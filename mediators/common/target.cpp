#include "mediators/common/target.hpp"

#include "engine/flow/artifacts.hpp"
#include "engine/flow/list.hpp"
#include "mediators/common/handover.hpp"

namespace myelin::mediators {

std::unique_ptr<Target> Target::read(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  auto target = std::make_unique<Target>();
  target->where_ = element.where;
  target->to_ = bind.text("to").value_or("");
  target->soap_action_ = bind.text("soapAction").value_or("");
  target->endpoint_key_ = bind.text("endpoint").value_or("");
  bool usable = true;
  if (const xml::Attribute* key = bind.attribute("sequence")) usable &= target->key_.read(key, element, build);
  if (const xml::Element* sequence = bind.child("sequence")) {
    if (const xml::Attribute* key = sequence->attribute("key")) {
      usable &= target->key_.read(key, *sequence, build);
    } else {
      target->sequence_ = build.list(*sequence);
    }
  }
  if (const xml::Element* endpoint = bind.child("endpoint")) target->endpoint_ = build.endpoint(*endpoint);
  bind.finish();
  return usable ? std::move(target) : nullptr;
}

void Target::link(Linker& linker) {
  key_.link(linker);
  if (sequence_) sequence_->link(linker);
  if (endpoint_) endpoint_->link(linker);
  if (!endpoint_key_.empty()) linked_endpoint_ = linker.endpoint(endpoint_key_, where_);
}

Flow Target::run(Message& message) const {
  if (!to_.empty()) message.addressing().to = to_;
  if (!soap_action_.empty()) message.addressing().action = message.addressing().soap_action = soap_action_;
  if (sequence_) return sequence_->run(message);
  if (!key_.empty()) return key_.run(message);
  const Endpoint* endpoint = endpoint_ ? endpoint_.get() : linked_endpoint_;
  if (!endpoint && !endpoint_key_.empty() && message.artifacts) endpoint = message.artifacts->endpoint(endpoint_key_);
  if (endpoint) return hand_over(message, Wish{Pending::Kind::send, endpoint}, *this, Flow::next);
  if (endpoint_key_.empty()) return Flow::next;
  return fail(message, Fault(code::kUnresolved, "endpoint '" + endpoint_key_ + "' cannot be found"));
}

}  // namespace myelin::mediators
