#include "engine/xml/element.hpp"

#include <algorithm>

#include "engine/xml/write.hpp"

namespace myelin::xml {

const Attribute* Element::attribute(std::string_view local) const noexcept {
  for (const Attribute& found : attributes)
    if (found.name == local && found.ns.empty()) return &found;
  return nullptr;
}

const Element* Element::child(std::string_view local) const noexcept {
  for (const Node& node : nodes)
    if (node.element && node.element->is(local)) return node.element.get();
  return nullptr;
}

std::vector<const Element*> Element::children() const {
  std::vector<const Element*> found;
  for (const Node& node : nodes)
    if (node.element) found.push_back(node.element.get());
  return found;
}

std::string Element::text() const {
  std::string all;
  for (const Node& node : nodes)
    if (node.kind == Node::Kind::text || node.kind == Node::Kind::cdata) all += node.text;
  return all;
}

Namespaces Element::namespaces() const {
  Namespaces scope;
  const auto bound = [&scope](const std::string& wanted) {
    return std::any_of(scope.begin(), scope.end(), [&](const auto& entry) { return entry.first == wanted; });
  };
  for (const Element* at = this; at; at = at->parent)
    for (const auto& [declared, uri] : at->declarations)
      if (!bound(declared)) scope.emplace_back(declared, uri);
  return scope;
}

std::optional<std::string_view> Element::resolve(std::string_view wanted) const noexcept {
  if (wanted == "xml") return "http://www.w3.org/XML/1998/namespace";
  for (const Element* at = this; at; at = at->parent)
    for (const auto& [declared, uri] : at->declarations)
      if (declared == wanted) return uri;
  return std::nullopt;
}

std::string qualified_name(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : std::string(prefix) + ':' + std::string(name);
}

void write_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  for (const char c : value) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#xA;"; break;
      case '\t': out += "&#x9;"; break;
      case '\r': out += "&#xD;"; break;
      default: out += c;
    }
  }
  out += '"';
}

void write_text(std::string& out, std::string_view value) {
  const std::size_t begin = out.size();
  for (const char c : value) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>':  // only the end of a CDATA section may not stand in text
        out += std::string_view(out).substr(begin).ends_with("]]") ? "&gt;" : ">";
        break;
      case '\r': out += "&#xD;"; break;
      default: out += c;
    }
  }
}

void write_start(std::string& out, const Element& element, const Namespaces& extra) {
  const auto declare = [&out](const auto& entry) {
    write_attribute(out, entry.first.empty() ? "xmlns" : "xmlns:" + entry.first, entry.second);
  };
  out += '<' + qualified_name(element.prefix, element.name);
  for (const auto& entry : extra) declare(entry);
  for (const auto& entry : element.declarations) declare(entry);
  for (const Attribute& attribute : element.attributes)
    write_attribute(out, qualified_name(attribute.prefix, attribute.name), attribute.value);
}

namespace {

void write_element(std::string& out, const Element& element, const Namespaces& extra) {
  write_start(out, element, extra);
  if (element.nodes.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  for (const Node& node : element.nodes) write_node(out, node);
  out += "</" + qualified_name(element.prefix, element.name) + '>';
}

}  // namespace

void write_node(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::element: write_element(out, *node.element, {}); break;
    case Node::Kind::text: write_text(out, node.text); break;
    case Node::Kind::cdata: out += "<![CDATA[" + node.text + "]]>"; break;
    case Node::Kind::comment: out += "<!--" + node.text + "-->"; break;
    case Node::Kind::pi: out += "<?" + node.text + "?>"; break;
  }
}

namespace {

bool mentions(std::string_view value, const std::string& prefix) {
  return !prefix.empty() && value.find(prefix + ':') != std::string_view::npos;
}

/// True when `prefix` is used inside `element`, as part of a name or in a QName or an expression
/// within a value, and comes from outside of it.
bool uses(const Element& element, const std::string& prefix) {
  for (const auto& [declared, uri] : element.declarations)
    if (declared == prefix) return false;
  if (element.prefix == prefix) return true;
  for (const Attribute& attribute : element.attributes)
    if ((!prefix.empty() && attribute.prefix == prefix) || mentions(attribute.value, prefix)) return true;
  for (const Node& node : element.nodes) {
    if (node.element ? uses(*node.element, prefix)
                     : node.kind != Node::Kind::comment && mentions(node.text, prefix))
      return true;
  }
  return false;
}

}  // namespace

std::string Element::outer_xml() const {
  Namespaces extra;
  if (parent)
    for (const auto& [declared, uri] : parent->namespaces())
      if (!(declared.empty() && uri.empty()) && uses(*this, declared)) extra.emplace_back(declared, uri);
  std::string out;
  write_element(out, *this, extra);
  return out;
}

std::string Element::inner_xml() const {
  std::string out;
  for (const Node& node : nodes) {
    if (node.element) out += node.element->outer_xml();
    else write_node(out, node);
  }
  return out;
}

}  // namespace myelin::xml
