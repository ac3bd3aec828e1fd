#include "engine/xml/bind.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::xml {

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void remember(std::vector<std::string>& names, std::string_view name) {
  if (!contains(names, name)) names.emplace_back(name);
}

std::string suggestion(std::string_view found, const std::vector<std::string>& known, std::string none) {
  return known.empty() ? std::move(none) : suggest(found, views(known));
}

/// Understood by every element of the language (mediators reference, 1.9).
bool always_known(std::string_view attribute) {
  return attribute == "description" || attribute == "statistics" || attribute == "trace";
}

}  // namespace

const Attribute* Bind::attribute(std::string_view name) {
  remember(asked_attributes_, name);
  return element_.attribute(name);
}

std::optional<std::string> Bind::text(std::string_view name) {
  const Attribute* found = attribute(name);
  return found ? std::optional(found->value) : std::nullopt;
}

std::string Bind::required(std::string_view name) {
  const Attribute* found = attribute(name);
  if (!found) {
    error("missing attribute " + quote(name) + " on " + tag(element_.name));
    return {};
  }
  if (text::trim(found->value).empty()) {
    error(found->where, "attribute " + quote(name) + " on " + tag(element_.name) + " is empty");
    return {};
  }
  return found->value;
}

std::optional<std::int32_t> Bind::integer(std::string_view name) {
  const Attribute* found = attribute(name);
  if (!found) return std::nullopt;
  const auto value = text::parse_int(found->value);
  if (!value)
    error(found->where, "attribute " + quote(name) + " on " + tag(element_.name) + " is " + quote(found->value),
          "a whole number is needed");
  return value;
}

std::optional<std::int64_t> Bind::long_integer(std::string_view name) {
  const Attribute* found = attribute(name);
  if (!found) return std::nullopt;
  const auto value = text::parse_long(found->value);
  if (!value)
    error(found->where, "attribute " + quote(name) + " on " + tag(element_.name) + " is " + quote(found->value),
          "a whole number is needed");
  return value;
}

std::optional<bool> Bind::strict_bool(std::string_view name) {
  const Attribute* found = attribute(name);
  if (!found) return std::nullopt;
  if (text::iequals(found->value, "true")) return true;
  if (text::iequals(found->value, "false")) return false;
  static constexpr std::string_view kValues[] = {"true", "false"};
  bad_choice(*found, kValues, Unknown::error);
  return std::nullopt;
}

bool Bind::is_true(std::string_view name, bool otherwise) {
  const Attribute* found = attribute(name);
  return found ? text::is_true(found->value) : otherwise;
}

const Element* Bind::child(std::string_view name) {
  const auto found = children(name);
  if (found.size() > 1)
    warning(found[1]->where, "a second <" + std::string(name) + "> in " + tag(element_.name) + " is ignored",
            "one is allowed");
  return found.empty() ? nullptr : found.front();
}

std::vector<const Element*> Bind::children(std::string_view name) {
  remember(asked_children_, name);
  std::vector<const Element*> found;
  for (const Node& node : element_.nodes)
    if (node.element && node.element->is(name)) found.push_back(node.element.get());
  return found;
}

std::optional<std::string> Bind::child_text(std::string_view name) {
  const Element* found = child(name);
  if (!found) return std::nullopt;
  return std::string(text::trim(found->text()));
}

void Bind::ignore(std::initializer_list<std::string_view> attributes,
                  std::initializer_list<std::string_view> children) {
  for (const std::string_view name : attributes) remember(asked_attributes_, name);
  for (const std::string_view name : children) remember(asked_children_, name);
}

void Bind::error(const Location& where, std::string found, std::string allowed) {
  problems_.error(where, std::move(found), std::move(allowed));
}

void Bind::warning(const Location& where, std::string found, std::string allowed) {
  problems_.warning(where, std::move(found), std::move(allowed));
}

void Bind::finish() {
  for (const Attribute& found : element_.attributes) {
    // Attributes of other namespaces (xml:space, xsi:...) are somebody else's.
    if (!found.ns.empty() || always_known(found.name) || contains(asked_attributes_, found.name)) continue;
    warning(found.where, "unknown attribute " + quote(found.name) + " on " + tag(element_.name),
            suggestion(found.name, asked_attributes_, tag(element_.name) + " takes no attributes"));
  }
  if (children_free_) return;
  for (const Node& node : element_.nodes) {
    if (!node.element) continue;
    const Element& found = *node.element;
    if (found.ns != kSynapse) {
      warning(found.where, "element {" + found.ns + '}' + found.name + " in " + tag(element_.name) + " is ignored",
              "elements of namespace " + std::string(kSynapse) + " are read");
    } else if (found.name != "description" && !contains(asked_children_, found.name)) {
      warning(found.where, "unknown element " + tag(found.name) + " in " + tag(element_.name),
              suggestion(found.name, asked_children_, tag(element_.name) + " takes no elements"));
    }
  }
}

bool Bind::same(std::string_view a, std::string_view b, Case match) noexcept {
  return match == Case::any ? text::iequals(a, b) : a == b;
}

void Bind::bad_choice(const Attribute& found, std::span<const std::string_view> names, Unknown unknown) {
  std::string what = "attribute " + quote(found.name) + " on " + tag(element_.name) + " is " + quote(found.value);
  std::string allowed = suggest(found.value, names);
  if (unknown == Unknown::error) error(found.where, std::move(what), std::move(allowed));
  else warning(found.where, std::move(what) + ", which is ignored", std::move(allowed));
}

}  // namespace myelin::xml
