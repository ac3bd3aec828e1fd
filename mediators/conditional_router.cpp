// <conditionalRouter continueAfter="false">
//   <conditionalRoute breakRoute="true" asynchronous="false">
//     <condition>and | or | not | equal | match</condition>? <target .../>
//   </conditionalRoute>*
// </conditionalRouter>
// Runs the target of every route whose condition holds, up to one that breaks. An asynchronous target
// gets a copy of the message. A fault in a target ends the flow like any other.

#include "engine/base/log.hpp"
#include "engine/flow/build.hpp"
#include "mediators/common/evaluator.hpp"
#include "mediators/common/target.hpp"

namespace myelin::mediators {
namespace {

struct Route {
  std::unique_ptr<Evaluator> condition;  ///< null: always
  std::unique_ptr<Target> target;
  bool breaks = true;
  bool asynchronous = false;
};

struct ConditionalRouter final : Mediator {
  std::vector<Route> routes;
  bool continue_after = false;

  Flow run(Message& message) const override { return resume(message, 0); }

  /// `position`: the next route.
  Flow resume(Message& message, std::uint32_t position) const override {
    for (std::uint32_t i = position; i < routes.size(); ++i) {
      const Route& route = routes[i];
      const Result<bool> taken = route.condition ? route.condition->test(message) : Result<bool>(true);
      if (!taken) return fail(message, taken.fault());
      if (!*taken) continue;
      const std::uint32_t next = route.breaks ? static_cast<std::uint32_t>(routes.size()) : i + 1;
      if (route.asynchronous) {
        run_copy(message, *route.target);
      } else {
        const Flow flow = route.target->run(message);
        if (flow == Flow::fault) return flow;
        if (flow == Flow::suspend) {
          message.suspend_at(this, next);
          return flow;
        }
      }
      if (route.breaks) break;
    }
    return continue_after ? Flow::next : Flow::stop;
  }

  /// The body is loaded first: targets may get copies.
  Need need() const noexcept override { return Need::body; }

  void link(Linker& linker) override {
    for (Route& route : routes) route.target->link(linker);
  }

 private:
  static void run_copy(Message& message, const Target& target) {
    std::unique_ptr<Message> copy = message.clone();
    const Flow flow = target.run(*copy);
    if (flow == Flow::fault) {
      log::warn("mediator", message.log_prefix() + "an asynchronous route failed: " + copy->fault.message);
      return;
    }
    for (std::size_t i = 0; i < copy->spawned.size(); ++i) {
      message.spawned.push_back(std::move(copy->spawned[i]));
      message.spawned_pending.push_back(std::move(copy->spawned_pending[i]));
    }
    copy->spawned.clear();
    copy->spawned_pending.clear();
    if (copy->pending.kind == Pending::Kind::none) return;
    Pending pending = std::exchange(copy->pending, Pending{});
    message.spawned.push_back(std::move(copy));
    message.spawned_pending.push_back(std::move(pending));
  }
};

bool read_route(ConditionalRouter& router, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  Route route;
  route.breaks = bind.strict_bool("breakRoute").value_or(true);
  route.asynchronous = bind.strict_bool("asynchronous").value_or(false);
  bool usable = true;
  if (const xml::Element* condition = bind.child("condition")) {
    const std::vector<const xml::Element*> children = condition->children();
    if (children.empty()) bind.error(condition->where, "<condition> is empty", "and, or, not, equal or match");
    if (!children.empty()) route.condition = Evaluator::read(*children.front(), build);
    usable = route.condition != nullptr;
  }
  const xml::Element* target = bind.child("target");
  if (!target) bind.error("<conditionalRoute> without <target>");
  if (target) route.target = Target::read(*target, build);
  bind.finish();
  if (!usable || !route.target) return false;
  router.routes.push_back(std::move(route));
  return true;
}

std::unique_ptr<Mediator> build_conditional_router(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto router = std::make_unique<ConditionalRouter>();
  router->continue_after = bind.strict_bool("continueAfter").value_or(false);
  bool usable = true;
  for (const xml::Element* route : bind.children("conditionalRoute")) usable &= read_route(*router, *route, build);
  bind.finish();
  if (!usable) return nullptr;
  return router;
}

}  // namespace

MYELIN_MEDIATOR("conditionalRouter", build_conditional_router);
}  // namespace myelin::mediators
