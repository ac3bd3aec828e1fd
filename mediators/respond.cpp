// <respond/>
// Sends the message as it is to the client and ends the flow.

#include "engine/flow/build.hpp"
#include "mediators/common/handover.hpp"

namespace myelin::mediators {
namespace {

struct Respond final : Mediator {
  Flow run(Message& message) const override {
    message.addressing().to.clear();
    message.response = true;
    return hand_over(message, Wish{Pending::Kind::reply}, *this, Flow::stop);
  }
  Flow resume(Message&, std::uint32_t) const override { return Flow::stop; }
};

std::unique_ptr<Mediator> build_respond(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  bind.finish();
  return std::make_unique<Respond>();
}

}  // namespace

MYELIN_MEDIATOR("respond", build_respond);
}  // namespace myelin::mediators
