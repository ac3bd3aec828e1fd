#include "endpoints/common/balanced.hpp"

#include <algorithm>

#include "endpoints/common/attributes.hpp"
#include "engine/base/hash.hpp"
#include "engine/base/random.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

struct BalancedGroup::Instance final : State {
  explicit Instance(AlgorithmFactory factory) : algorithm(factory()) {}

  /// Once; a group may be linked anew while its members change.
  std::string configure(const std::vector<Member>& members, const Endpoint& group) {
    const std::lock_guard lock(mutex_);
    if (configured_) return {};
    std::string wrong = algorithm->configure(members, group);
    configured_ = wrong.empty();
    return wrong;
  }

  const std::unique_ptr<Algorithm> algorithm;

 private:
  std::mutex mutex_;
  bool configured_ = false;
};

struct BalancedGroup::Balancing final : Membership {
  std::vector<std::uint32_t> weights;
  bool has_backups = false;
  std::shared_ptr<Instance> instance;
};

// --- reading ------------------------------------------------------------------------------------------

bool BalancedGroup::read(xml::Bind& bind, Build& build) {
  read_group(*this, bind, build);
  read_count(bind, "panicThreshold", panic_threshold, 0, 100);
  read_duration(bind, "slowStart", slow_start);
  if (const auto* attribute = bind.attribute("hashKey")) hash_key = build.expression(attribute, bind.element());
  return read_algorithm(bind, build);
}

bool BalancedGroup::read_algorithm(xml::Bind& bind, Build& build) {
  const auto* algorithm = bind.attribute("algorithm");
  const auto* policy = bind.attribute("policy");
  if (algorithm && policy) {  // EP-033
    bind.error(policy->where, "policy beside algorithm on <" + bind.element().name + ">", "one of the two is allowed");
    return false;
  }
  if (policy) {
    const std::string wanted(text::trim(policy->value));
    const bool stock = text::is_true(build.settings.setting("synapse.strict"));
    const PolicyFactory* found = Policies::instance().find(wanted);
    if (!found || (stock && wanted != "roundRobin")) {  // GW-141
      const auto names = stock ? std::vector<std::string_view>{"roundRobin"} : Policies::instance().names();
      bind.error(policy->where, "policy is " + xml::quote(policy->value), "allowed: " + text::one_of(names));
      return false;
    }
    make_ = found->make;
    algorithm_ = found->class_name.empty() ? wanted : std::string(found->class_name);
    return true;
  }
  if (algorithm) algorithm_ = text::trim(algorithm->value);
  const AlgorithmFactory* found = Algorithms::instance().find(algorithm_);
  if (found) {
    make_ = *found;
    return true;
  }
  const auto names = Algorithms::instance().names();  // EP-034
  bind.error(algorithm->where, "unknown algorithm " + xml::quote(algorithm_), "allowed: " + text::one_of(names));
  return false;
}

// --- members ----------------------------------------------------------------------------------------

namespace {

/// The own property, the own attribute, then what the groups around set (EP-119).
Member member_of(const Endpoint& child, bool host) {
  Member member;
  member.endpoint = host ? nullptr : &child;
  const auto own = std::find_if(child.properties.begin(), child.properties.end(),
                                [](const EndpointProperty& property) { return property.name == "loadbalance.weight"; });
  if (own == child.properties.end() && child.weight > 0) {
    member.weight = child.weight;
    member.weight_is_set = true;
    return member;
  }
  const EndpointProperty* weight = child.find_property("loadbalance.weight");
  if (!weight) return member;
  member.weight_is_set = true;
  member.weight = weight->expression ? 0 : text::parse_long(text::trim(weight->value)).value_or(0);
  return member;
}

std::vector<std::uint64_t> ids_of(const std::vector<std::shared_ptr<Endpoint>>& children) {
  std::vector<std::uint64_t> ids;
  for (const std::string& identity : identities_of(children)) ids.push_back(stable_hash(identity));
  return ids;
}

}  // namespace

void BalancedGroup::discover(Discovery discovery, xml::Bind& bind, Build& build) {
  const UnderShared shared(bind, build);
  expect_changes();
  roster_ = std::make_unique<Roster>(std::move(discovery), *this, build,
                                     [this](Roster::Seats seats, Linker& linker) { seat(std::move(seats), linker); });
}

void BalancedGroup::do_link(Linker& linker) {
  Group::do_link(linker);
  if (!roster_) return;
  also_needs(roster_->need(linker, declared().empty()));
  roster_->link(linker);
}

/// Declared and discovered members share one rotation (GW-138).
void BalancedGroup::seat(Roster::Seats seats, Linker& linker) const {
  std::vector<std::shared_ptr<Endpoint>> children = declared();
  std::move(seats.present.begin(), seats.present.end(), std::back_inserter(children));
  auto members = enlist(std::move(children), linker);
  std::move(seats.left.begin(), seats.left.end(), std::back_inserter(members->children));
  members->left_until = std::move(seats.left_until);
  members->ids = ids_of(members->children);
  replace(std::move(members));
}

