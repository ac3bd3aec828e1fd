#include "endpoints/common/group.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "endpoints/common/attributes.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::pair<std::string_view, FailoverOn> kFailoverOn[] = {
    {"fault", FailoverOn::fault}, {"health", FailoverOn::health}, {"both", FailoverOn::both}};

/// Blocks of `<shared>`; what a leaf does not say itself it takes from here.
constexpr std::string_view kBlocks[] = {
    "timeout", "markForSuspension", "suspendOnFailure", "retryConfig", "failOn",       "retry",
    "limits",  "circuitBreaker",    "connection",       "headers",     "forwardProxy", "tls",
    "authentication", "healthCheck"};

std::size_t slot_number() noexcept {
  static std::atomic<std::size_t> count{0};
  thread_local const std::size_t mine = count.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

// --- reading ------------------------------------------------------------------------------------------

UnderShared::UnderShared(xml::Bind& bind, Build& build) : build_(build) {
  const xml::Element* shared = bind.child("shared");
  if (!shared) return;
  for (const xml::Element* block : shared->children()) {
    const bool known = std::any_of(std::begin(kBlocks), std::end(kBlocks), [&](std::string_view name) { return block->is(name); });
    if (known) continue;
    build.problems.warning(block->where, xml::tag(block->name) + " in <shared> is ignored",
                           xml::suggest(block->name, std::vector<std::string_view>(std::begin(kBlocks), std::end(kBlocks))));
  }
  build.shared.push_back(shared);
  pushed_ = true;
}

UnderShared::~UnderShared() {
  if (pushed_) build_.shared.pop_back();
}

std::vector<std::shared_ptr<Endpoint>> read_children(xml::Bind& bind, Build& build) {
  const UnderShared shared(bind, build);
  std::vector<std::shared_ptr<Endpoint>> children;
  std::set<std::string_view> keys;
  for (const xml::Element* child : bind.children("endpoint")) {
    const auto* key = child->attribute("key");
    if (key && !keys.insert(key->value).second)
      bind.error(key->where, "a second child with key " + xml::quote(key->value), "each key may stand once in a group");
    if (auto built = build.endpoint(*child)) children.push_back(std::move(built));
  }
  return children;
}

std::vector<std::string> identities_of(const std::vector<std::shared_ptr<Endpoint>>& children) {
  std::vector<std::string> identities;
  std::map<std::string, int> seen;
  for (const auto& child : children) {
    std::string own(!child->name.empty() ? child->name : !child->identity().empty() ? child->identity() : child->key);
    if (const int before = seen[own]++; before > 0) own += '#' + std::to_string(before);
    identities.push_back(std::move(own));
  }
  return identities;
}

void read_group(Group& group, xml::Bind& bind, Build& build) {
  group.failover_on = bind.choice<FailoverOn>("failoverOn", kFailoverOn, FailoverOn::unset);
  read_count(bind, "maxAttempts", group.max_attempts, 1);
  read_duration(bind, "deadline", group.deadline, 1);
  const xml::Element* shared = bind.child("shared");
  const xml::Element* breaker = shared ? shared->child("circuitBreaker") : nullptr;
  if (!breaker) return;
  BreakerRules rules = read_breaker(*breaker, build);
  if (rules.scope != BreakerRules::Scope::endpoint) group.breaker = rules;
}

void warn_of_on_error(const xml::Element& endpoint, Build& build) {
  if (const auto* attribute = endpoint.attribute("onError"))
    build.problems.warning(attribute->where, "onError of a group is never run", "it is run on the endpoints inside");
}

bool read_build_message(xml::Bind& bind, Build& build) {
  const bool global = text::is_true(build.settings.setting("build.message.on.failover.enable"));
  return bind.is_true("buildMessage", global);
}

// --- breakers -----------------------------------------------------------------------------------------

/// The group's breaker, and those of single subscriptions. The latter are made by messages and never
/// grow beyond a bound: then subscriptions share.
class Group::Breakers final : public State {
 public:
  Breaker all;

  Breaker& of(std::string_view subscription) {
    Slot& slot = slots_[std::hash<std::string_view>()(subscription) % slots_.size()];
    const std::lock_guard lock(mutex_);
    auto& found = slot[std::string(slot.size() < kMostPerSlot ? subscription : std::string_view())];
    if (!found) found = std::make_unique<Breaker>();
    return *found;
  }

 private:
  static constexpr std::size_t kMostPerSlot = 256;
  using Slot = std::map<std::string, std::unique_ptr<Breaker>, std::less<>>;
  std::mutex mutex_;
  std::array<Slot, 64> slots_;
};

Breaker& Group::breaker_of(Message& message) const {
  if (breaker->scope != BreakerRules::Scope::subscription) return breakers_->all;
  const Value subscription = message.property("SUBSCRIPTION_ID");
  return subscription.is_null() ? breakers_->all : breakers_->of(subscription.text());
}

// --- children ---------------------------------------------------------------------------------------

void Group::adopt(std::vector<std::shared_ptr<Endpoint>> children) {
  declared_ = std::move(children);
  for (const auto& child : declared_) child->parent = this;
}

void Group::do_link(Linker& linker) {
  if (breaker) breakers_ = linker.states ? linker.states->get<Breakers>("breaker " + key) : std::make_shared<Breakers>();
  need_ = own_need();
  for (const EndpointProperty& property : properties)
    if (property.expression) need_ = need_ | property.expression->need();
  for (const auto& child : declared_) {
    child->link(linker);
    need_ = need_ | child->need();
  }
  auto members = enlist(declared_, linker);
  if (slots_) replace(std::move(members));
  else fixed_ = std::move(members);
}

std::shared_ptr<Membership> Group::enlist(std::vector<std::shared_ptr<Endpoint>> children, Linker&) const {
  auto members = std::make_shared<Membership>();
  members->children = std::move(children);
  members->present = members->children.size();
  return members;
}

void Group::replace(std::shared_ptr<const Membership> members) const {
  // Each slot has a control block of its own: taking a copy touches no other thread's memory.
  for (Slot& slot : *slots_) {
    std::shared_ptr<const Membership> own(members.get(), [members](const Membership*) {});
    const std::lock_guard lock(slot.mutex);
    slot.members.swap(own);
  }
}

Group::Held Group::hold() const {
  Held held;
  if (!slots_) {
    held.members = fixed_.get();
    return held;
  }
  Slot& slot = (*slots_)[slot_number() % slots_->size()];
  {
    const std::lock_guard lock(slot.mutex);
    held.pin = slot.members;
  }
  held.members = held.pin.get();
  return held;
}

std::vector<std::shared_ptr<const Endpoint>> Group::children() const {
  const Held held = hold();
  if (!held.members) return {declared_.begin(), declared_.end()};
  return {held->children.begin(), held->children.begin() + static_cast<std::ptrdiff_t>(held->present)};
}

bool Group::ready(TimePoint now, Use use) const {
  if (breaker && breaker->scope == BreakerRules::Scope::api && !breakers_->all.allows(*breaker, now)) return false;
  const Held held = hold();
  const auto present = held->children.begin() + static_cast<std::ptrdiff_t>(held->present);
  return std::any_of(held->children.begin(), present,
                     [&](const auto& child) { return !child->foreign && child->ready(now, use); });
}

std::uint32_t Group::in_flight() const {
  std::uint32_t sum = 0;
  const Held held = hold();
  for (const auto& child : held->children) sum += child->in_flight();
  return sum;
}

std::uint32_t Group::latency() const {
  std::uint32_t least = 0;
  const Held held = hold();
  for (const auto& child : held->children)
    if (const std::uint32_t its = child->latency(); its > 0 && (least == 0 || its < least)) least = its;
  return least;
}

// --- one message ------------------------------------------------------------------------------------

std::optional<Fault> Group::enrol(Delivery& delivery, Message& message) const {
  if (breaker) {
    if (!breaker_of(message).admit(*breaker, Clock::now()))
      return Fault(code::kBreakerOpen, "the circuit breaker of " + (name.empty() ? key : name) + " is open");
    delivery.watchers.push_back(this);
  }
  Held held = hold();
  Step& at = delivery.push(*this, held->children.size());
  at.members = held.members;
  at.pin = std::move(held.pin);
  if (deadline.count() > 0) delivery.deadline = std::min(delivery.deadline, Clock::now() + deadline);
  return std::nullopt;
}

void Group::leave(Delivery& delivery, Message& message) const {
  delivery.pop();
  if (delivery.stop_watching(*this)) finished(message, false, delivery.began, delivery.started);
}

void Group::finished(Message& message, bool answered, TimePoint began, TimePoint now) const {
  if (!breaker) return;
  const bool failure = !answered || breaker->is_failure(message.status, now - began);
  breaker_of(message).record(*breaker, failure, now);
}

void Group::spared(Message& message) const {
  if (breaker) breaker_of(message).spared();
}

bool Group::exhausted(const Delivery& delivery, std::size_t level) const {
  const Step& at = delivery.path[level];
  if (max_attempts > 0 && at.attempts >= max_attempts) return true;
  return delivery.deadline != TimePoint::max() && Clock::now() >= delivery.deadline;
}

bool Group::available(Delivery& delivery, std::size_t child) {
  const Step& at = step(delivery);
  const Endpoint& endpoint = *members(at).children[child];
  return !at.tried.has(child) && !endpoint.foreign && endpoint.ready(delivery.started, Use::fresh);
}

Choice Group::enter(Delivery& delivery, Message& message, std::size_t child) const {
  Step& at = step(delivery);
  at.child = static_cast<std::uint32_t>(child);
  ++at.attempts;
  const std::size_t level = delivery.depth;
  Choice choice = members(at).children[child]->choose(delivery, message);
  if (choice.leaf) {
    delivery.leaf = choice.leaf;
    delivery.leaf_depth = delivery.depth;
  } else if (choice.failed()) {
    delivery.path[level - 1].tried.add(child);
    --delivery.path[level - 1].attempts;
  }
  return choice;
}

Choice Group::next_listed(Delivery& delivery, Message& message) const {
  const std::size_t count = members(step(delivery)).present;
  Fault last;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::size_t child = (step(delivery).child + i) % count;
    const Endpoint& endpoint = *members(step(delivery)).children[child];
    if (endpoint.foreign || !endpoint.admit(Clock::now(), Use::fresh)) continue;
    Choice choice = enter(delivery, message, child);
    if (!choice.failed()) return choice;
    last = std::move(choice).fault();
  }
  return none_ready(std::move(last));
}

