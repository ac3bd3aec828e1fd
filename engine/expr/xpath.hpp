#pragma once
// XPath 1.0 on tree::Document: compiled once, evaluated from any context node. Knows nothing of
// messages: variables and extension functions come from a Host. A compiled expression is immutable
// and may be used by all shards; a Host and an evaluation belong to one.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/expr/xpath_ast.hpp"
#include "engine/message/tree.hpp"
#include "engine/message/value.hpp"

namespace myelin::expr::xpath {

using NodeSet = std::vector<tree::NodeRef>;

/// A typed result. `null` is what a missing property yields: no XPath 1.0 type has it.
struct Object {
  Type type = Type::unknown;  ///< unknown: null
  bool boolean = false;
  double number = 0;
  std::string string;
  NodeSet nodes;  ///< in document order, without duplicates

  bool is_null() const noexcept { return type == Type::unknown; }
  void set(bool value) noexcept { type = Type::boolean; boolean = value; }
  void set(double value) noexcept { type = Type::number; number = value; }
  void set(std::string value) noexcept { type = Type::string; string = std::move(value); }
  void set(NodeSet value) noexcept { type = Type::nodes; nodes = std::move(value); }
};

bool to_boolean(const Object& object) noexcept;
double to_number(const Object& object);
double to_number(std::string_view text) noexcept;  ///< NaN when it is no XPath number
std::string to_string(const Object& object);       ///< XPath string(); null gives ""

/// Where variables and functions that XPath does not define come from.
class Host {
 public:
  virtual ~Host() = default;
  virtual Result<Value> variable(std::string_view prefix, std::string_view name) = 0;
  virtual Result<Value> function(std::string_view ns, std::string_view name, const std::vector<Object>& arguments) = 0;
};

struct Context {
  const tree::Document* document = nullptr;  ///< may be null when the expression is not contextual()
  tree::NodeId node = tree::kNone;
  Host* host = nullptr;                      ///< null: no variables, no extension functions
  /// `/a` finds the context element's own children too when the document has no root `a`
  /// (expressions reference, 4.2).
  bool envelope_is_root = false;
};

/// REL-097: location steps and calls per evaluation, sixteen visited nodes counting as one; and
/// nodes held in one set.
inline constexpr std::uint64_t kSteps = 1'000'000;
inline constexpr std::size_t kNodeSet = 10'000'000;

/// This very operation (not its operands) looks at the context node: a path that starts nowhere
/// else, string() without argument ...
bool reads_context(const Expr& expr) noexcept;

class Compiled {
 public:
  /// Null with `error` filled when the text is not XPath.
  static std::unique_ptr<const Compiled> compile(std::string_view text, const Namespaces& namespaces, SyntaxError& error);

  /// Faults: unknown variables and functions, limits, type errors. `owners` collects the documents
  /// that foreign nodes of the result live in.
  Result<Object> evaluate(const Context& context, std::vector<std::shared_ptr<const tree::Document>>& owners) const;

  const Expr& tree() const noexcept { return *root_; }
  /// It looks at the context node or its document.
  bool contextual() const noexcept { return contextual_; }

 private:
  ExprPtr root_;
  bool contextual_ = false;
};

/// The value as a property or mediator sees it.
Value to_value(Object object, std::vector<std::shared_ptr<const tree::Document>> owners);

}  // namespace myelin::expr::xpath
