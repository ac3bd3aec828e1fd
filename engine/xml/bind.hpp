#pragma once
// Binds one element to an artifact's fields and remembers which names it was asked for, so that
// finish() can report everything else with a suggestion. Every artifact and mediator is read
// through this, so leniency and messages are the same everywhere.
//
//   Bind bind(element, problems);
//   log->level = bind.choice("level", kLevels, Level::simple);
//   log->separator = bind.text("separator").value_or(", ");
//   for (const Element* p : bind.children("property")) ...
//   bind.finish();
//
// Unknown attributes and elements warn (`strict` turns warnings into errors elsewhere); what the
// references call a config error is an error. Not thread safe; lives on the stack.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/xml/element.hpp"

namespace myelin::xml {

class Bind {
 public:
  Bind(const Element& element, Problems& problems) : element_(element), problems_(problems) {}

  const Element& element() const noexcept { return element_; }
  Problems& problems() noexcept { return problems_; }

  // --- attributes -----------------------------------------------------------------------------
  /// The raw value; null when absent.
  const Attribute* attribute(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  /// Error when absent or blank: "missing attribute 'name' on <x>".
  std::string required(std::string_view name);
  std::optional<std::int32_t> integer(std::string_view name);    ///< not a Java int: error
  std::optional<std::int64_t> long_integer(std::string_view name);
  /// only true/false in any case, else error ("strict bool" of the references)
  std::optional<bool> strict_bool(std::string_view name);
  /// `true`, `yes`, `1` are true, anything else false (isTrueExplicitly)
  bool is_true(std::string_view name, bool otherwise = false);

  enum class Unknown { error, keep_default };
  enum class Case { exact, any };
  /// One of the names of an enum. `Unknown` says whether the incumbent rejects another value.
  template <class E>
  E choice(std::string_view name, std::span<const std::pair<std::string_view, E>> values, E otherwise,
           Unknown unknown = Unknown::error, Case match = Case::exact) {
    const Attribute* found = attribute(name);
    if (!found) return otherwise;
    for (const auto& [text, value] : values)
      if (same(text, found->value, match)) return value;
    std::vector<std::string_view> names;
    for (const auto& [text, value] : values) names.push_back(text);
    bad_choice(*found, names, unknown);
    return otherwise;
  }

  // --- children -------------------------------------------------------------------------------
  /// First child of that name (Synapse namespace); marks the name as known. A second one warns.
  const Element* child(std::string_view name);
  /// All children of that name, in order; marks the name as known.
  std::vector<const Element*> children(std::string_view name);
  /// Trimmed text of a child, if the child is there.
  std::optional<std::string> child_text(std::string_view name);
  /// Names that are understood but carry no meaning here ("description", ...).
  void ignore(std::initializer_list<std::string_view> attributes,
              std::initializer_list<std::string_view> children = {});
  /// Every child element is read by somebody else (mediator lists, payloads).
  void all_children_known() noexcept { children_free_ = true; }

  // --- messages -------------------------------------------------------------------------------
  void error(const Location& where, std::string found, std::string allowed = {});
  void error(std::string found, std::string allowed = {}) { error(element_.where, std::move(found), std::move(allowed)); }
  void warning(const Location& where, std::string found, std::string allowed = {});
  void warning(std::string found, std::string allowed = {}) { warning(element_.where, std::move(found), std::move(allowed)); }

  /// Reports what nobody asked for. `description` is always known.
  void finish();

 private:
  static bool same(std::string_view a, std::string_view b, Case match) noexcept;
  void bad_choice(const Attribute& found, std::span<const std::string_view> names, Unknown unknown);

  const Element& element_;
  Problems& problems_;
  std::vector<std::string> asked_attributes_;
  std::vector<std::string> asked_children_;
  bool children_free_ = false;
};

}  // namespace myelin::xml
