#include "engine/flow/class_parameters.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

void ClassParameters::add(std::string name, std::string text, std::unique_ptr<expr::Expression> expression,
                          xml::Location where) {
  std::erase_if(parameters_, [&](const Parameter& old) { return old.name == name; });
  parameters_.push_back({std::move(name), std::move(text), std::move(expression), std::move(where)});
}

ClassParameters::Parameter* ClassParameters::find(std::string_view name) {
  asked_.emplace_back(name);
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const Parameter& each) { return each.name == name; });
  if (found == parameters_.end()) return nullptr;
  found->asked = true;
  return &*found;
}

ClassParameters::Parameter* ClassParameters::constant(std::string_view name) {
  Parameter* found = find(name);
  if (!found || !found->expression) return found;
  error(name, "is an expression", "a constant is needed");
  return nullptr;
}

std::optional<std::string> ClassParameters::text(std::string_view name) {
  const Parameter* found = constant(name);
  return found ? std::optional(found->text) : std::nullopt;
}

std::string ClassParameters::required(std::string_view name) {
  const Parameter* found = find(name);
  if (!found) error(name, "is missing");
  return found && !found->expression ? found->text : text(name).value_or("");
}

std::optional<std::int64_t> ClassParameters::integer(std::string_view name) {
  const Parameter* found = constant(name);
  if (!found) return std::nullopt;
  const auto value = text::parse_long(text::trim(found->text));
  if (!value) error(name, "is " + xml::quote(found->text), "a whole number is needed");
  return value;
}

std::optional<double> ClassParameters::number(std::string_view name) {
  const Parameter* found = constant(name);
  if (!found) return std::nullopt;
  const auto value = text::parse_float(text::trim(found->text));
  if (!value) error(name, "is " + xml::quote(found->text), "a number is needed");
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

bool ClassParameters::flag(std::string_view name, bool otherwise) {
  const Parameter* found = constant(name);
  if (!found) return otherwise;
  if (text::is_true(text::trim(found->text))) return true;
  if (!text::is_false(text::trim(found->text))) error(name, "is " + xml::quote(found->text), "true or false");
  return false;
}

std::unique_ptr<expr::Expression> ClassParameters::value(std::string_view name) {
  Parameter* found = find(name);
  if (!found) return nullptr;
  return found->expression ? std::move(found->expression) : expr::literal(found->text);
}

void ClassParameters::error(std::string_view name, std::string found, std::string allowed) {
  const auto at = std::find_if(parameters_.begin(), parameters_.end(),
                               [&](const Parameter& each) { return each.name == name; });
  problems_.error(at == parameters_.end() ? where_ : at->where,
                  "parameter " + xml::quote(name) + " of class " + class_name_ + ' ' + std::move(found), std::move(allowed));
}

void ClassParameters::finish() {
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const Parameter& each : parameters_)
    if (!each.asked)
      problems_.warning(each.where, "class " + class_name_ + " has no parameter " + xml::quote(each.name),
                        xml::suggest(each.name, known));
}

}  // namespace myelin
