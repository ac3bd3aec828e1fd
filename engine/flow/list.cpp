#include "engine/flow/list.hpp"

#include "engine/flow/build.hpp"

namespace myelin {

Flow Mediator::resume(Message&, std::uint32_t) const { return Flow::next; }

namespace {

/// Whether what a child needs of the message is in memory, after taking what has arrived anyway.
bool satisfied(Message& message, Need need) {
  if (need == Need::nothing || message.payload.loaded()) return true;
  if (need == Need::header && message.payload.kind() != MediaKind::soap11 &&
      message.payload.kind() != MediaKind::soap12)
    return true;
  return message.payload.try_load(message.body_limit);
}

}  // namespace

Flow List::run_from(Message& message, std::uint32_t position) const {
  for (std::uint32_t i = position; i < children_.size(); ++i) {
    if (!satisfied(message, needs_[i])) {
      message.pending.kind = Pending::Kind::load;
      message.suspend_at(this, i);
      return Flow::suspend;
    }
    const Flow flow = children_[i]->run(message);
    if (flow == Flow::next) continue;
    if (flow == Flow::suspend) message.suspend_at(this, i + 1);
    return flow;
  }
  return Flow::next;
}

void List::link(Linker& linker) {
  needs_.clear();
  for (const auto& child : children_) {
    child->link(linker);
    needs_.push_back(child->need());
  }
}

}  // namespace myelin
