#pragma once
// The syntax tree of an XPath 1.0 expression, as the parser leaves it and the evaluator walks it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace myelin::expr::xpath {

enum class Axis : std::uint8_t {
  ancestor,
  ancestor_or_self,
  attribute,
  child,
  descendant,
  descendant_or_self,
  following,
  following_sibling,
  name_space,
  parent,
  preceding,
  preceding_sibling,
  self
};

struct NodeTest {
  enum class Kind : std::uint8_t { name, any_of_namespace, any_name, node, text, comment, instruction };
  Kind kind = Kind::node;
  std::string ns;
  std::string local;  ///< instruction: the target asked for, empty for any
};

/// What is known of a result before it is evaluated.
enum class Type : std::uint8_t { unknown, boolean, number, string, nodes };

/// The functions of XPath 1.0 and Jaxen's additions, in the order of their table in xpath_parser.cpp.
enum class Core : std::uint8_t {
  boolean,
  ceiling,
  concat,
  contains,
  count,
  ends_with,
  false_,
  floor,
  id,
  lang,
  last,
  local_name,
  lower_case,
  name,
  namespace_uri,
  normalize_space,
  not_,
  number,
  position,
  round,
  starts_with,
  string,
  string_length,
  substring,
  substring_after,
  substring_before,
  sum,
  translate,
  true_,
  upper_case
};

enum class Op : std::uint8_t {
  number,
  string,
  variable,   ///< prefix, text
  core,       ///< operands are the arguments
  extension,  ///< the same for a function the host knows: ns, text
  or_,
  and_,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  union_,
  path  ///< operands[0], when there is one, is where it starts
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Predicate {
  ExprPtr expr;
  bool positional = true;  ///< its outcome may depend on the position
  std::uint32_t index = 0; ///< not 0: the predicate is that number
};

struct Step {
  Axis axis = Axis::child;
  NodeTest test;
  std::vector<Predicate> predicates;
};

struct Expr {
  explicit Expr(Op operation) : op(operation) {}

  Op op;
  Core core = Core::true_;
  Type type = Type::unknown;
  bool absolute = false;       ///< path: from the document
  bool uses_position = false;  ///< position() or last() of the surrounding context
  std::uint16_t height = 1;
  double number = 0;
  std::string text;
  std::string prefix;
  std::string ns;
  std::vector<ExprPtr> operands;
  std::vector<Predicate> filters;  ///< path: on its start
  std::vector<Step> steps;
};

}  // namespace myelin::expr::xpath
