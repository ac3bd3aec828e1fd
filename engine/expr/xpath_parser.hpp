#pragma once
// XPath 1.0 text to syntax tree.

#include <optional>
#include <string_view>

#include "engine/expr/expression.hpp"
#include "engine/expr/xpath_ast.hpp"

namespace myelin::expr::xpath {

/// Null with `error` filled when `text` is no XPath expression. Prefixes of names must be declared
/// in `namespaces`; an undeclared prefix of a function is ignored; prefixes of variables are kept.
ExprPtr parse(std::string_view text, const Namespaces& namespaces, SyntaxError& error);

struct CoreFunction {
  std::string_view name;
  Core core;
  Type type;
  std::uint8_t least, most;  ///< arguments
};
/// Null for a name that is not XPath's own.
const CoreFunction* core_function(std::string_view name) noexcept;

}  // namespace myelin::expr::xpath
