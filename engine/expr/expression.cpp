// Compiles expression attributes: which engine an expression belongs to, literals, and XPath with
// Synapse's variables and string rule.
#include "engine/expr/expression.hpp"

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/expr/synapse_host.hpp"
#include "engine/expr/xpath.hpp"
#include "engine/message/message.hpp"

namespace myelin::expr {

namespace {

class Literal final : public Expression {
 public:
  explicit Literal(std::string text) { source_ = std::move(text); }
  Result<Value> evaluate(Message&) const override { return Value(source_); }
  Result<std::optional<std::string>> text(Message&) const override { return std::optional(source_); }
  Result<bool> test(Message&) const override { return !source_.empty(); }
  Need need() const noexcept override { return Need::nothing; }
  bool is_constant() const noexcept override { return true; }
};

using Owners = std::vector<std::shared_ptr<const tree::Document>>;

bool is_constant_tree(const xpath::Expr& expr) {
  if (expr.op == xpath::Op::variable || expr.op == xpath::Op::extension || xpath::reads_context(expr)) return false;
  for (const xpath::ExprPtr& operand : expr.operands)
    if (!is_constant_tree(*operand)) return false;
  return expr.op != xpath::Op::path;
}

class XPathExpression final : public Expression {
 public:
  XPathExpression(std::string_view source, std::unique_ptr<const xpath::Compiled> compiled)
      : compiled_(std::move(compiled)), need_(need_of(compiled_->tree())) {
    source_ = source;
    whole_elements_ = source.find("node()") != std::string_view::npos;
    parent_of_text_ = text::trim(source).ends_with("node()");
    if (!is_constant_tree(compiled_->tree())) return;
    Owners owners;
    auto value = compiled_->evaluate(xpath::Context{}, owners);
    if (value) constant_ = *std::move(value);
  }

  Result<Value> evaluate(Message& message) const override {
    Owners owners;
    auto result = run(message, owners);
    if (!result) return std::move(result).fault();
    return xpath::to_value(*std::move(result), std::move(owners));
  }

  Result<std::optional<std::string>> text(Message& message) const override {
    Owners owners;
    auto result = run(message, owners);
    if (!result) return std::move(result).fault();
    if (result->is_null()) return std::optional<std::string>();
    if (result->type != xpath::Type::nodes) return std::optional(xpath::to_string(*result));
    if (whole_elements_) return std::optional(nodes_as_xml(result->nodes));
    Nodes nodes;
    nodes.items = std::move(result->nodes);
    return std::optional(Value(std::move(nodes)).text());
  }

  Result<bool> test(Message& message) const override {
    Owners owners;
    auto result = run(message, owners);
    if (!result) return std::move(result).fault();
    return xpath::to_boolean(*result);
  }

  Need need() const noexcept override { return need_; }
  std::vector<std::string> registry_keys() const override { return registry_keys_of(compiled_->tree()); }
  bool is_constant() const noexcept override { return constant_.has_value(); }

 private:
  Result<xpath::Object> run(Message& message, Owners& owners) const {
    if (constant_) return *constant_;
    SynapseHost host(message);
    xpath::Context context;
    context.host = &host;
    context.envelope_is_root = true;
    if (compiled_->contextual()) {
      auto envelope = message.payload.envelope();
      if (!envelope) return std::move(envelope).fault();
      context.document = *envelope;
      context.node = (*envelope)->root();
    }
    auto result = compiled_->evaluate(context, owners);
    if (result) return result;
    // A message that cannot be parsed is its own error, not the expression's.
    Fault fault = std::move(result).fault();
    if (fault.code != code::kParse)
      fault.message = fmt::format("Evaluation of the XPath expression {} resulted in an error: {}", source_, fault.message);
    return fault;
  }

  /// WSO2's rule for expressions with node(): elements whole; a lone text stands for its element.
  std::string nodes_as_xml(const xpath::NodeSet& nodes) const {
    std::string out;
    for (const tree::NodeRef& node : nodes) {
      const tree::Document& document = *node.document;
      const tree::Kind kind = document.kind(node.id);
      const bool lone_text = nodes.size() == 1 && kind == tree::Kind::text && parent_of_text_;
      if (lone_text)
        document.write(document.parent(node.id), out);
      else if (kind == tree::Kind::element || kind == tree::Kind::document)
        document.write(node.id, out);
      else
        out += document.value(node.id);
    }
    return out;
  }

  std::unique_ptr<const xpath::Compiled> compiled_;
  std::optional<xpath::Object> constant_;
  Need need_;
  bool whole_elements_ = false;
  bool parent_of_text_ = false;
};

}  // namespace

std::unique_ptr<Expression> literal(std::string text) { return std::make_unique<Literal>(std::move(text)); }

std::unique_ptr<Expression> compile_xpath(std::string_view text, const Namespaces& namespaces, SyntaxError& error) {
  auto compiled = xpath::Compiled::compile(text, namespaces, error);
  if (!compiled) return nullptr;
  return std::make_unique<XPathExpression>(text, std::move(compiled));
}

std::unique_ptr<Expression> compile(std::string_view text, const Namespaces& namespaces, SyntaxError& error) {
  static constexpr std::string_view kJson = "json-eval(";
  const std::string_view trimmed = text::trim(text);
  if (trimmed.starts_with(kJson) && trimmed.ends_with(')')) {
    auto compiled = compile_jsonpath(trimmed.substr(kJson.size(), trimmed.size() - kJson.size() - 1), error);
    if (!compiled) error.offset += static_cast<std::size_t>(trimmed.data() - text.data()) + kJson.size();
    return compiled;
  }
  if (trimmed.starts_with("${") && trimmed.ends_with('}')) {
    error = SyntaxError{"synapse expressions ${...} are not supported yet", 0};
    return nullptr;
  }
  return compile_xpath(text, namespaces, error);
}

std::unique_ptr<Expression> compile_value(std::string_view text, const Namespaces& namespaces, SyntaxError& error) {
  const bool dynamic = text.size() >= 2 && text.starts_with('{') && text.ends_with('}');
  if (!dynamic || text.starts_with("{{")) return literal(std::string(text));
  auto compiled = compile(text.substr(1, text.size() - 2), namespaces, error);
  if (!compiled) error.offset += 1;
  return compiled;
}

}  // namespace myelin::expr
