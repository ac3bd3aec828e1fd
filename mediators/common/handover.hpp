#pragma once
// Telling the exchange driver what to do with the message when the flow ends. One flow may send more
// than once (a router that goes on, the Apache dialect): what was asked for first then goes out on a
// copy of the message, as it stands when the second is asked for.

#include "engine/flow/mediator.hpp"

namespace myelin::mediators {

/// Makes `next` what the driver does and returns `after`; or Flow::suspend, when the body has to be
/// loaded for the copy first: then `self.resume()` has to return `after`.
Flow hand_over(Message& message, Pending next, const Mediator& self, Flow after);

/// The fault stack as it stands goes with a send or call.
Pending sending(const Message& message, Pending::Kind kind, const Endpoint* endpoint);

}  // namespace myelin::mediators
