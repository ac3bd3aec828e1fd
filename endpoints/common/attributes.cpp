// Reading attributes of the extension blocks.

#include "endpoints/common/attributes.hpp"

#include <string>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

/// "503", "500-599" or "5xx".
bool add_statuses(std::string_view token, StatusSet& to) {
  std::optional<int> first, last;
  if (token.size() == 3 && (token.substr(1) == "xx" || token.substr(1) == "XX")) {
    first = text::parse_int(token.substr(0, 1));
    if (first) first = *first * 100, last = *first + 99;
  } else if (const auto dash = token.find('-'); dash != std::string_view::npos) {
    first = text::parse_int(token.substr(0, dash));
    last = text::parse_int(token.substr(dash + 1));
  } else {
    first = last = text::parse_int(token);
  }
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) return false;
  for (int status = *first; status <= *last; ++status) to.set(static_cast<std::size_t>(status));
  return true;
}

void bad(xml::Bind& bind, const xml::Attribute& attribute, std::string allowed) {
  bind.error(attribute.where,
             attribute.name + " of " + xml::tag(bind.element().name) + " is " + xml::quote(attribute.value),
             std::move(allowed));
}

}  // namespace

void read_count(xml::Bind& bind, std::string_view name, std::uint32_t& to, std::uint32_t least, std::uint32_t most) {
  const auto* attribute = bind.attribute(name);
  if (!attribute) return;
  const auto value = text::parse_long(text::trim(attribute->value));
  if (value && *value >= least && *value <= most) {
    to = static_cast<std::uint32_t>(*value);
    return;
  }
  const bool bounded = most != std::numeric_limits<std::uint32_t>::max();
  bad(bind, *attribute,
      bounded ? "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is needed"
              : "a whole number of at least " + std::to_string(least) + " is needed");
}

void read_duration(xml::Bind& bind, std::string_view name, Duration& to, std::int64_t least) {
  constexpr std::int64_t kMost = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  const auto* attribute = bind.attribute(name);
  if (!attribute) return;
  const auto value = text::parse_long(text::trim(attribute->value));
  if (value && *value >= least && *value <= kMost) to = Duration(*value);
  else bad(bind, *attribute, "milliseconds, at least " + std::to_string(least) + ", are needed");
}

std::optional<StatusSet> parse_statuses(std::string_view text) {
  StatusSet found;
  for (const std::string_view token : text::split(text::trim(text), ", "))
    if (!add_statuses(token, found)) return std::nullopt;
  return found;
}

void read_statuses(xml::Bind& bind, std::string_view name, StatusSet& to) {
  const auto* attribute = bind.attribute(name);
  if (!attribute) return;
  if (const auto found = parse_statuses(attribute->value)) to = *found;
  else bad(bind, *attribute, "HTTP statuses such as 502, 503-504 or 5xx are needed");
}

}  // namespace myelin::endpoints