/// The state key holds what the algorithm was configured with, so that a changed group starts anew
/// and one instance is never configured while another deployment uses it.
std::shared_ptr<Membership> BalancedGroup::enlist(std::vector<std::shared_ptr<Endpoint>> children, Linker& linker) const {
  auto balancing = std::make_shared<Balancing>();
  std::vector<Member> members;
  std::string configured = algorithm_;
  const std::vector<std::string> identities = identities_of(children);
  for (const auto& child : children) {
    Member member = member_of(*child, host_members);
    member.identity = identities[members.size()];
    const auto bounded = std::clamp<std::int64_t>(member.weight, 1, std::numeric_limits<std::int32_t>::max());
    balancing->weights.push_back(static_cast<std::uint32_t>(bounded));
    balancing->has_backups |= child->backup;
    configured += ' ' + std::to_string(member.weight) + ' ' + identities[members.size()];
    members.push_back(member);
  }
  for (const EndpointProperty& property : properties)  // they may be the algorithm's parameters
    configured += ' ' + property.name + '=' + (property.expression ? "?" : property.value);
  balancing->ids = ids_of(children);
  balancing->present = children.size();
  balancing->children = std::move(children);
  if (balancing->children.empty()) return balancing;
  balancing->instance = states_->get<Instance>("algorithm " + key + ' ' + std::to_string(stable_hash(configured)), make_);
  const std::string wrong = balancing->instance->configure(members, *this);
  if (!wrong.empty()) linker.problems.error(where, algorithm_ + ": " + wrong);
  return balancing;
}

// --- choosing -----------------------------------------------------------------------------------------

class BalancedGroup::View final : public Candidates {
 public:
  View(const BalancedGroup& group, const Step& step, Message& message, TimePoint now)
      : group_(group), members_(static_cast<const Balancing&>(members(step))), step_(step), message_(message), now_(now) {}

  bool backups = false;  ///< these instead of the primaries
  bool panic = false;    ///< state does not matter
  bool warm_up = false;  ///< newcomers are passed over most of the time
  mutable bool held_back = false;  ///< one of them was

  std::size_t size() const noexcept override { return members_.present; }
  bool ready(std::size_t member) const override {
    if (step_.tried.has(member) || !usable(member)) return false;
    return !warm_up || warm(*members_.children[member]);
  }
  bool usable(std::size_t member) const {
    const Endpoint& child = *members_.children[member];
    if (child.backup != backups || child.foreign) return false;
    return panic ? child.condition().position() == Switch::on : child.ready(now_, Use::fresh);
  }
  bool is_primary(std::size_t member) const noexcept {
    const Endpoint& child = *members_.children[member];
    return !child.backup && !child.foreign;
  }
  std::uint32_t weight(std::size_t member) const noexcept override {
    const std::uint32_t set = members_.children[member]->condition().weight();
    return set > 0 ? set : members_.weights[member];
  }
  std::uint32_t in_flight(std::size_t member) const noexcept override {
    return members_.children[member]->in_flight();
  }
  std::uint32_t latency(std::size_t member) const noexcept override {
    return members_.children[member]->latency();
  }
  std::uint64_t hash_key() const override {
    if (!hashed_) hash_ = hash(), hashed_ = true;
    return hash_;
  }

 private:
  /// The share of messages grows with the time since the member came (back) into use.
  bool warm(const Endpoint& child) const {
    const auto age = now_ - child.condition().usable_since();
    if (age >= group_.slow_start) return true;
    const double share = static_cast<double>(age.count()) /
                         static_cast<double>(std::chrono::nanoseconds(group_.slow_start).count());
    if (random_fraction() < std::max(share, 0.1)) return true;
    held_back = true;
    return false;
  }
  std::uint64_t hash() const {
    if (!group_.hash_key) return stable_hash(message_.incoming.remote_address);
    const auto text = group_.hash_key->text(message_);
    return text && *text ? stable_hash(**text) : random_bits();
  }

  const BalancedGroup& group_;
  const Balancing& members_;
  const Step& step_;
  Message& message_;
  TimePoint now_;
  mutable std::uint64_t hash_ = 0;
  mutable bool hashed_ = false;
};

/// So many primaries are unusable that it is better to ignore state than to burden the few.
bool BalancedGroup::panics(const View& view) const {
  std::size_t primaries = 0, down = 0;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (!view.is_primary(i)) continue;
    ++primaries;
    if (!view.usable(i)) ++down;
  }
  return primaries > 0 && down * 100 >= primaries * panic_threshold;
}

std::optional<std::size_t> BalancedGroup::pick(Delivery& delivery, Message& message) const {
  const Step& at = step(delivery);
  const auto& balancing = static_cast<const Balancing&>(members(at));
  if (balancing.present == 0) return std::nullopt;
  Algorithm& algorithm = *balancing.instance->algorithm;
  View view(*this, at, message, delivery.started);
  view.warm_up = slow_start.count() > 0;
  const bool panic = panic_threshold > 0 && panics(view);
  std::optional<std::size_t> chosen;
  if (!panic || balancing.has_backups) {
    if (!panic) chosen = algorithm.pick(view, message);
    if (!chosen && view.held_back) {
      view.warm_up = false;
      chosen = algorithm.pick(view, message);
    }
    if (chosen) return chosen;
    view.warm_up = false;
    view.backups = true;
    if (balancing.has_backups) chosen = algorithm.pick(view, message);
    if (chosen || !panic) return chosen;
  }
  view.backups = false;
  view.warm_up = false;
  view.panic = true;
  return algorithm.pick(view, message);
}

std::optional<std::size_t> BalancedGroup::pick_admitted(Delivery& delivery, Message& message) const {
  for (;;) {
    const auto child = pick(delivery, message);
    if (!child) return child;
    if (members(step(delivery)).children[*child]->admit(delivery.started, Use::fresh)) return child;
    const bool panic = panic_threshold > 0 && !members(step(delivery)).children[*child]->ready(delivery.started, Use::fresh);
    if (panic) return child;
    step(delivery).tried.add(*child);
  }
}

}  // namespace myelin::endpoints
