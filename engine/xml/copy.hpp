#pragma once
// A deep copy of a configuration element, positions included, for those that make elements of others.

#include <memory>

#include "engine/xml/element.hpp"

namespace myelin::xml {

/// `parent` becomes the copy's parent; it may be null.
std::unique_ptr<Element> copy(const Element& from, const Element* parent);

}  // namespace myelin::xml
