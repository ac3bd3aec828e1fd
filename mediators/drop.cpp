// <drop/>
// Ends the flow. Unless somebody else answers, the client gets 202 without a body.

#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

struct Drop final : Mediator {
  /// What was sent before (Apache dialect, routers) is on its way and is not taken back.
  Flow run(Message& message) const override {
    message.addressing().to.clear();
    return Flow::stop;
  }
};

std::unique_ptr<Mediator> build_drop(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  bind.finish();
  return std::make_unique<Drop>();
}

}  // namespace

MYELIN_MEDIATOR("drop", build_drop);
}  // namespace myelin::mediators
