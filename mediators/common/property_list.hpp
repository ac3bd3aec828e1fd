#pragma once
// The `<property name= value=|expression=|inline XML>` children of log, class, xslt ...: names and what
// they evaluate to.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/expr/expression.hpp"
#include "engine/flow/build.hpp"

namespace myelin::mediators {

struct ListedProperty {
  std::string name;
  std::unique_ptr<expr::Expression> value;  ///< a literal for value= and inline XML
};

class PropertyList {
 public:
  /// Reads the `<property>` children of the bound element.
  void read(xml::Bind& bind, Build& build);
  bool empty() const noexcept { return properties_.empty(); }
  Need need() const noexcept;
  auto begin() const noexcept { return properties_.begin(); }
  auto end() const noexcept { return properties_.end(); }

 private:
  std::vector<ListedProperty> properties_;
};

}  // namespace myelin::mediators
