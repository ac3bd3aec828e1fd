#pragma once
// Members of an application domain (endpoints reference, 1.6 and 1.7): hosts that are found at run time
// and take the message's own path. Settings say where a domain's members are listed:
//   membership.provider=consul            membership.DOMAIN.provider=file
//   membership.url=http://consul:8500     membership.DOMAIN.path=members.json
// The entry of the domain wins. Without `service` (consul) or `name` (dns) the domain is the name.

#include <memory>
#include <string>

#include "endpoints/common/balanced.hpp"

namespace myelin::endpoints {

/// A balanced group, with sessions when `<session>` stands beside its element; null after an error.
struct DomainGroup {
  std::unique_ptr<BalancedGroup> group;
  class Spreading* plain = nullptr;  ///< the same, when it has no sessions
};
DomainGroup make_domain_group(const xml::Element& endpoint, std::string_view element, Build& build);

/// The members of `domain` become the group's. A domain without a provider warns: its group is empty.
/// False after an error.
bool use_domain(BalancedGroup& group, const std::string& domain, xml::Bind& bind, Build& build);

}  // namespace myelin::endpoints
