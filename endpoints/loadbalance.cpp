// <endpoint><loadbalance [algorithm="class" | policy="roundRobin"] [failover="false"] [buildMessage="true"]>
//   endpoint+ | <member hostName="" httpPort="" httpsPort=""/>+
// </loadbalance>[<session .../>]</endpoint>: spreads messages over its children.

#include "endpoints/common/attributes.hpp"
#include "endpoints/common/balanced.hpp"
#include "endpoints/common/blocks.hpp"
#include "endpoints/common/session_group.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::BalancedGroup;

// --- members ----------------------------------------------------------------------------------------

/// A host and its ports; the path is the message's. One that failed is left out for the probe
/// interval, then one message tries it (EP-128).
class Host final : public endpoints::SendingLeaf {
 public:
  using SendingLeaf::SendingLeaf;

  std::string host;
  std::int32_t http_port = -1, https_port = -1;
  std::string host_and_ports;  ///< tells members apart

  std::string_view kind() const noexcept override { return "member"; }

 protected:
  Need destination_need() const noexcept override { return Need::header; }
  std::string_view identity() const noexcept override { return host_and_ports; }
  std::string check_target() const override {
    const bool https = http_port <= 0;
    return (https ? "https://" : "http://") + host + ':' + std::to_string(https ? https_port : http_port) + '/';
  }

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
  member->host_and_ports = member->host + ':' + std::to_string(member->http_port) + ':' + std::to_string(member->https_port);
  endpoints::read_shared_blocks(*member, bind, build);
  std::uint32_t weight = 0;
  endpoints::read_count(bind, "weight", weight, 1);
  member->weight = weight;
  member->backup = bind.is_true("backup");
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

class LoadBalance final : public BalancedGroup {
 public:
  using BalancedGroup::BalancedGroup;

  bool failover = true;
  bool build_message = false;

  std::string_view kind() const noexcept override { return "loadbalance"; }
  bool resends() const noexcept override { return failover; }

  Choice choose(Delivery& delivery, Message& message) const override {
    if (auto refused = enrol(delivery, message)) return *std::move(refused);
    Choice choice = next(delivery, message);
    if (choice.failed()) leave(delivery, message);
    return choice;
  }

  Retry next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const override {
    step(delivery).tried[step(delivery).child] = true;  // EP-135
    Retry retry;
    if (ask == Ask::failure && !failover) {  // EP-115, EP-116
      retry.kind = Retry::Kind::stop;
      return retry;
    }
    if (ask == Ask::failure && !may_fail_over(delivery, fault)) return retry;
    if (spent(delivery)) return retry;
    return retry_with(ask == Ask::listed ? next_listed(delivery, message) : next(delivery, message),
                      code::kLoadBalanceRetry);
  }

 protected:
  Need own_need() const noexcept override {
    return BalancedGroup::own_need() | (build_message && failover ? Need::body : Need::nothing);
  }

 private:
  Choice next(Delivery& delivery, Message& message) const {
    Fault last;
    for (;;) {
      const auto child = pick_admitted(delivery, message);
      if (!child) return none_ready(std::move(last));
      Result<void> applied = apply_properties(message);
      if (!applied) return std::move(applied).fault();
      Choice choice = enter(delivery, message, *child);
      if (!choice.failed() || !failover) return choice;
      last = std::move(choice.fault);
    }
  }
};

std::vector<std::shared_ptr<Endpoint>> read_members(xml::Bind& bind, bool failover, Build& build) {
  const endpoints::UnderShared shared(bind, build);
  std::vector<std::shared_ptr<Endpoint>> members;
  for (const xml::Element* element : bind.children("member"))
    if (auto member = read_member(*element, failover, build)) members.push_back(std::move(member));
  return members;
}

std::unique_ptr<Endpoint> loadbalance(const xml::Element& endpoint, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(endpoint, build);
  if (const auto* session = endpoint.child("session"))  // EP-003
    return endpoints::build_session_group(element, *session, build);
  xml::Bind bind(element, build.problems);
  auto group = std::make_unique<LoadBalance>(build);
  const bool known = group->read(bind, build);
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
