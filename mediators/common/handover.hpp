#pragma once
// Telling the exchange driver what to do with the message when the flow ends. One flow may send more
// than once (a router that goes on, the Apache dialect): what was asked for first then goes out on a
// copy of the message, as it stands when the second is asked for.

#include <string>

#include "engine/flow/mediator.hpp"

namespace myelin::mediators {

/// What is asked for: `kind` to `endpoint`, and the sequence for the answer, if it is not the service's own.
struct Wish {
  Pending::Kind kind;
  const Endpoint* endpoint = nullptr;
  std::string receive = {};
};

/// Makes the wish, with the fault stack as it stands, what the driver does and returns `after`; or
/// Flow::suspend, when the body has to be loaded for the copy first: then `self.resume()` has to return `after`.
Flow hand_over(Message& message, Wish wish, const Mediator& self, Flow after);

}  // namespace myelin::mediators
