#pragma once
// <healthCheck type="http|tcp|tls" enabled schedule|interval timeout jitter rise fall start="up|down|unknown"
//     inherit counting="consecutive|saturating|cumulative">
//   <request method path fromRoot><header name value/>* <body/></request>
//   <assert expression=|status=|header= [value=]/>*
// </healthCheck>, in a leaf or in a group's `<shared>` (gateways reference, 4.3).

#include "endpoints/common/leaf.hpp"

namespace myelin::endpoints {

/// Reads the leaf's own block, else the nearest `<shared>` one. The own one gives way to it when it says
/// inherit="true"; enabled="false" on either then switches the check off (GW-131).
void read_health_check(SendingLeaf& leaf, xml::Bind& bind, Build& build);

}  // namespace myelin::endpoints
