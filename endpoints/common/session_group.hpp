#pragma once
// A load-balance endpoint with a sibling `<session>`: messages of one session go to one child
// (endpoints reference, 5).

#include <memory>

#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin::endpoints {

/// `element`: the `<loadbalance>`, `session`: its sibling. Null after an error.
std::unique_ptr<Endpoint> build_session_group(const xml::Element& element, const xml::Element& session, Build& build);

}  // namespace myelin::endpoints
