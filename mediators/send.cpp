// <send receive="sequence | {expression}"? buildmessage="true"?><endpoint .../>?</send>
// Sends the message to the endpoint, else to its To address, or, in a response, to the client. The
// answer goes to `receive`, else to the out flow. The flow ends; in the Apache dialect it goes on, and
// the message leaves when the flow has ended, as it then is.

#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"
#include "mediators/common/handover.hpp"
#include "mediators/common/sequence_key.hpp"

namespace myelin::mediators {
namespace {

struct Send final : Mediator {
  SequenceKey receive;
  std::unique_ptr<Endpoint> endpoint;
  bool build_message = false;

  Flow run(Message& message) const override {
    Wish wish{Pending::Kind::send, endpoint.get()};
    if (!receive.empty()) {
      Result<std::string> key = receive.key(message);
      if (!key) return fail(message, std::move(key).fault());
      wish.receive = *std::move(key);
    }
    return hand_over(message, std::move(wish), *this, after(message));
  }
  Flow resume(Message& message, std::uint32_t) const override { return after(message); }

  Need need() const noexcept override { return build_message ? Need::body : receive.need(); }
  void link(Linker& linker) override {
    receive.link(linker);
    if (endpoint) endpoint->link(linker);
  }

  static Flow after(const Message& message) {
    return message.artifacts && message.artifacts->apache_dialect() ? Flow::next : Flow::stop;
  }
};

std::unique_ptr<Mediator> build_send(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto send = std::make_unique<Send>();
  send->build_message = bind.is_true("buildmessage");
  if (const xml::Attribute* key = bind.attribute("receive")) send->receive.read(key, element, build);
  if (const xml::Element* endpoint = bind.child("endpoint")) send->endpoint = build.endpoint(*endpoint);
  bind.finish();
  return send;
}

}  // namespace

MYELIN_MEDIATOR("send", build_send);
}  // namespace myelin::mediators
