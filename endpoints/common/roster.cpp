#include "endpoints/common/roster.hpp"

#include <algorithm>

#include "endpoints/common/attributes.hpp"
#include "endpoints/common/definition.hpp"
#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/copy.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

xml::Element element(std::string name, const xml::Location& where, const xml::Element* parent) {
  xml::Element made;
  made.name = std::move(name);
  made.ns = xml::kSynapse;
  made.where = where;
  made.parent = parent;
  return made;
}

void set(xml::Element& element, std::string name, std::string value) {
  xml::Attribute& attribute = element.attributes.emplace_back();
  attribute.name = std::move(name);
  attribute.value = std::move(value);
  attribute.where = element.where;
}

/// `<endpoint><address uri=""/></endpoint>`, as a configuration would say it.
std::unique_ptr<Endpoint> make_address(const Instance& instance, Build& build) {
  const xml::Location where{"(discovered)", 0, 0};
  const xml::Element group = element("loadbalance", where, nullptr);
  xml::Element endpoint = element("endpoint", where, &group);
  if (instance.weight > 0) set(endpoint, "weight", std::to_string(instance.weight));
  if (instance.backup) set(endpoint, "backup", "true");
  if (!instance.tenant.empty()) set(endpoint, "tenants", instance.tenant);
  xml::Node& child = endpoint.nodes.emplace_back();
  child.kind = xml::Node::Kind::element;
  child.element = std::make_unique<xml::Element>(element("address", where, &endpoint));
  set(*child.element, "uri", instance.url());
  return build.endpoint(endpoint);
}

/// Errors of members are never more than a warning in the log.
void log_problems(xml::Problems& problems) {
  for (const xml::Problem& problem : problems.all()) log::warn("discovery", problem.text());
}

}  // namespace

// --- reading ------------------------------------------------------------------------------------------

std::string check_source(DiscoverySource& source, const Build& build) {
  const DiscoveryKind* kind = DiscoveryKinds::instance().find(source.provider);
  if (!kind) return "unknown provider " + xml::quote(source.provider);
  for (const auto& [name, value] : source.parameters) {
    const auto known = std::find_if(kind->parameters.begin(), kind->parameters.end(),
                                    [&name = name](const auto& parameter) { return parameter.name == name; });
    if (known != kind->parameters.end()) continue;
    std::vector<std::string_view> names;
    for (const auto& parameter : kind->parameters) names.push_back(parameter.name);
    return "provider " + xml::quote(source.provider) + " has no parameter " + xml::quote(name) + "; " +
           xml::suggest(name, names);
  }
  for (const auto& parameter : kind->parameters)
    if (parameter.required && source.parameter(parameter.name).empty())
      return "provider " + xml::quote(source.provider) + " needs parameter " + xml::quote(parameter.name);
  return kind->check(source, build.base);
}

std::optional<Discovery> read_discovery(xml::Bind& group, Build& build) {
  const xml::Element* child = group.child("discovery");
  if (!child) return std::nullopt;
  xml::Bind bind(*child, build.problems);
  Discovery discovery;
  discovery.make = make_address;
  discovery.source.provider = text::trim(bind.required("provider"));
  read_duration(bind, "refresh", discovery.source.refresh, 100);
  read_duration(bind, "drain", discovery.drain);
  for (const xml::Element* parameter : bind.children("parameter")) {
    xml::Bind one(*parameter, build.problems);
    const std::string name = one.required("name");
    xml::Attribute value;
    value.name = name;
    value.value = text::trim(parameter->text());
    value.where = parameter->where;
    if (!name.empty()) discovery.source.parameters[name] = resolve_environment(value, build);
    one.finish();
  }
  bind.finish();
  if (discovery.source.provider.empty()) return std::nullopt;
  if (!DiscoveryKinds::instance().find(discovery.source.provider)) {
    bind.error(bind.attribute("provider")->where, "unknown provider " + xml::quote(discovery.source.provider),
               "allowed: " + text::one_of(DiscoveryKinds::instance().names()));
    return std::nullopt;
  }
  const std::string wrong = check_source(discovery.source, build);
  if (wrong.empty()) return discovery;
  bind.error(child->where, "<discovery>: " + wrong);
  return std::nullopt;
}

class Roster::Known final : public State {
 public:
  using Members = std::vector<std::pair<Instance, TimePoint>>;  ///< and when it is gone
  Members members() const {
    const std::lock_guard lock(mutex_);
    return members_;
  }
  void set(Members members) {
    const std::lock_guard lock(mutex_);
    members_ = std::move(members);
  }

 private:
  mutable std::mutex mutex_;
  Members members_;
};

// --- the roster ---------------------------------------------------------------------------------------

Roster::Roster(Discovery discovery, Endpoint& group, Build& build, Seat seat)
    : discovery_(std::move(discovery)),
      group_(group),
      states_(build.states),
      settings_(build.settings),
      base_(build.base),
      offline_(build.offline),
      seat_(std::move(seat)) {
  for (const xml::Element* around : build.shared) {
    auto kept = xml::copy(*around, nullptr);
    kept->declarations = around->namespaces();
    shared_.push_back(std::move(kept));
  }
}

