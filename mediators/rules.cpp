// <rules>mediators</rules>, <synapse>mediators</synapse>
// The lists of old configurations: their children run as if they stood here.

#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

std::unique_ptr<Mediator> build_list(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  bind.ignore({"statistics", "trace"});
  bind.finish();
  return build.list(element);
}

constexpr MediatorFactory build_rules = &build_list;
constexpr MediatorFactory build_synapse = &build_list;

}  // namespace

MYELIN_MEDIATOR("rules", build_rules);
MYELIN_MEDIATOR("synapse", build_synapse);
}  // namespace myelin::mediators
