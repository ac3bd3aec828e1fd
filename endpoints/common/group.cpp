#include "endpoints/common/group.hpp"

#include <algorithm>
#include <set>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

// --- children ---------------------------------------------------------------------------------------

std::vector<std::unique_ptr<Endpoint>> read_children(xml::Bind& bind, Build& build) {
  std::vector<std::unique_ptr<Endpoint>> children;
  std::set<std::string_view> keys;
  for (const xml::Element* child : bind.children("endpoint")) {
    const auto* key = child->attribute("key");
    if (key && !keys.insert(key->value).second)
      bind.error(key->where, "a second child with key " + xml::quote(key->value), "each key may stand once in a group");
    if (auto built = build.endpoint(*child)) children.push_back(std::move(built));
  }
  return children;
}

void warn_of_on_error(const xml::Element& endpoint, Build& build) {
  if (const auto* attribute = endpoint.attribute("onError"))
    build.problems.warning(attribute->where, "onError of a group is never run", "it is run on the endpoints inside");
}

bool read_build_message(xml::Bind& bind, Build& build) {
  const bool global = text::is_true(build.settings.setting("build.message.on.failover.enable"));
  return bind.is_true("buildMessage", global);
}

void Group::adopt(std::vector<std::unique_ptr<Endpoint>> children) {
  children_ = std::move(children);
  for (const auto& child : children_) child->parent = this;
}

std::vector<const Endpoint*> Group::children() const {
  std::vector<const Endpoint*> all;
  for (const auto& child : children_) all.push_back(child.get());
  return all;
}

void Group::link(Linker& linker) {
  need_ = own_need();
  for (const EndpointProperty& property : properties)
    if (property.expression) need_ = need_ | property.expression->need();
  for (const auto& child : children_) {
    child->link(linker);
    need_ = need_ | child->need();
  }
}

bool Group::ready(TimePoint now) const {
  return std::any_of(children_.begin(), children_.end(), [now](const auto& child) { return child->ready(now); });
}

bool Group::available(Delivery& delivery, std::size_t child, TimePoint now) const {
  return !step(delivery).tried[child] && children_[child]->ready(now);
}

Choice Group::enter(Delivery& delivery, Message& message, std::size_t child) const {
  step(delivery).child = static_cast<std::uint32_t>(child);
  const std::size_t level = delivery.depth;
  Choice choice = children_[child]->choose(delivery, message);
  if (choice.leaf) {
    delivery.leaf = choice.leaf;
    delivery.leaf_depth = delivery.depth;
  } else {
    delivery.path[level - 1].tried[child] = true;
  }
  return choice;
}

bool Group::may_fail_over(const Delivery& delivery, const Fault& fault) noexcept {
  const bool own_child = delivery.leaf && delivery.leaf_depth == delivery.depth;
  return !own_child || delivery.leaf->allows_failover(fault.code, fault.base_code);
}

Retry Group::retry_with(Choice next) {
  Retry retry;
  if (next.leaf) {
    retry.kind = Retry::Kind::leaf;
    retry.leaf = next.leaf;
  } else if (next.fault.code != code::kNoneReady) {
    retry.fault = std::move(next.fault);
  }
  return retry;
}

Fault Group::none_ready(Fault last) const {
  if (last.code != code::kException || !last.message.empty()) return last;
  return Fault(code::kNoneReady, std::string(kind()) + " endpoint" + (name.empty() ? "" : " " + xml::quote(name)) +
                                     " has no ready child endpoints");
}

// --- balancing --------------------------------------------------------------------------------------

struct Balancer::Instance final : State {
  explicit Instance(AlgorithmFactory factory) : algorithm(factory()) {}
  std::unique_ptr<Algorithm> algorithm;
  bool configured = false;
};

bool Balancer::read(xml::Bind& bind, Build& build) {
  states_ = &build.states;
  const auto* algorithm = bind.attribute("algorithm");
  const auto* policy = bind.attribute("policy");
  if (algorithm && policy) {  // EP-033
    bind.error(policy->where, "policy beside algorithm on <" + bind.element().name + ">", "one of the two is allowed");
    return false;
  }
  if (policy && text::trim(policy->value) != "roundRobin") {
    bind.error(policy->where, "policy is " + xml::quote(policy->value), "allowed: roundRobin");
    return false;
  }
  if (!algorithm) return true;
  name_ = text::trim(algorithm->value);
  if (Algorithms::instance().find(name_)) return true;
  const auto names = Algorithms::instance().names();  // EP-034
  bind.error(algorithm->where, "unknown algorithm " + xml::quote(name_), "allowed: " + text::one_of(names));
  return false;
}

/// The state key holds what the algorithm was configured with, so that a changed group starts anew
/// and one instance is never configured while another deployment uses it.
void Balancer::link(const Endpoint& group, const std::vector<std::unique_ptr<Endpoint>>& children, bool host_members,
                    Linker& linker) {
  std::vector<Member> members;
  std::string identity = "algorithm " + group.key + ' ' + name_;
  for (const auto& child : children) {
    const EndpointProperty* weight = child->find_property("loadbalance.weight");
    Member member;
    member.endpoint = host_members ? nullptr : child.get();
    if (weight) member.weight = text::parse_long(text::trim(weight->value)).value_or(0);
    if (weight && weight->expression) member.weight = 0;
    identity += ' ' + std::to_string(member.weight);
    members.push_back(member);
  }
  instance_ = states_->get<Instance>(identity, *Algorithms::instance().find(name_));
  if (instance_->configured) return;
  const std::string wrong = instance_->algorithm->configure(members, group);
  if (wrong.empty()) instance_->configured = true;
  else linker.problems.error(group.where, name_ + ": " + wrong);
}

std::optional<std::size_t> Balancer::pick(std::size_t members, const Readiness& ready,
                                          const Message& message) const noexcept {
  return instance_->algorithm->pick(members, ready, message);
}

}  // namespace myelin::endpoints
