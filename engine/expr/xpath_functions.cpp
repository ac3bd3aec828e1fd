// The core function library of XPath 1.0 (section 4). Characters are Unicode characters.
#include <algorithm>
#include <cmath>
#include <cwctype>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <locale.h>

#include "engine/base/text.hpp"
#include "engine/expr/xpath_eval.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin::expr::xpath {

using tree::kNone;
using tree::NodeId;
using tree::NodeRef;

namespace {

/// XPath's round(): halves go up, -0.4 is -0.
double round_half_up(double value) noexcept {
  if (std::isnan(value) || std::isinf(value)) return value;
  if (value < 0 && value >= -0.5) return -0.0;
  return std::floor(value + 0.5);
}

std::string normalize_space(std::string_view text) {
  std::string out;
  for (const char c : text::trim(text)) {
    if (!text::is_space(c))
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

std::size_t character_count(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Characters whose position p (from 1) has first <= p < end.
std::string substring(std::string_view text, double first, double end) {
  std::string out;
  double position = 0;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const char* start = at;
    tree::next_code_point(at, text.data() + text.size());
    ++position;
    if (position >= first && position < end) out.append(start, at);
  }
  return out;
}

/// Letters of all scripts, one for one; only the sharp s becomes two, as in Java.
std::string in_case(Core function, std::string_view text) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  const bool upper = function == Core::upper_case;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    const char* start = at;
    const char32_t character = tree::next_code_point(at, end);
    const std::string_view letter(start, static_cast<std::size_t>(at - start));
    if (upper && character == U'\u00DF') {
      out += "SS";
    } else if (!unicode || character < 0x80) {
      out += upper ? text::to_upper(letter) : text::to_lower(letter);
    } else {
      const auto wide = static_cast<wint_t>(character);
      text::append_utf8(out, upper ? towupper_l(wide, unicode) : towlower_l(wide, unicode));
    }
  }
  return out;
}

std::string translate(std::string_view text, std::string_view from, std::string_view to) {
  std::map<char32_t, std::string_view> mapping;
  const char* target = to.data();
  const char* target_end = to.data() + to.size();
  for (const char* at = from.data(); at < from.data() + from.size();) {
    const char32_t character = tree::next_code_point(at, from.data() + from.size());
    const char* start = target;
    if (target < target_end) tree::next_code_point(target, target_end);
    mapping.emplace(character, std::string_view(start, static_cast<std::size_t>(target - start)));
  }
  std::string out;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const char* start = at;
    const auto found = mapping.find(tree::next_code_point(at, text.data() + text.size()));
    if (found == mapping.end())
      out.append(start, at);
    else
      out += found->second;
  }
  return out;
}

bool has_expanded_name(const NodeRef& node) noexcept {
  switch (node.document->kind(node.id)) {
    case tree::Kind::element:
    case tree::Kind::attribute:
    case tree::Kind::instruction: return true;
    default: return false;
  }
}

std::string node_name(Core function, const NodeRef& node) {
  if (!has_expanded_name(node)) return {};
  const tree::Document& document = *node.document;
  if (function == Core::namespace_uri) return std::string(document.ns(node.id));
  const std::string_view prefix = function == Core::name ? document.prefix(node.id) : std::string_view{};
  return prefix.empty() ? std::string(document.local(node.id)) : fmt::format("{}:{}", prefix, document.local(node.id));
}

/// xml:lang in force at `node` is `wanted` or a sublanguage of it.
bool speaks(const NodeRef& node, std::string_view wanted) {
  const tree::Document& document = *node.document;
  for (NodeId id = node.id; id != kNone; id = document.parent(id)) {
    const NodeId lang = document.attribute(id, "http://www.w3.org/XML/1998/namespace", "lang");
    if (lang == kNone) continue;
    const std::string_view value = document.value(lang);
    return text::istarts_with(value, wanted) && (value.size() == wanted.size() || value[wanted.size()] == '-');
  }
  return false;
}

}  // namespace

bool Evaluation::core(const Expr& expr, const Place& place, Object& result) {
  if (!spend(0)) return false;
  std::vector<Object> arguments(expr.operands.size());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (!run(*expr.operands[i], place, arguments[i])) return false;
  switch (expr.type) {
    case Type::string: return string_function(expr, arguments, place, result);
    case Type::number: return number_function(expr, arguments, place, result);
    default: return node_function(expr, arguments, place, result);
  }
}

