#pragma once
// The text of a configuration element that is a literal or, in braces, an expression on the message:
// `<username>me</username>`, `<username>{get-property('user')}</username>`.

#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/flow/build.hpp"

namespace myelin::endpoints {

class TextRule {
 public:
  explicit TextRule(std::string literal) : literal_(std::move(literal)) {}
  explicit TextRule(std::unique_ptr<expr::Expression> expression) : expression_(std::move(expression)) {}

  bool is_constant() const noexcept { return !expression_; }
  Need need() const noexcept { return expression_ ? expression_->need() : Need::nothing; }
  /// Fault 303003 when the expression yields nothing: these texts are credentials.
  Result<std::string> of(Message& message) const;

 private:
  std::string literal_;
  std::unique_ptr<expr::Expression> expression_;
};

/// Null when the element is missing, blank, or no expression (which is reported). Literals are resolved
/// like attributes (endpoints reference, 1.3).
std::unique_ptr<TextRule> read_text_rule(const xml::Element* element, Build& build);

}  // namespace myelin::endpoints
