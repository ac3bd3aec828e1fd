#pragma once
// Pieces of XML text, for Element::outer_xml() and the formatter.

#include <string>
#include <string_view>

#include "engine/xml/element.hpp"

namespace myelin::xml {

/// ` name="value"`
void write_attribute(std::string& out, std::string_view name, std::string_view value);
void write_text(std::string& out, std::string_view text);
/// `<name declarations attributes`, without the closing `>`; `extra` are further declarations.
void write_start(std::string& out, const Element& element, const Namespaces& extra = {});
/// A node as it stands, white space and all.
void write_node(std::string& out, const Node& node);

std::string qualified_name(std::string_view prefix, std::string_view name);

}  // namespace myelin::xml
