// <endpoint><loadbalance [algorithm="class" | policy="roundRobin"] [failover="false"] [buildMessage="true"]>
//   <discovery/>? endpoint* | <member hostName="" httpPort="" httpsPort=""/>+
// </loadbalance>[<session .../>]</endpoint>: spreads messages over its children.

#include "endpoints/common/member.hpp"
#include "endpoints/common/session_group.hpp"
#include "endpoints/common/spreading.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::Spreading;

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
  auto members = endpoints::read_members(bind, group->failover, build);
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
