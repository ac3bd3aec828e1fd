#pragma once
// The canonical form of a configuration (endpoints reference, 8): one element per line, old spellings
// replaced, definition children in their order. What stands in payloads, scripts and other foreign
// content is written as it was, and nothing is lost. format(format(x)) == format(x).

#include <memory>
#include <string>

#include "engine/xml/element.hpp"

namespace myelin::xml {

std::string format(std::unique_ptr<Document> document);

}  // namespace myelin::xml
