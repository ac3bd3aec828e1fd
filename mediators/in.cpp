// <in>mediators</in>
// Runs its children on requests and lets responses pass.

#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

struct In final : Mediator {
  std::unique_ptr<List> children;

  Flow run(Message& message) const override { return message.is_response() ? Flow::next : children->run(message); }
  void link(Linker& linker) override { children->link(linker); }
};

std::unique_ptr<Mediator> build_in(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  bind.ignore({"statistics", "trace"});
  auto in = std::make_unique<In>();
  in->children = build.list(element);
  bind.finish();
  return in;
}

}  // namespace

MYELIN_MEDIATOR("in", build_in);
}  // namespace myelin::mediators
