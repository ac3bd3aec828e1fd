// <propertyGroup><property .../>*</propertyGroup>
// Sets its properties in order.

#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"

namespace myelin::mediators {
namespace {

struct PropertyGroup final : Mediator {
  std::vector<std::unique_ptr<Mediator>> properties;

  Flow run(Message& message) const override {
    for (const auto& property : properties) {
      const Flow flow = property->run(message);
      if (flow != Flow::next) return flow;
    }
    return Flow::next;
  }
  Need need() const noexcept override {
    Need need = Need::nothing;
    for (const auto& property : properties) need = need | property->need();
    return need;
  }
};

std::unique_ptr<Mediator> build_property_group(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  bind.ignore({"statistics", "trace"});
  auto group = std::make_unique<PropertyGroup>();
  for (const xml::Element* child : element.children()) {
    if (child->is("description")) continue;
    if (!child->is("property")) {
      bind.error(child->where, "<" + child->name + "> in <propertyGroup>", "<property>");
      continue;
    }
    if (auto property = build.mediator(*child)) group->properties.push_back(std::move(property));
  }
  bind.finish();
  return group;
}

}  // namespace

MYELIN_MEDIATOR("propertyGroup", build_property_group);
}  // namespace myelin::mediators
