#pragma once
// `<member hostName= httpPort= httpsPort=/>` of groups: a host and its ports; the path is the message's
// (endpoints reference, 1.4).

#include <memory>
#include <vector>

#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

/// The `<member>` children of a group's element, under its `<shared>`. `suspends`: one that failed is left
/// out for `member.probe.interval`.
std::vector<std::shared_ptr<Endpoint>> read_members(xml::Bind& bind, bool suspends, Build& build);

}  // namespace myelin::endpoints
