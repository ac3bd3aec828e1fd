#include "engine/flow/sequence.hpp"

#include "engine/flow/build.hpp"

namespace myelin {

namespace {
constexpr std::uint32_t kDeepest = 64;  // REL-026
}

Flow Sequence::run(Message& message) const {
  if (message.depth >= kDeepest)
    return fail(message, Fault("sequences are nested deeper than 64 calls at '" + name + "'"));
  if (handler_) message.handlers.push_back(handler_);
  ++message.depth;
  return leave(message, List::run(message));
}

Flow Sequence::resume(Message& message, std::uint32_t position) const {
  return leave(message, List::resume(message, position));
}

/// The onError handler is on the stack only while the list runs; after a fault it stays, for the
/// driver to find.
Flow Sequence::leave(Message& message, Flow flow) const {
  --message.depth;
  if (handler_ && (flow == Flow::next || flow == Flow::stop) && !message.handlers.empty() &&
      message.handlers.back() == handler_)
    message.handlers.pop_back();
  return flow;
}

void Sequence::link(Linker& linker) {
  List::link(linker);
  handler_ = on_error.empty() ? nullptr : linker.sequence(on_error, where);
}

}  // namespace myelin