std::shared_ptr<Endpoint> Roster::make(const Instance& instance, StateStore& states, xml::Problems& problems) const {
  Build build(problems, states, settings_, base_, group_.key);
  build.offline = offline_;
  for (const auto& around : shared_) build.shared.push_back(around.get());
  std::shared_ptr<Endpoint> made = discovery_.make(instance, build);
  if (!made || problems.has_errors()) return nullptr;
  made->name = discovery_.source.provider + '#' + instance.id;
  made->key = group_.key + '/' + made->name;
  made->parent = &group_;
  return made;
}

/// A member is made up and thrown away, with nothing to be seen of it.
Need Roster::need(Linker& linker, bool reports) {
  StateStore states;
  xml::Problems problems;
  Instance any;
  any.id = "any";
  any.host = "localhost";
  any.port = 80;
  Linker apart(linker.artifacts, problems);
  apart.states = &states;
  const std::shared_ptr<Endpoint> sample = make(any, states, problems);
  if (sample) sample->link(apart);
  if (reports)
    for (xml::Problem& problem : problems.all()) linker.problems.add(std::move(problem));
  return sample ? sample->need() : Need::nothing;
}

void Roster::link(Linker& linker) {
  listing_ = states_.get<Listing>("discovery " + discovery_.source.key());
  known_ = states_.get<Known>("members of " + group_.key);
  linker.discoverers.push_back(this);
  const std::lock_guard lock(mutex_);
  const TimePoint now = Clock::now();
  recall(now, linker);
  take(now, linker);
}

/// The members of the deployment before this one.
void Roster::recall(TimePoint now, Linker& linker) {
  for (const auto& [instance, until] : known_->members()) {
    xml::Problems problems;
    std::shared_ptr<Endpoint> endpoint = until > now ? make(instance, states_, problems) : nullptr;
    log_problems(problems);
    if (!endpoint) continue;
    endpoint->link(linker);
    members_.push_back(Member{instance, std::move(endpoint), until});
  }
}

void Roster::refresh(TimePoint now) {
  xml::Problems problems;
  Linker linker(settings_, problems);
  linker.states = &states_;
  const std::lock_guard lock(mutex_);
  const std::vector<Member> before = members_;
  take(now, linker);
  report(before);
  log_problems(problems);
}

void Roster::take(TimePoint now, Linker& linker) {
  const Listing::Content content = listing_->content();
  const auto over = [now](const Member& member) { return member.until <= now; };
  const bool ended = std::any_of(members_.begin(), members_.end(), over);
  if (!content.instances || (content.version == version_ && !ended)) return;
  version_ = content.version;
  const bool fewer = hire(*content.instances, now, linker);
  Seats seats;
  Known::Members known;
  for (const Member& member : members_) {
    known.emplace_back(member.instance, member.until);
    if (member.until == TimePoint::max()) {
      seats.present.push_back(member.endpoint);
    } else {
      seats.left.push_back(member.endpoint);
      seats.left_until.push_back(member.until);
    }
  }
  known_->set(std::move(known));
  seat_(std::move(seats), linker);
  if (fewer) states_.sweep();
}

/// GW-137: who stays is not touched. True: members have gone for good.
bool Roster::hire(const Instances& listed, TimePoint now, Linker& linker) {
  std::vector<Member> next;
  const bool newcomers = !members_.empty();
  for (const Instance& instance : listed) {
    const auto old = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.endpoint && member.instance == instance; });
    Member member{instance, nullptr, TimePoint::max()};
    if (old != members_.end()) {
      member.endpoint = std::move(old->endpoint);
      old->endpoint = nullptr;
    } else {
      xml::Problems problems;
      member.endpoint = make(instance, states_, problems);
      log_problems(problems);
      if (!member.endpoint) continue;
      member.endpoint->link(linker);
      if (newcomers) member.endpoint->condition().begins_anew(now);
      if (group_.condition().position() != Switch::on) member.endpoint->set_switch(group_.condition().position());
    }
    next.push_back(std::move(member));
  }
  bool gone = false;
  for (Member& member : members_) {
    if (!member.endpoint) continue;
    if (member.until == TimePoint::max()) member.until = now + discovery_.drain;
    if (member.until > now) next.push_back(std::move(member));
    else gone = true;
  }
  members_ = std::move(next);
  return gone;
}

void Roster::report(const std::vector<Member>& before) const {
  const auto present = [](const std::vector<Member>& members) {
    std::vector<std::string> ids;
    for (const Member& member : members)
      if (member.until == TimePoint::max()) ids.push_back(member.instance.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  const std::vector<std::string> was = present(before), is = present(members_);
  std::string text;
  for (const std::string& id : is)
    if (!std::binary_search(was.begin(), was.end(), id)) text += " +" + id;
  for (const std::string& id : was)
    if (!std::binary_search(is.begin(), is.end(), id)) text += " -" + id;
  if (text.empty()) return;
  log::info("discovery", (group_.name.empty() ? group_.key : group_.name) + " has " + std::to_string(is.size()) +
                             " members:" + text);
}

}  // namespace myelin::endpoints
