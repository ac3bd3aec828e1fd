// <endpoint><failover [dynamic="false"] [buildMessage="true"] [failoverOn= maxAttempts= deadline=
//   failbackDelay= spill=]> <shared/>? endpoint+ </failover></endpoint>: the first child that is ready.
// Dynamic goes back to the primary as soon as it is ready; static stays with the one that works
// (endpoints reference, 6.2; gateways reference, 4.2).

#include <algorithm>
#include <atomic>

#include "endpoints/common/attributes.hpp"
#include "endpoints/common/group.hpp"
#include "engine/base/random.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::Group;

/// The child that all messages use, when it is not simply the first; outlives redeploys.
struct Current final : State {
  std::atomic<std::uint32_t> child{0};
  std::atomic<std::int64_t> better_since{0};  ///< ns of the clock: an earlier child is ready; 0: none
};

class Failover final : public Group {
 public:
  Failover(Build& build, bool dynamic, bool build_message)
      : states_(&build.states), dynamic_(dynamic), build_message_(build_message) {}

  Duration failback_delay{0};    ///< ms a better child has to be ready before it is gone back to
  std::uint32_t spill = 100;     ///< percent of a child group that may be down before others share its load

  std::string_view kind() const noexcept override { return "failover"; }

  Choice choose(Delivery& delivery, Message& message) const override {
    if (auto refused = enrol(delivery, message)) return *std::move(refused);
    Choice choice = next(delivery, message);
    if (choice.failed()) leave(delivery, message);
    return choice;
  }

  Retry next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const override {
    step(delivery).tried.add(step(delivery).child);  // EP-135
    if (ask == Ask::failure && !may_fail_over(delivery, fault)) return {};  // EP-133, EP-134
    if (spent(delivery)) return {};
    return retry_with(ask == Ask::listed ? next_listed(delivery, message) : next(delivery, message),
                      code::kFailoverRetry);
  }

 protected:
  void do_link(Linker& linker) override {
    Group::do_link(linker);
    if (!dynamic_ || failback_delay.count() > 0)
      current_ = states_->get<Current>("failover " + key + ' ' + std::to_string(declared().size()));
  }
  Need own_need() const noexcept override { return build_message_ ? Need::body : Need::nothing; }

 private:
  Choice next(Delivery& delivery, Message& message) const {
    Result<void> applied = apply_properties(message);
    if (!applied) return std::move(applied).fault();
    Fault last;
    while (const auto child = pick(delivery)) {
      if (!members(step(delivery)).children[*child]->admit(delivery.started, Use::fresh)) {
        step(delivery).tried.add(*child);
        continue;
      }
      Choice choice = enter(delivery, message, *child);
      if (!choice.failed()) return choice;
      last = std::move(choice).fault();
    }
    return none_ready(std::move(last));
  }

  std::optional<std::size_t> pick(Delivery& delivery) const {
    const std::size_t count = members(step(delivery)).children.size();
    if (!dynamic_) {
      const std::size_t current = current_->child.load(std::memory_order_relaxed);
      if (current < count && available(delivery, current)) return current;
    }
    std::optional<std::size_t> first = first_available(delivery, 0);
    if (!first) return first;
    if (!dynamic_) current_->child.store(static_cast<std::uint32_t>(*first), std::memory_order_relaxed);
    if (dynamic_ && failback_delay.count() > 0) return delayed(delivery, *first);
    if (spill < 100) return spilled(delivery, *first);
    return first;
  }

  static std::optional<std::size_t> first_available(Delivery& delivery, std::size_t from) {
    for (std::size_t i = from; i < members(step(delivery)).children.size(); ++i)
      if (available(delivery, i)) return i;
    return std::nullopt;
  }

  /// Back to a better child only after it has been ready for the whole delay.
  std::size_t delayed(Delivery& delivery, std::size_t first) const {
    const std::size_t current = current_->child.load(std::memory_order_relaxed);
    const std::int64_t now = delivery.started.time_since_epoch().count();
    const bool stays = current > first && current < members(step(delivery)).children.size() && available(delivery, current);
    if (!stays) {
      current_->child.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
      current_->better_since.store(0, std::memory_order_relaxed);
      return first;
    }
    std::int64_t since = 0;
    if (current_->better_since.compare_exchange_strong(since, now, std::memory_order_relaxed)) since = now;
    if (now - since < std::chrono::nanoseconds(failback_delay).count()) return current;
    current_->child.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
    current_->better_since.store(0, std::memory_order_relaxed);
    return first;
  }

  /// A group of which more than `spill` percent are down keeps the share that those left can carry.
  std::size_t spilled(Delivery& delivery, std::size_t first) const {
    for (std::size_t child = first;;) {
      const auto below = members(step(delivery)).children[child]->children();
      const auto usable = std::count_if(below.begin(), below.end(), [&](const auto& endpoint) {
        return endpoint->ready(delivery.started, Use::fresh);
      });
      const double down = below.empty() ? 0 : 100.0 - 100.0 * static_cast<double>(usable) / static_cast<double>(below.size());
      const double share = down <= spill ? 1.0 : (100.0 - down) / (100.0 - spill);
      if (share >= 1.0 || random_fraction() < share) return child;
      const auto next = first_available(delivery, child + 1);
      if (!next) return first;
      child = *next;
    }
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
  endpoints::read_group(*endpoint, bind, build);
  endpoints::read_duration(bind, "failbackDelay", endpoint->failback_delay);
  endpoints::read_count(bind, "spill", endpoint->spill, 0, 100);
  endpoint->adopt(endpoints::read_children(bind, build));
  if (!element.child("endpoint")) bind.error("<failover> without children", "at least one <endpoint> is needed");
  bind.finish();
  if (endpoint->children().empty()) return nullptr;
  return endpoint;
}

MYELIN_ENDPOINT("failover", failover);

}  // namespace
}  // namespace myelin
