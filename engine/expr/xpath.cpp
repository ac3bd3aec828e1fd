// Compilation, and the parts of an evaluation that are not paths: operators, variables, calls.
#include "engine/expr/xpath.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/expr/xpath_eval.hpp"
#include "engine/expr/xpath_parser.hpp"

namespace myelin::expr::xpath {

bool reads_context(const Expr& expr) noexcept {
  if (expr.op == Op::path) return expr.operands.empty();
  if (expr.op != Op::core) return false;
  if (expr.core == Core::lang) return true;
  if (!expr.operands.empty()) return false;
  switch (expr.core) {
    case Core::local_name:
    case Core::name:
    case Core::namespace_uri:
    case Core::normalize_space:
    case Core::number:
    case Core::string:
    case Core::string_length: return true;
    default: return false;
  }
}

namespace {

/// Predicates do not count: their context is the node they filter.
bool uses_context(const Expr& expr) {
  return reads_context(expr) ||
         std::any_of(expr.operands.begin(), expr.operands.end(), [](const ExprPtr& e) { return uses_context(*e); });
}

}  // namespace

std::unique_ptr<const Compiled> Compiled::compile(std::string_view text, const Namespaces& namespaces, SyntaxError& error) {
  auto compiled = std::make_unique<Compiled>();
  compiled->root_ = parse(text, namespaces, error);
  if (!compiled->root_) return nullptr;
  compiled->contextual_ = uses_context(*compiled->root_);
  return compiled;
}

Result<Object> Compiled::evaluate(const Context& context, std::vector<std::shared_ptr<const tree::Document>>& owners) const {
  Evaluation evaluation(context, owners);
  Object result;
  Place place;
  place.node = tree::NodeRef{context.document, context.node};
  if (!evaluation.run(*root_, place, result)) return std::move(evaluation.fault());
  return result;
}

Value to_value(Object object, std::vector<std::shared_ptr<const tree::Document>> owners) {
  switch (object.type) {
    case Type::unknown: return Value();
    case Type::boolean: return Value(object.boolean);
    case Type::number: return Value(object.number);
    case Type::string: return Value(std::move(object.string));
    case Type::nodes: break;
  }
  Nodes nodes;
  nodes.items = std::move(object.nodes);
  if (owners.size() == 1) {
    nodes.owner = std::move(owners.front());
  } else if (!owners.empty()) {
    // One owner that keeps them all.
    const auto all = std::make_shared<std::vector<std::shared_ptr<const tree::Document>>>(std::move(owners));
    nodes.owner = std::shared_ptr<const tree::Document>(all, all->front().get());
  }
  return Value(std::move(nodes));
}

// --- conversions ------------------------------------------------------------------------------------

bool to_boolean(const Object& object) noexcept {
  switch (object.type) {
    case Type::boolean: return object.boolean;
    case Type::number: return object.number != 0 && !std::isnan(object.number);
    case Type::string: return !object.string.empty();
    case Type::nodes: return !object.nodes.empty();
    case Type::unknown: return false;
  }
  return false;
}

double to_number(std::string_view text) noexcept {
  text = text::trim(text);
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const bool plain = !digits.empty() && digits != "." && digits.find_first_not_of("0123456789.") == std::string_view::npos &&
                     std::count(digits.begin(), digits.end(), '.') <= 1;
  double value = std::numeric_limits<double>::quiet_NaN();
  if (!plain) return value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error == std::errc::result_out_of_range) {
    const bool large = digits.find_first_of("123456789") < digits.find('.');
    value = large ? std::numeric_limits<double>::infinity() : 0.0;
    return text.starts_with('-') ? -value : value;
  }
  return value;
}

