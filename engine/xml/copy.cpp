#include "engine/xml/copy.hpp"

namespace myelin::xml {

std::unique_ptr<Element> copy(const Element& from, const Element* parent) {
  auto made = std::make_unique<Element>();
  made->name = from.name;
  made->prefix = from.prefix;
  made->ns = from.ns;
  made->declarations = from.declarations;
  made->attributes = from.attributes;
  made->where = from.where;
  made->parent = parent;
  for (const Node& node : from.nodes) {
    Node& own = made->nodes.emplace_back();
    own.kind = node.kind;
    own.text = node.text;
    if (node.element) own.element = copy(*node.element, made.get());
  }
  return made;
}

}  // namespace myelin::xml
