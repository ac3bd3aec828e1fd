#include "mediators/common/property_list.hpp"

namespace myelin::mediators {

namespace {

const xml::Element* first_element(const xml::Element& element) {
  const std::vector<const xml::Element*> children = element.children();
  return children.empty() ? nullptr : children.front();
}

/// The one content of a property; null after an error.
std::unique_ptr<expr::Expression> read_value(xml::Bind& bind, Build& build) {
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  const xml::Element* inline_xml = first_element(bind.element());
  bind.all_children_known();
  if ((value != nullptr) + (expression != nullptr) + (inline_xml != nullptr) != 1) {
    bind.error("<property> needs exactly one content", "value=, expression= or one XML element inside");
    return nullptr;
  }
  if (expression) return build.expression(expression, bind.element());
  if (inline_xml) return expr::literal(inline_xml->outer_xml());
  if (value->value.empty()) {
    bind.error(value->where, "attribute 'value' of <property> is empty");
    return nullptr;
  }
  return expr::literal(value->value);
}

}  // namespace

void PropertyList::read(xml::Bind& bind, Build& build) {
  for (const xml::Element* element : bind.children("property")) {
    xml::Bind one(*element, build.problems);
    ListedProperty property;
    property.name = one.required("name");
    property.value = read_value(one, build);
    one.text("scope");
    one.finish();
    if (property.value) properties_.push_back(std::move(property));
  }
}

Need PropertyList::need() const noexcept {
  Need need = Need::nothing;
  for (const ListedProperty& property : properties_) need = need | property.value->need();
  return need;
}

}  // namespace myelin::mediators
