#pragma once
// Expressions: XPath 1.0 with Synapse's variables and functions, json-eval(JSONPath), and literals.
// Compiled once when the configuration is bound; immutable and shared by all shards afterwards.
// Message text is never compiled (REL-086).

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/message/need.hpp"
#include "engine/message/value.hpp"

namespace myelin {
class Message;
}

namespace myelin::expr {

/// Prefix → URI in scope of the element that carries the expression. The default namespace ("") is
/// present but not used for unprefixed names (MED-223).
using Namespaces = std::vector<std::pair<std::string, std::string>>;

class Expression {
 public:
  virtual ~Expression() = default;

  /// The typed result. Faults when evaluation fails. Requires that need() of the message is loaded.
  virtual Result<Value> evaluate(Message& message) const = 0;
  /// Synapse's stringValueOf: nullopt for null (expressions reference, 4.2 and 4.3).
  virtual Result<std::optional<std::string>> text(Message& message) const = 0;
  /// XPath boolean(); for JSONPath: the string form equals "true".
  virtual Result<bool> test(Message& message) const = 0;
  virtual Need need() const noexcept = 0;
  virtual bool is_constant() const noexcept { return false; }

  /// Registry resources that it reads; an empty key stands for those that only a message tells.
  virtual std::vector<std::string> registry_keys() const { return {}; }

  const std::string& source() const noexcept { return source_; }

 protected:
  std::string source_;
};

/// What is wrong with an expression, and where in its text (from 0).
struct SyntaxError {
  std::string message;
  std::size_t offset = 0;
};

/// Any expression attribute: `json-eval(...)`, else XPath. Returns null and fills `error`.
std::unique_ptr<Expression> compile(std::string_view text, const Namespaces& namespaces, SyntaxError& error);
/// XPath only.
std::unique_ptr<Expression> compile_xpath(std::string_view text, const Namespaces& namespaces, SyntaxError& error);
/// The path inside json-eval(...).
std::unique_ptr<Expression> compile_jsonpath(std::string_view path, SyntaxError& error);
std::unique_ptr<Expression> literal(std::string text);

/// A value-or-expression attribute: `{expr}` is an expression, anything else literal text. `{{expr}}`
/// stays literal text (deferred; call-template evaluates it).
std::unique_ptr<Expression> compile_value(std::string_view text, const Namespaces& namespaces, SyntaxError& error);

}  // namespace myelin::expr
