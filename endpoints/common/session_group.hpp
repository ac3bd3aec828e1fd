#pragma once
// A load-balance endpoint with a sibling `<session>`: messages of one session go to one child
// (endpoints reference, 5).

#include <memory>

#include "endpoints/common/balanced.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin::endpoints {

/// `element`: the `<loadbalance>`, `session`: its sibling. Null after an error.
std::unique_ptr<Endpoint> build_session_group(const xml::Element& element, const xml::Element& session, Build& build);

/// The same for members that are found at run time (5.6): use extends a session, and one whose member fails
/// goes on as a new one elsewhere. `element` names the kind; the caller reads the rest.
std::unique_ptr<BalancedGroup> make_member_session_group(const xml::Element& session, std::string_view element,
                                                         Build& build);

}  // namespace myelin::endpoints
