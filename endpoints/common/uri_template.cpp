#include "endpoints/common/uri_template.hpp"

#include <algorithm>

#include "engine/base/text.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";
constexpr std::string_view kOperators = "+#./;?&";

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_triplet(std::string_view text, std::size_t at) noexcept {
  return at + 2 < text.size() && text[at] == '%' && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

/// {+x}: reserved characters and what is encoded already stay.
std::string encode_reserved(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_triplet(value, i)) {
      out += value.substr(i, 3);
      i += 2;
    } else {
      out += text::percent_encode(value.substr(i, 1), kReserved);
    }
  }
  return out;
}

/// The first `most` characters (not bytes) of UTF-8 text.
std::string_view prefix(std::string_view value, std::size_t most) noexcept {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < value.size(); ++at)
    if ((static_cast<unsigned char>(value[at]) & 0xC0) != 0x80 && ++seen > most) break;
  return value.substr(0, at);
}

}  // namespace

UriTemplate::UriTemplate(std::string_view text) {
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos || open > 0) {
      const std::size_t end = close == std::string_view::npos ? text.size() : open;
      parts_.emplace_back().literal = text.substr(0, end);
      text.remove_prefix(end);
      continue;
    }
    parts_.push_back(parse_expression(text.substr(1, close - 1)));
    text.remove_prefix(close + 1);
  }
}

UriTemplate::Part UriTemplate::parse_expression(std::string_view inside) {
  Part part;
  if (!inside.empty() && kOperators.find(inside.front()) != std::string_view::npos) {
    part.op = inside.front();
    inside.remove_prefix(1);
  }
  for (std::string_view name : text::split(inside, ",")) {
    name = text::trim(name);
    if (!name.empty() && name.back() == '*') name.remove_suffix(1);  // lists do not occur
    Variable& variable = part.variables.emplace_back();
    const std::size_t colon = name.find(':');
    variable.name = name.substr(0, colon);
    if (colon != std::string_view::npos)
      variable.most = static_cast<std::size_t>(std::max(0, text::parse_int(name.substr(colon + 1)).value_or(0)));
  }
  return part;
}

bool UriTemplate::has_variables() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return !part.variables.empty(); });
}

std::string UriTemplate::expand(const Lookup& lookup) const {
  std::string text;
  for (const Part& part : parts_) {
    if (part.variables.empty()) text += part.literal;
    else expand_part(part, lookup, text);
  }
  return text;
}

void UriTemplate::expand_part(const Part& part, const Lookup& lookup, std::string& to) {
  const bool named = part.op == ';' || part.op == '?' || part.op == '&';
  const bool reserved = part.op == '+' || part.op == '#';
  const std::string_view separator = part.op == 0 || reserved ? "," : part.op == '?' ? "&" : std::string_view(&part.op, 1);
  bool first = true;
  for (const Variable& variable : part.variables) {
    const auto value = lookup(variable.name);
    if (!value) continue;
    if (!first) to += separator;
    else if (part.op != 0 && part.op != '+') to += part.op;
    first = false;
    const std::string_view text = variable.most ? prefix(*value, variable.most) : std::string_view(*value);
    if (named) to += variable.name;
    if (named && (part.op != ';' || !text.empty())) to += '=';
    to += reserved ? encode_reserved(text) : text::percent_encode(text);
  }
}

bool is_legal_uri(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && !is_triplet(text, i)) return false;
    if (c <= 0x20 || c >= 0x7f || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace myelin::endpoints
