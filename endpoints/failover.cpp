// <endpoint><failover [dynamic="false"] [buildMessage="true"]> endpoint+ </failover></endpoint>: the
// first child that is ready. Dynamic goes back to the primary as soon as it is ready; static stays
// with the one that works (endpoints reference, 6.2).

#include <atomic>

#include "endpoints/common/group.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::Group;

/// The child that all messages of a static group use; outlives redeploys.
struct Current final : State {
  std::atomic<std::uint32_t> child{0};
};

class Failover final : public Group {
 public:
  Failover(Build& build, bool dynamic, bool build_message)
      : states_(&build.states), dynamic_(dynamic), build_message_(build_message) {}

  std::string_view kind() const noexcept override { return "failover"; }

  void link(Linker& linker) override {
    Group::link(linker);
    if (!dynamic_) current_ = states_->get<Current>("failover " + key + ' ' + std::to_string(children_.size()));
  }

  Choice choose(Delivery& delivery, Message& message) const override {
    delivery.push(*this, children_.size());
    Choice choice = next(delivery, message);
    if (!choice.leaf) delivery.pop();
    return choice;
  }

  Retry child_failed(Delivery& delivery, Message& message, const Fault& fault) const override {
    step(delivery).tried[step(delivery).child] = true;  // EP-135
    Retry retry;
    if (!may_fail_over(delivery, fault)) return retry;  // EP-133, EP-134
    return retry_with(next(delivery, message));
  }

 protected:
  Need own_need() const noexcept override { return build_message_ ? Need::body : Need::nothing; }

 private:
  Choice next(Delivery& delivery, Message& message) const {
    Result<void> applied = apply_properties(message);
    if (!applied) return std::move(applied).fault();
    Fault last;
    while (const auto child = pick(delivery, Clock::now())) {
      if (!children_[*child]->admit(Clock::now())) {
        step(delivery).tried[*child] = true;
        continue;
      }
      Choice choice = enter(delivery, message, *child);
      if (choice.leaf) return choice;
      last = std::move(choice.fault);
    }
    return none_ready(std::move(last));
  }

  std::optional<std::size_t> pick(Delivery& delivery, TimePoint now) const {
    if (!dynamic_) {
      const std::size_t current = current_->child.load(std::memory_order_relaxed);
      if (current < children_.size() && available(delivery, current, now)) return current;
    }
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (!available(delivery, i, now)) continue;
      if (!dynamic_) current_->child.store(static_cast<std::uint32_t>(i), std::memory_order_relaxed);
      return i;
    }
    return std::nullopt;
  }

  StateStore* states_;
  bool dynamic_;
  bool build_message_;
  std::shared_ptr<Current> current_;
};

std::unique_ptr<Endpoint> failover(const xml::Element& parent, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(parent, build);
  xml::Bind bind(element, build.problems);
  const auto dynamic = bind.text("dynamic");
  auto endpoint = std::make_unique<Failover>(build, !(dynamic && text::is_false(*dynamic)),
                                             endpoints::read_build_message(bind, build));
  endpoint->adopt(endpoints::read_children(bind, build));
  if (!element.child("endpoint")) bind.error("<failover> without children", "at least one <endpoint> is needed");
  bind.finish();
  if (endpoint->children().empty()) return nullptr;
  return endpoint;
}

MYELIN_ENDPOINT("failover", failover);

}  // namespace
}  // namespace myelin
