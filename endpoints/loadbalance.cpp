// <endpoint><loadbalance [algorithm="class" | policy="roundRobin"] [failover="false"] [buildMessage="true"]>
//   <discovery/>? endpoint* | <member hostName="" httpPort="" httpsPort=""/>+
// </loadbalance>[<session .../>]</endpoint>: spreads messages over its children.

#include "endpoints/common/attributes.hpp"
#include "endpoints/common/blocks.hpp"
#include "endpoints/common/host.hpp"
#include "endpoints/common/session_group.hpp"
#include "endpoints/common/spreading.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::Host;
using endpoints::Spreading;

// --- members ----------------------------------------------------------------------------------------

std::unique_ptr<Endpoint> read_member(const xml::Element& element, bool failover, Build& build) {
  xml::Bind bind(element, build.problems);
  auto member = std::make_unique<Host>(build);
  const std::string host = bind.required("hostName");
  if (!host.empty()) member->host = endpoints::resolve_environment(*bind.attribute("hostName"), build);
  member->http_port = bind.integer("httpPort").value_or(-1);
  if (const auto port = bind.attribute("httpsPort"); port && !text::trim(port->value).empty())
    member->https_port = bind.integer("httpsPort").value_or(-1);
  member->name_ports();
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
  auto group = std::make_unique<Spreading>(build, "loadbalance");
  const bool known = group->read(bind, build);
  const auto failover = bind.text("failover");
  group->failover = !(failover && text::iequals(*failover, "false"));  // EP-036
  group->build_message = endpoints::read_build_message(bind, build);
  auto children = endpoints::read_children(bind, build);
  auto members = read_members(bind, group->failover, build);
  auto discovery = endpoints::read_discovery(bind, build);
  const bool has_endpoints = element.child("endpoint") || element.child("discovery");
  group->host_members = element.child("member") != nullptr;
  if (has_endpoints == group->host_members)  // EP-035
    bind.error(has_endpoints ? "<loadbalance> with <endpoint> and <member>" : "<loadbalance> without children",
               "either <endpoint> or <member> children, or <discovery>, are needed");
  bind.finish();
  group->adopt(group->host_members ? std::move(members) : std::move(children));
  if (discovery) group->discover(*std::move(discovery), bind, build);
  const bool empty = group->children().empty() && !group->discovers();
  if (!known || has_endpoints == group->host_members || empty) return nullptr;
  return group;
}

MYELIN_ENDPOINT("loadbalance", loadbalance);

}  // namespace
}  // namespace myelin
