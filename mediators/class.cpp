// <class name="class name"><property name="n" value="v" | expression="e"/>*</class>
// A registered native class.

#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/class_parameters.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/xml/words.hpp"

namespace myelin::mediators {
namespace {

void read_property(const xml::Element& element, ClassParameters& parameters, Build& build) {
  xml::Bind bind(element, build.problems);
  std::string name = bind.required("name");
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  const auto children = element.children();
  bind.all_children_known();
  bind.ignore({"scope"});
  bind.finish();
  if ((value != nullptr) + (expression != nullptr) + !children.empty() != 1) {
    bind.error("<property> needs exactly one content", "value=, expression= or one XML element inside");
    return;
  }
  std::unique_ptr<expr::Expression> compiled;
  if (expression && !(compiled = build.expression(expression, element))) return;
  std::string text = value ? value->value : children.empty() ? std::string() : children.front()->outer_xml();
  if (!name.empty()) parameters.add(std::move(name), std::move(text), std::move(compiled), element.where);
}

std::unique_ptr<Mediator> build_class(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string name(text::trim(bind.required("name")));  // MED-176
  ClassParameters parameters(name, element.where, build.problems);
  for (const xml::Element* property : bind.children("property")) read_property(*property, parameters, build);
  bind.finish();
  if (name.empty()) return nullptr;
  const ClassMediatorFactory* factory = ClassMediators::instance().find(name);
  if (!factory) {
    const auto names = ClassMediators::instance().names();
    bind.error("unknown mediator class " + xml::quote(name),
               names.empty() ? "no plug-in brings one" : "allowed: " + text::one_of(names));
    return nullptr;
  }
  auto mediator = (*factory)(parameters, build);
  parameters.finish();
  return mediator;
}

}  // namespace

MYELIN_MEDIATOR("class", build_class);
}  // namespace myelin::mediators
