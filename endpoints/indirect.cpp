// <endpoint key="name"/>: a named endpoint, found when the configuration is linked.
// <endpoint key-expression="xpath"/>: a named endpoint, found for each message.

#include <unordered_set>

#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin {
namespace {

/// Keys may lead to endpoints that are keys again; a circle through expressions ends here.
constexpr std::uint32_t kMostHops = 32;

Fault unresolved(std::string_view key) {
  return Fault(code::kUnresolved, "Couldn't find the endpoint with the key : " + std::string(key));
}

Choice follow(const Endpoint* target, std::string_view key, Delivery& delivery, Message& message) {
  if (!target) return unresolved(key);  // EP-054
  if (delivery.hops >= kMostHops)
    return Fault(code::kUnresolved, "endpoint keys lead in a circle: " + std::string(key));
  ++delivery.hops;
  Choice choice = target->choose(delivery, message);
  --delivery.hops;
  return choice;
}

/// A key that is switched off is an endpoint that is not ready, whatever its target is.
Fault switched_off(const Endpoint& endpoint, std::string_view key) {
  return Fault(code::kEndpointNotReady,
               "Currently unavailable endpoint: " + (endpoint.name.empty() ? std::string(key) : endpoint.name));
}

/// The parent link of a target stays its own: it is a root wherever a key leads to it (1.11).
class Indirect final : public Endpoint {
 public:
  explicit Indirect(std::string target_key) : target_key_(std::move(target_key)) {}

  std::string_view kind() const noexcept override { return "indirect"; }
  bool ready(TimePoint now, Use use) const override { return switched_on(use) && target_ && target_->ready(now, use); }
  Need need() const noexcept override { return target_ ? target_->need() : Need::nothing; }
  std::vector<std::shared_ptr<const Endpoint>> children() const override {
    return target_ ? target_->children() : std::vector<std::shared_ptr<const Endpoint>>{};
  }
  std::uint32_t in_flight() const override { return target_ ? target_->in_flight() : 0; }
  std::uint32_t latency() const override { return target_ ? target_->latency() : 0; }
  std::string_view identity() const noexcept override { return target_key_; }
  /// A target is switched by its own name.
  void set_switch(Switch position) const override { condition().set_position(position); }

  /// EP-053: a deployment never changes, so what was linked is what a lookup would find; a key that
  /// nothing defined then is looked up again, it may stand in a registry.
  Choice choose(Delivery& delivery, Message& message) const override {
    if (!switched_on(delivery.use)) return switched_off(*this, target_key_);
    const Endpoint* target = target_;
    if (!target && !circular_ && message.artifacts) target = message.artifacts->endpoint(target_key_);
    return follow(target, target_key_, delivery, message);
  }

 protected:
  void do_link(Linker& linker) override {
    target_ = linker.endpoint(target_key_, where);
    std::unordered_set<const Endpoint*> seen;
    if (!target_ || !leads_here(*target_, seen)) return;
    linker.problems.error(where, "endpoint key '" + target_key_ + "' leads back to itself");
    circular_ = true;
    target_ = nullptr;
  }

 private:
  bool leads_here(const Endpoint& from, std::unordered_set<const Endpoint*>& seen) const {
    if (&from == this) return true;
    if (!seen.insert(&from).second) return false;
    if (const auto* next = dynamic_cast<const Indirect*>(&from))
      return next->target_ && leads_here(*next->target_, seen);
    for (const auto& child : from.children())
      if (leads_here(*child, seen)) return true;
    return false;
  }

  std::string target_key_;
  const Endpoint* target_ = nullptr;
  bool circular_ = false;
};

class Resolving final : public Endpoint {
 public:
  explicit Resolving(std::unique_ptr<expr::Expression> expression) : expression_(std::move(expression)) {}

  std::string_view kind() const noexcept override { return "resolving"; }
  bool ready(TimePoint, Use use) const override { return switched_on(use); }
  Need need() const noexcept override { return expression_->need(); }

  Choice choose(Delivery& delivery, Message& message) const override {  // EP-055
    if (!switched_on(delivery.use)) return switched_off(*this, expression_->source());
    auto found = expression_->text(message);
    if (!found) return std::move(found).fault();
    if (!*found || !message.artifacts) return unresolved(expression_->source());
    return follow(message.artifacts->endpoint(**found), **found, delivery, message);
  }

 private:
  std::unique_ptr<expr::Expression> expression_;
};

std::unique_ptr<Endpoint> indirect(const xml::Element& element, const xml::Element&, Build& build) {
  xml::Bind bind(element, build.problems);
  std::string key = bind.required("key");
  if (key.empty()) return nullptr;
  return std::make_unique<Indirect>(std::move(key));
}

std::unique_ptr<Endpoint> resolving(const xml::Element& element, const xml::Element&, Build& build) {
  auto expression = build.expression(element.attribute("key-expression"), element);
  if (!expression) return nullptr;
  build.note_computed_key();
  return std::make_unique<Resolving>(std::move(expression));
}

MYELIN_ENDPOINT("@key", indirect);
MYELIN_ENDPOINT("@key-expression", resolving);

}  // namespace
}  // namespace myelin
