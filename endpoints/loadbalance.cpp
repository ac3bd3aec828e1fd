// <endpoint><loadbalance [algorithm="class" | policy="roundRobin"] [failover="false"] [buildMessage="true"]>
//   endpoint+ | <member hostName="" httpPort="" httpsPort=""/>+
// </loadbalance>[<session .../>]</endpoint>: spreads messages over its children.

#include "endpoints/common/group.hpp"
#include "endpoints/common/leaf.hpp"
#include "endpoints/common/session_group.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::Group;

// --- members ----------------------------------------------------------------------------------------

/// A host and its ports; the path is the message's. One that failed is left out for the probe
/// interval, then one message tries it (EP-128).
class Host final : public endpoints::SendingLeaf {
 public:
  using SendingLeaf::SendingLeaf;

  std::string host;
  std::int32_t http_port = -1, https_port = -1;

  std::string_view kind() const noexcept override { return "member"; }

 protected:
  Need destination_need() const noexcept override { return Need::header; }
  std::string_view identity() const noexcept override { return host; }

  /// EP-126, EP-127: incoming scheme, own host and port, path and query of To.
  Result<Destination> destination(Message& message) const override {
    const std::string_view scheme = message.incoming.scheme;
    const bool https = scheme == "https";
    if (!https && scheme != "http")
      return Fault("member " + host + " cannot take messages of transport '" + std::string(scheme) + "'");
    const std::int32_t port = https ? https_port : http_port;
    if (port <= 0) return Fault("member " + host + " has no " + std::string(scheme) + " port");
    auto to = parse(message.copy(std::string(scheme) + "://" + host + ':' + std::to_string(port) + path(message)));
    if (to) to->takes_postfix = false;  // the path of To is the whole path
    return to;
  }

 private:
  static std::string path(Message& message) {
    const std::string& to = message.addressing().to;
    const auto url = Url::parse(to);
    std::string path(url ? url->target : std::string_view(to));
    if (path.empty() || path.front() != '/') path.insert(path.begin(), '/');
    return path;
  }
};

std::unique_ptr<Endpoint> read_member(const xml::Element& element, bool failover, Build& build) {
  xml::Bind bind(element, build.problems);
  auto member = std::make_unique<Host>(build);
  const std::string host = bind.required("hostName");
  if (!host.empty()) member->host = endpoints::resolve_environment(*bind.attribute("hostName"), build);
  member->http_port = bind.integer("httpPort").value_or(-1);
  if (const auto port = bind.attribute("httpsPort"); port && !text::trim(port->value).empty())
    member->https_port = bind.integer("httpsPort").value_or(-1);
  bind.finish();
  if (host.empty()) return nullptr;
  auto& policy = member->definition.suspension;
  policy.enabled = failover;
  policy.initial = text::parse_long(build.settings.setting("member.probe.interval")).value_or(1000);
  member->key = build.next_key();
  member->where = element.where;
  return member;
}

// --- the group --------------------------------------------------------------------------------------

class LoadBalance final : public Group {
 public:
  endpoints::Balancer balancer;
  bool failover = true;
  bool build_message = false;
  bool host_members = false;

  std::string_view kind() const noexcept override { return "loadbalance"; }
  bool resends() const noexcept override { return failover; }

  void link(Linker& linker) override {
    Group::link(linker);
    balancer.link(*this, children_, host_members, linker);
  }

  Choice choose(Delivery& delivery, Message& message) const override {
    delivery.push(*this, children_.size());
    Choice choice = next(delivery, message);
    if (!choice.leaf) delivery.pop();
    return choice;
  }

  Retry child_failed(Delivery& delivery, Message& message, const Fault& fault) const override {
    step(delivery).tried[step(delivery).child] = true;  // EP-135
    Retry retry;
    if (!failover) {  // EP-115, EP-116
      retry.kind = Retry::Kind::stop;
      return retry;
    }
    if (!may_fail_over(delivery, fault)) return retry;
    return retry_with(next(delivery, message));
  }

 protected:
  Need own_need() const noexcept override { return build_message && failover ? Need::body : Need::nothing; }

 private:
  class Available final : public Readiness {
   public:
    Available(const LoadBalance& group, Delivery& delivery) : group_(group), delivery_(delivery), now_(Clock::now()) {}
    bool operator()(std::size_t child) const override { return group_.available(delivery_, child, now_); }

   private:
    const LoadBalance& group_;
    Delivery& delivery_;
    TimePoint now_;
  };

  Choice next(Delivery& delivery, Message& message) const {
    Fault last;
    for (;;) {
      const auto child = balancer.pick(children_.size(), Available(*this, delivery), message);
      if (!child) return none_ready(std::move(last));
      if (!children_[*child]->admit(Clock::now())) {
        step(delivery).tried[*child] = true;
        continue;
      }
      Result<void> applied = apply_properties(message);
      if (!applied) return std::move(applied).fault();
      Choice choice = enter(delivery, message, *child);
      if (choice.leaf || !failover) return choice;
      last = std::move(choice.fault);
    }
  }
};

std::vector<std::unique_ptr<Endpoint>> read_members(xml::Bind& bind, bool failover, Build& build) {
  std::vector<std::unique_ptr<Endpoint>> members;
  for (const xml::Element* element : bind.children("member"))
    if (auto member = read_member(*element, failover, build)) members.push_back(std::move(member));
  return members;
}

std::unique_ptr<Endpoint> loadbalance(const xml::Element& endpoint, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(endpoint, build);
  if (const auto* session = endpoint.child("session"))  // EP-003
    return endpoints::build_session_group(element, *session, build);
  xml::Bind bind(element, build.problems);
  auto group = std::make_unique<LoadBalance>();
  const bool known = group->balancer.read(bind, build);
  const auto failover = bind.text("failover");
  group->failover = !(failover && text::iequals(*failover, "false"));  // EP-036
  group->build_message = endpoints::read_build_message(bind, build);
  auto children = endpoints::read_children(bind, build);
  auto members = read_members(bind, group->failover, build);
  const bool has_endpoints = element.child("endpoint") != nullptr;
  group->host_members = element.child("member") != nullptr;
  if (has_endpoints == group->host_members)  // EP-035
    bind.error(has_endpoints ? "<loadbalance> with <endpoint> and <member>" : "<loadbalance> without children",
               "either <endpoint> or <member> children are needed");
  bind.finish();
  group->adopt(group->host_members ? std::move(members) : std::move(children));
  if (!known || has_endpoints == group->host_members || group->children().empty()) return nullptr;
  return group;
}

MYELIN_ENDPOINT("loadbalance", loadbalance);

}  // namespace
}  // namespace myelin
