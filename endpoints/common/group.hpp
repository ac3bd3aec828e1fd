#pragma once
// What groups share: children, readiness, and the balancing of load-balance groups. Immutable after
// link().

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/build.hpp"
#include "engine/ports/algorithm.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

class Group : public Endpoint {
 public:
  /// EP-117: any child is ready.
  bool ready(TimePoint now) const override;
  Need need() const noexcept override { return need_; }
  bool resends() const noexcept override { return true; }
  void link(Linker& linker) override;
  std::vector<const Endpoint*> children() const override;

  /// Takes the children over and becomes their parent.
  void adopt(std::vector<std::unique_ptr<Endpoint>> children);

 protected:
  /// What the group itself has to see of the message.
  virtual Need own_need() const noexcept { return Need::nothing; }

  static Step& step(Delivery& delivery) noexcept { return delivery.path[delivery.depth - 1]; }
  /// Untried and ready.
  bool available(Delivery& delivery, std::size_t child, TimePoint now) const;
  /// Goes down into a child; null leaf: it is marked as tried.
  Choice enter(Delivery& delivery, Message& message, std::size_t child) const;
  /// The child's own codes forbid it (6.2). Groups and keys of groups have none.
  static bool may_fail_over(const Delivery& delivery, const Fault& fault) noexcept;
  /// The answer to a child's failure: the next child, else this group has failed too.
  static Retry retry_with(Choice next);
  /// What to report when no child is left: the last one's fault, else 303000 (EP-113, EP-114).
  Fault none_ready(Fault last) const;

  std::vector<std::unique_ptr<Endpoint>> children_;

 private:
  Need need_ = Need::nothing;
};

/// The `<endpoint>` children of a group's element. Two with the same key are an error (EP-006).
std::vector<std::unique_ptr<Endpoint>> read_children(xml::Bind& bind, Build& build);

/// EP-137: Synapse reads `onError` of a group and never runs it.
void warn_of_on_error(const xml::Element& endpoint, Build& build);

/// `buildMessage`, or the global `build.message.on.failover.enable` (EP-139).
bool read_build_message(xml::Bind& bind, Build& build);

/// The algorithm of a load-balance group; its cursor is kept in the StateStore.
class Balancer {
 public:
  /// `algorithm` or `policy` (4.1); false after an error.
  bool read(xml::Bind& bind, Build& build);
  void link(const Endpoint& group, const std::vector<std::unique_ptr<Endpoint>>& children, bool host_members,
            Linker& linker);
  std::optional<std::size_t> pick(std::size_t members, const Readiness& ready, const Message& message) const noexcept;

 private:
  StateStore* states_ = nullptr;
  std::string name_ = "org.apache.synapse.endpoints.algorithms.RoundRobin";
  struct Instance;
  std::shared_ptr<Instance> instance_;
};

}  // namespace myelin::endpoints