bool Group::may_fail_over(const Delivery& delivery, const Fault& fault) noexcept {
  const bool own_child = delivery.leaf && delivery.leaf_depth == delivery.depth;
  return !own_child || delivery.leaf->allows_failover(fault.code, fault.base_code);
}

Retry Group::retry_with(Choice next, int moved_on) const {
  Retry retry;
  if (next.failed()) {
    if (next.fault().code != code::kNoneReady) retry.fault = std::move(next).fault();
    return retry;
  }
  condition().moved_on(moved_on);  // EP-142
  retry.kind = next.leaf ? Retry::Kind::leaf : Retry::Kind::branches;
  retry.leaf = next.leaf;
  retry.branches = std::move(next.branches);
  return retry;
}

Fault Group::none_ready(Fault last) const {
  if (last.code != code::kException || !last.message.empty()) return last;
  return no_ready_children(kind(), name);
}

Fault no_ready_children(std::string_view kind, std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kTitles[] = {
      {"loadbalance", "Loadbalance"}, {"failover", "Failover"}, {"recipientlist", "Recipient List"}};
  for (const auto& [element, title] : kTitles)
    if (kind == element) kind = title;
  return Fault(code::kNoneReady, std::string(kind) + " endpoint : " +
                                     std::string(name.empty() ? "AnonymousEndpoint" : name) + " - no ready child endpoints");
}

}  // namespace myelin::endpoints
