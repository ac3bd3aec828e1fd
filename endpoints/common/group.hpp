#pragma once
// What groups share: children, readiness, limits of one message's way through them, `<shared>`.
// Immutable after link(), but for the children of a group with discovery: each message sees the
// children that were there when it came to the group.

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "endpoints/common/breaker.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

/// The children as one message sees them; balanced groups add what they choose by.
struct Membership {
  virtual ~Membership() = default;
  std::vector<std::shared_ptr<Endpoint>> children;
  std::vector<std::uint64_t> ids;  ///< stable_hash() of their identities; balanced groups only
  /// Those from here on have left: until their time only sessions that are bound to them go there.
  std::size_t present = 0;
  std::vector<TimePoint> left_until;  ///< of those after `present`

  bool here(std::size_t child, TimePoint now) const noexcept {
    return child < present || now < left_until[child - present];
  }
};

/// The axis by which a child counts as usable (gateways reference, 4.5).
enum class FailoverOn : std::uint8_t { unset, fault, health, both };

class Group : public Endpoint {
 public:
  FailoverOn failover_on = FailoverOn::unset;
  std::uint32_t max_attempts = 0;  ///< children chosen for one message; 0: no limit
  Duration deadline{0};            ///< ms, of one message in this group; 0: none
  std::optional<BreakerRules> breaker;  ///< of the group as a whole: scope api or subscription

  /// EP-117: any child is ready.
  bool ready(TimePoint now, Use use) const override;
  Need need() const noexcept override { return need_; }
  bool resends() const noexcept override { return true; }
  bool changes() const noexcept override { return slots_ != nullptr; }
  std::vector<std::shared_ptr<const Endpoint>> children() const override;
  std::uint32_t in_flight() const override;
  std::uint32_t latency() const override;
  bool exhausted(const Delivery& delivery, std::size_t level) const override;
  void finished(Message& message, bool answered, TimePoint began, TimePoint now) const override;
  void spared(Message& message) const override;

  /// Takes the children over and becomes their parent.
  void adopt(std::vector<std::shared_ptr<Endpoint>> children);

 protected:
  void do_link(Linker& linker) override;
  /// What the group itself has to see of the message.
  virtual Need own_need() const noexcept { return Need::nothing; }
  /// The children to serve from now on, with what the group chooses by. Called by do_link() after the
  /// children are linked, and by whoever replaces them.
  virtual std::shared_ptr<Membership> enlist(std::vector<std::shared_ptr<Endpoint>> children, Linker& linker) const;
  /// Replaces the children while others serve; thread safe. They are linked and have this parent.
  void replace(std::shared_ptr<const Membership> members) const;
  /// What children that come later will need.
  void also_needs(Need need) noexcept { need_ = need_ | need; }

  /// The children of now; the second keeps them when they may change.
  struct Held {
    const Membership* members = nullptr;
    std::shared_ptr<const Membership> pin;
    const Membership* operator->() const noexcept { return members; }
  };
  Held hold() const;

  static Step& step(Delivery& delivery) noexcept { return delivery.path[delivery.depth - 1]; }
  static const Membership& members(const Step& step) noexcept { return *static_cast<const Membership*>(step.members); }

  /// The message comes to this group: pushes the step, or says why the group takes none.
  std::optional<Fault> enrol(Delivery& delivery, Message& message) const;
  /// Leaves it again, without a choice.
  void leave(Delivery& delivery, Message& message) const;
  bool spent(const Delivery& delivery) const { return exhausted(delivery, delivery.depth - 1); }
  /// Untried and ready.
  static bool available(Delivery& delivery, std::size_t child);
  /// Goes down into a child; no choice: it is marked as tried.
  Choice enter(Delivery& delivery, Message& message, std::size_t child) const;
  /// The next child in declared order after the one that was tried, wrapping round.
  Choice next_listed(Delivery& delivery, Message& message) const;
  /// The child's own codes forbid it (6.2). Groups and keys of groups have none.
  static bool may_fail_over(const Delivery& delivery, const Fault& fault) noexcept;
  /// The answer to a child's failure: the next child, else this group has failed too.
  Retry retry_with(Choice next, int moved_on) const;
  /// What to report when no child is left: the last one's fault, else 303000 (EP-113, EP-114).
  Fault none_ready(Fault last) const;

 private:
  Breaker& breaker_of(Message& message) const;

  std::vector<std::shared_ptr<Endpoint>> declared_;  ///< until link(), and the declared part afterwards
  Need need_ = Need::nothing;
  std::shared_ptr<const Membership> fixed_;

  /// The children of a group that changes: a copy for each thread, so that taking it meets nobody.
  struct alignas(64) Slot {
    std::mutex mutex;
    std::shared_ptr<const Membership> members;
  };
  using Slots = std::array<Slot, 8>;
  mutable std::unique_ptr<Slots> slots_;

  class Breakers;
  std::shared_ptr<Breakers> breakers_;

 protected:
  /// Before link(): the children may be replaced later.
  void expect_changes() { slots_ = std::make_unique<Slots>(); }
  const std::vector<std::shared_ptr<Endpoint>>& declared() const noexcept { return declared_; }
};

/// The `<endpoint>` children of a group's element, under its `<shared>`. Two with the same key are an
/// error (EP-006).
std::vector<std::shared_ptr<Endpoint>> read_children(xml::Bind& bind, Build& build);

/// `failoverOn`, `maxAttempts`, `deadline`, and the group's own part of `<shared>`.
void read_group(Group& group, xml::Bind& bind, Build& build);

/// A text for each child by which it is known on every server that has it: the name, else the address,
/// else its place; numbered where several would be the same.
std::vector<std::string> identities_of(const std::vector<std::shared_ptr<Endpoint>>& children);

/// While it lives, children are built under the `<shared>` of a group's element.
class UnderShared {
 public:
  UnderShared(xml::Bind& bind, Build& build);
  UnderShared(const UnderShared&) = delete;
  ~UnderShared();

 private:
  Build& build_;
  bool pushed_ = false;
};

/// EP-137: Synapse reads `onError` of a group and never runs it.
void warn_of_on_error(const xml::Element& endpoint, Build& build);

/// `buildMessage`, or the global `build.message.on.failover.enable` (EP-139).
bool read_build_message(xml::Bind& bind, Build& build);

/// The fault of a group that has nobody to send to, in Synapse's words, by which logs are searched.
Fault no_ready_children(std::string_view kind, std::string_view name);

}  // namespace myelin::endpoints