double to_number(const Object& object) {
  switch (object.type) {
    case Type::boolean: return object.boolean ? 1 : 0;
    case Type::number: return object.number;
    case Type::string: return to_number(object.string);
    case Type::nodes: {
      if (object.nodes.empty()) break;
      std::string buffer;
      return to_number(node_text(object.nodes.front(), buffer));
    }
    case Type::unknown: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string to_string(const Object& object) {
  switch (object.type) {
    case Type::boolean: return object.boolean ? "true" : "false";
    case Type::number: return text::number(object.number);
    case Type::string: return object.string;
    case Type::nodes: {
      if (object.nodes.empty()) return {};
      const tree::NodeRef& first = object.nodes.front();
      return first.document->string_value(first.id);
    }
    case Type::unknown: break;
  }
  return {};
}

std::string_view node_text(const tree::NodeRef& node, std::string& buffer) {
  const tree::Document& document = *node.document;
  const tree::Kind kind = document.kind(node.id);
  if (kind != tree::Kind::element && kind != tree::Kind::document) return document.value(node.id);
  const tree::NodeId child = document.first_child(node.id);
  if (child == tree::kNone) return {};
  if (document.kind(child) == tree::Kind::text && document.next(child) == tree::kNone) return document.value(child);
  buffer = document.string_value(node.id);
  return buffer;
}

// --- evaluation -------------------------------------------------------------------------------------

bool Evaluation::fail(std::string message) {
  fault_ = Fault(code::kException, std::move(message));
  return false;
}

bool Evaluation::spend(std::uint64_t visited) {
  steps_ += 16 + visited;
  return steps_ <= kSteps * 16 || fail(fmt::format("the expression takes more than {} steps", kSteps));
}

bool Evaluation::run(const Expr& expr, const Place& place, Object& result) {
  switch (expr.op) {
    case Op::number:
    case Op::string: return literal(expr, result);
    case Op::variable: return variable(expr, result);
    case Op::core: return core(expr, place, result);
    case Op::extension: return extension(expr, place, result);
    case Op::or_:
    case Op::and_: return logic(expr, place, result);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return comparison(expr, place, result);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
    case Op::negate: return arithmetic(expr, place, result);
    case Op::union_: return join(expr, place, result);
    case Op::path: return path(expr, place, result);
  }
  return false;
}

bool Evaluation::literal(const Expr& expr, Object& result) {
  if (expr.op == Op::number)
    result.set(expr.number);
  else
    result.set(expr.text);
  return true;
}

bool Evaluation::logic(const Expr& expr, const Place& place, Object& result) {
  Object operand;
  if (!run(*expr.operands[0], place, operand)) return false;
  const bool left = to_boolean(operand);
  if (left == (expr.op == Op::or_)) {
    result.set(left);
    return true;
  }
  Object second;
  if (!run(*expr.operands[1], place, second)) return false;
  result.set(to_boolean(second));
  return true;
}

bool Evaluation::arithmetic(const Expr& expr, const Place& place, Object& result) {
  Object operand;
  if (!run(*expr.operands[0], place, operand)) return false;
  const double left = to_number(operand);
  if (expr.op == Op::negate) {
    result.set(-left);
    return true;
  }
  Object second;
  if (!run(*expr.operands[1], place, second)) return false;
  const double right = to_number(second);
  switch (expr.op) {
    case Op::add: result.set(left + right); break;
    case Op::subtract: result.set(left - right); break;
    case Op::multiply: result.set(left * right); break;
    case Op::divide: result.set(left / right); break;
    default: result.set(std::fmod(left, right)); break;
  }
  return true;
}

bool Evaluation::comparison(const Expr& expr, const Place& place, Object& result) {
  Object left, right;
  if (!run(*expr.operands[0], place, left) || !run(*expr.operands[1], place, right)) return false;
  result.set(compare(expr.op, left, right));
  return true;
}

bool Evaluation::join(const Expr& expr, const Place& place, Object& result) {
  NodeSet all;
  for (const ExprPtr& part : expr.operands) {
    Object nodes;
    if (!run(*part, place, nodes)) return false;
    if (nodes.is_null()) continue;
    if (nodes.type != Type::nodes) return fail("'|' joins node sets only");
    all.insert(all.end(), nodes.nodes.begin(), nodes.nodes.end());
    if (all.size() > kNodeSet) return fail("the node set is too large");
  }
  sort_unique(all);
  result.set(std::move(all));
  return true;
}

bool Evaluation::accept(const Value& value, Object& result) {
  struct Visitor {
    Evaluation& self;
    Object& to;
    void operator()(std::monostate) const { to = Object(); }
    void operator()(const std::string& text) const { to.set(text); }
    void operator()(bool flag) const { to.set(flag); }
    void operator()(std::int64_t number) const { to.set(static_cast<double>(number)); }
    void operator()(double number) const { to.set(number); }
    void operator()(const Json& json) const { to.set(json.text); }
    void operator()(const Nodes& nodes) const {
      if (nodes.owner) self.owners_.push_back(nodes.owner);
      to.set(nodes.items);
    }
  };
  std::visit(Visitor{*this, result}, value.state());
  return true;
}

bool Evaluation::variable(const Expr& expr, Object& result) {
  if (!spend(0)) return false;
  const auto shown = [&] { return expr.prefix.empty() ? expr.text : expr.prefix + ":" + expr.text; };
  if (!context_.host) return fail(fmt::format("unknown variable '${}'", shown()));
  auto value = context_.host->variable(expr.prefix, expr.text);
  if (!value) {
    fault_ = std::move(value).fault();
    return false;
  }
  return accept(*value, result);
}

bool Evaluation::extension(const Expr& expr, const Place& place, Object& result) {
  if (!spend(0)) return false;
  std::vector<Object> arguments(expr.operands.size());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (!run(*expr.operands[i], place, arguments[i])) return false;
  if (!context_.host) return fail(fmt::format("unknown function '{}'", expr.text));
  auto value = context_.host->function(expr.ns, expr.text, arguments);
  if (!value) {
    fault_ = std::move(value).fault();
    return false;
  }
  return accept(*value, result);
}

}  // namespace myelin::expr::xpath
