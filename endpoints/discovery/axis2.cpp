// <membershipHandler class="org.apache.synapse.core.axis2.Axis2LoadBalanceMembershipHandler">
//   <property name="applicationDomain" value="d"/></membershipHandler>: in Synapse the members of an Axis2
// cluster; here the registry that settings `membership.*` name for the domain.

#include "engine/ports/discovery.hpp"

namespace myelin {
namespace {

constexpr MembershipHandler axis2{"applicationDomain"};

MYELIN_MEMBERSHIP(axis2, "org.apache.synapse.core.axis2.Axis2LoadBalanceMembershipHandler");

}  // namespace
}  // namespace myelin
