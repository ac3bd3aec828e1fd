#pragma once
// A configuration document: elements with their positions, attributes in source order, namespaces
// in scope, comments and text kept. Built by xml::read() (reader.hpp) from Xerces SAX2 events.
// Immutable after reading; an Element owns its children and points to its parent.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/xml/problem.hpp"

namespace myelin::xml {

/// The only namespace of the configuration language.
inline constexpr std::string_view kSynapse = "http://ws.apache.org/ns/synapse";

/// Prefix → URI in scope of an element; the default namespace has the empty prefix.
using Namespaces = std::vector<std::pair<std::string, std::string>>;

struct Attribute {
  std::string name;    ///< local name
  std::string prefix;
  std::string ns;      ///< namespace URI, empty for none
  std::string value;
  Location where;
};

struct Element;

/// One child of an element, in document order: exactly one of element, text, comment, pi.
struct Node {
  enum class Kind { element, text, cdata, comment, pi };
  Kind kind = Kind::text;
  std::unique_ptr<Element> element;
  std::string text;  ///< text, cdata or comment content; "target data" of a processing instruction
};

struct Element {
  std::string name;    ///< local name
  std::string prefix;
  std::string ns;      ///< namespace URI
  std::vector<std::pair<std::string, std::string>> declarations;  ///< xmlns declared here (prefix, URI)
  std::vector<Attribute> attributes;
  std::vector<Node> nodes;
  Location where;      ///< of the '<'
  const Element* parent = nullptr;

  bool is(std::string_view local) const noexcept { return name == local && ns == kSynapse; }

  /// The value of an attribute in no namespace, or null.
  const Attribute* attribute(std::string_view local) const noexcept;
  /// First child element of that local name in the Synapse namespace, or null.
  const Element* child(std::string_view local) const noexcept;
  /// Child elements in document order.
  std::vector<const Element*> children() const;
  /// All text directly inside, concatenated, untrimmed.
  std::string text() const;
  /// Prefixes in scope here, innermost wins; includes the default namespace as "".
  Namespaces namespaces() const;
  /// Namespace bound to `prefix` here; nullopt when it is not bound.
  std::optional<std::string_view> resolve(std::string_view prefix) const noexcept;
  /// This subtree as XML text that stands alone (namespaces in use are declared on its root).
  std::string outer_xml() const;
  /// The content of this element as XML text (children and text, markup kept).
  std::string inner_xml() const;
};

/// The whole file. `root` is never null when reading succeeded.
struct Document {
  std::string file;
  std::unique_ptr<Element> root;
  std::vector<Node> prolog;  ///< comments and processing instructions before the root
  std::vector<Node> epilog;  ///< and after it
};

}  // namespace myelin::xml
