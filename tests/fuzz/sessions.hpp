#pragma once
// A session dispatcher as a configuration makes it, for the targets that look at cookies.

#include <memory>
#include <string>

#include "engine/flow/build.hpp"
#include "engine/ports/session.hpp"
#include "engine/ports/state.hpp"
#include "engine/runtime/deployment.hpp"
#include "engine/xml/reader.hpp"

namespace myelin::fuzz {

/// `attributes`: what stands in `<session ...>` beside its type; `setting`: a line of myelin.properties.
inline std::unique_ptr<SessionDispatcher> session(std::string_view type, std::string_view attributes = {},
                                                  std::string_view setting = {}) {
  xml::Problems problems;
  StateStore states;
  Deployment deployment;
  if (const auto equals = setting.find('='); equals != std::string_view::npos)
    deployment.settings.set(std::string(setting.substr(0, equals)), std::string(setting.substr(equals + 1)));
  const auto document = xml::read("<session xmlns=\"http://ws.apache.org/ns/synapse\" type=\"" + std::string(type) + "\" " +
                                      std::string(attributes) + "/>", "session.xml", problems);
  xml::Bind bind(*document->root, problems);
  Build build(problems, states, deployment, ".", "endpoint:e");
  return (*SessionDispatchers::instance().find(type))(bind, build);
}

}  // namespace myelin::fuzz
