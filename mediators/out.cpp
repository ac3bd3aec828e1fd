// <out>mediators</out>
// Runs its children on responses and lets requests pass.

#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

struct Out final : Mediator {
  std::unique_ptr<List> children;

  Flow run(Message& message) const override { return message.is_response() ? children->run(message) : Flow::next; }
  void link(Linker& linker) override { children->link(linker); }
};

std::unique_ptr<Mediator> build_out(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  bind.ignore({"statistics", "trace"});
  auto out = std::make_unique<Out>();
  out->children = build.list(element);
  bind.finish();
  return out;
}

}  // namespace

MYELIN_MEDIATOR("out", build_out);
}  // namespace myelin::mediators