bool Evaluation::string_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result) {
  const auto argument = [&](std::size_t i) {
    return i < arguments.size() ? to_string(arguments[i]) : place.node.document->string_value(place.node.id);
  };
  switch (expr.core) {
    case Core::string: result.set(argument(0)); return true;
    case Core::normalize_space: result.set(normalize_space(argument(0))); return true;
    case Core::concat: {
      std::string all;
      for (const Object& part : arguments) all += to_string(part);
      result.set(std::move(all));
      return true;
    }
    case Core::substring: {
      const double first = round_half_up(to_number(arguments[1]));
      const double end = arguments.size() > 2 ? first + round_half_up(to_number(arguments[2]))
                                              : std::numeric_limits<double>::infinity();
      result.set(substring(argument(0), first, end));
      return true;
    }
    case Core::substring_before:
    case Core::substring_after: {
      const std::string text = argument(0), part = argument(1);
      const std::size_t found = text.find(part);
      if (found == std::string::npos)
        result.set(std::string());
      else
        result.set(expr.core == Core::substring_before ? text.substr(0, found) : text.substr(found + part.size()));
      return true;
    }
    case Core::upper_case:
    case Core::lower_case: result.set(in_case(expr.core, argument(0))); return true;
    case Core::translate: result.set(translate(argument(0), argument(1), argument(2))); return true;
    default: break;
  }
  if (arguments.empty()) {
    result.set(node_name(expr.core, place.node));
    return true;
  }
  if (arguments[0].type != Type::nodes) return fail(fmt::format("{}() needs a node set", expr.text));
  result.set(arguments[0].nodes.empty() ? std::string() : node_name(expr.core, arguments[0].nodes.front()));
  return true;
}

bool Evaluation::number_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result) {
  const auto context_text = [&] { return place.node.document->string_value(place.node.id); };
  switch (expr.core) {
    case Core::position: result.set(static_cast<double>(place.position)); return true;
    case Core::last: result.set(static_cast<double>(place.size)); return true;
    case Core::string_length:
      result.set(static_cast<double>(character_count(arguments.empty() ? context_text() : to_string(arguments[0]))));
      return true;
    case Core::number: result.set(arguments.empty() ? to_number(context_text()) : to_number(arguments[0])); return true;
    case Core::floor: result.set(std::floor(to_number(arguments[0]))); return true;
    case Core::ceiling: result.set(std::ceil(to_number(arguments[0]))); return true;
    case Core::round: result.set(round_half_up(to_number(arguments[0]))); return true;
    default: break;
  }
  // count() and sum(). A missing property counts as no nodes.
  if (arguments[0].type != Type::nodes && !arguments[0].is_null()) return fail(fmt::format("{}() needs a node set", expr.text));
  const NodeSet& nodes = arguments[0].nodes;
  if (expr.core == Core::count) {
    result.set(static_cast<double>(nodes.size()));
    return true;
  }
  double sum = 0;
  std::string buffer;
  for (const NodeRef& node : nodes) sum += to_number(node_text(node, buffer));
  result.set(sum);
  return true;
}

bool Evaluation::node_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result) {
  switch (expr.core) {
    case Core::true_: result.set(true); return true;
    case Core::false_: result.set(false); return true;
    case Core::not_: result.set(!to_boolean(arguments[0])); return true;
    case Core::boolean: result.set(to_boolean(arguments[0])); return true;
    case Core::contains: result.set(to_string(arguments[0]).find(to_string(arguments[1])) != std::string::npos); return true;
    case Core::ends_with: result.set(to_string(arguments[0]).ends_with(to_string(arguments[1]))); return true;
    case Core::starts_with: result.set(to_string(arguments[0]).starts_with(to_string(arguments[1]))); return true;
    case Core::lang: result.set(place.node.document && speaks(place.node, to_string(arguments[0]))); return true;
    default: break;
  }
  // id(): without a DTD no attribute is an ID.
  result.set(NodeSet());
  return true;
}

}  // namespace myelin::expr::xpath
