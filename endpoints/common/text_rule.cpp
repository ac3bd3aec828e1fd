#include "endpoints/common/text_rule.hpp"

#include "endpoints/common/definition.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

Result<std::string> TextRule::of(Message& message) const {
  if (!expression_) return literal_;
  auto text = expression_->text(message);
  if (!text) return Fault(code::kAuthentication, "Error while evaluating the credentials of the endpoint", text.fault().message);
  if (!*text || (*text)->empty())
    return Fault(code::kAuthentication, "Error while evaluating the credentials of the endpoint",
                 "expression '" + expression_->source() + "' yields nothing");
  return **std::move(text);
}

std::unique_ptr<TextRule> read_text_rule(const xml::Element* element, Build& build) {
  if (!element) return nullptr;
  xml::Attribute text;
  text.name = element->name;
  text.value = text::trim(element->text());
  text.where = element->where;
  if (text.value.empty()) return nullptr;
  expr::SyntaxError error;
  auto compiled = expr::compile_value(text.value, element->namespaces(), error);
  if (!compiled) {
    build.problems.error(element->where, xml::tag(element->name) + " is no expression: " + error.message,
                         "at character " + std::to_string(error.offset + 1));
    return nullptr;
  }
  if (compiled->is_constant()) return std::make_unique<TextRule>(resolve_environment(text, build));
  return std::make_unique<TextRule>(std::move(compiled));
}

}  // namespace myelin::endpoints
