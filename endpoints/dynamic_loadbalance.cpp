// <endpoint><dynamicLoadbalance [algorithm|policy]><membershipHandler class=""><property name="" value=""/>*
// </membershipHandler></dynamicLoadbalance>[<session/>]</endpoint>: spreads messages over the members of an
// application domain, which are found at run time (endpoints reference, 1.6).

#include "endpoints/common/membership.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

/// The application domain the handler names; empty after an error.
std::string read_domain(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string name(text::trim(bind.required("class")));
  std::map<std::string, std::string, std::less<>> properties;
  for (const xml::Element* child : bind.children("property")) {
    xml::Bind property(*child, build.problems);
    const std::string key = property.required("name");
    properties[key] = text::trim(property.required("value"));
    property.finish();
  }
  bind.finish();
  if (name.empty()) return {};
  const MembershipHandler* handler = MembershipHandlers::instance().find(name);
  if (!handler) {
    bind.error(bind.attribute("class")->where, "unknown membershipHandler " + xml::quote(name),
               "allowed: " + text::one_of(MembershipHandlers::instance().names()));
    return {};
  }
  std::string domain = properties[std::string(handler->domain_property)];
  if (domain.empty())
    bind.error("<membershipHandler> without property " + xml::quote(handler->domain_property),
               "it names the members' domain");
  return domain;
}

std::unique_ptr<Endpoint> dynamic_loadbalance(const xml::Element& endpoint, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(endpoint, build);
  xml::Bind bind(element, build.problems);
  auto made = endpoints::make_domain_group(endpoint, "dynamicLoadbalance", build);
  const bool known = made.group && made.group->read(bind, build);
  bind.ignore({"failover"});
  const xml::Element* handler = bind.child("membershipHandler");
  if (!handler) bind.error("<dynamicLoadbalance> without <membershipHandler>", "it says where the members are listed");
  const std::string domain = handler ? read_domain(*handler, build) : "";
  bool fine = known && !domain.empty();
  if (fine) fine = endpoints::use_domain(*made.group, domain, bind, build);
  bind.finish();
  return fine ? std::move(made.group) : nullptr;
}

MYELIN_ENDPOINT("dynamicLoadbalance", dynamic_loadbalance);

}  // namespace
}  // namespace myelin
