// <loopback/>
// Turns a request into a response: the out path of the proxy, API or main sequence runs on it. In a
// response it only ends the flow.

#include "engine/flow/build.hpp"
#include "mediators/common/handover.hpp"

namespace myelin::mediators {
namespace {

struct Loopback final : Mediator {
  Flow run(Message& message) const override {
    if (message.is_response()) return Flow::stop;
    message.addressing().to.clear();
    message.response = true;
    return hand_over(message, Wish{Pending::Kind::out}, *this, Flow::stop);
  }
  Flow resume(Message&, std::uint32_t) const override { return Flow::stop; }
};

std::unique_ptr<Mediator> build_loopback(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  bind.finish();
  return std::make_unique<Loopback>();
}

}  // namespace

MYELIN_MEDIATOR("loopback", build_loopback);
}  // namespace myelin::mediators
