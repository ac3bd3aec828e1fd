#include "mediators/common/inline_text.hpp"

#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "mediators/common/content.hpp"

namespace myelin::mediators {

namespace {

constexpr std::string_view kNever = " \t\r\n\",<>{}";

/// Where the expression that begins at the brace `at` ends (its closing brace); npos: it is none.
std::size_t end_of_expression(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_of(kNever, at + 1);
  if (end == std::string_view::npos || text[end] != '}') return std::string_view::npos;
  const std::string_view inside = text.substr(at + 1, end - at - 1);
  return inside.find_first_of("$(/") == std::string_view::npos ? std::string_view::npos : end;
}

/// Whether a JSON text that goes on behind `literal` is inside a string there.
bool stays_in_string(std::string_view literal, bool in_string) {
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] == '"') in_string = !in_string;
    else if (in_string && literal[i] == '\\') ++i;
  }
  return in_string;
}

bool is_elements(const std::string& text) {
  return looks_like_xml(text) && tree::Document::parse("<x>" + text + "</x>").ok();
}

}  // namespace

std::optional<InlineText> InlineText::read(std::string_view text, const xml::Element& at, Build& build, bool& usable) {
  InlineText read;
  read.kind_ = looks_like_xml(text) ? Kind::xml : Kind::text;
  std::size_t from = 0;
  bool in_string = false;
  for (std::size_t brace = text.find('{'); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    const std::size_t end = end_of_expression(text, brace);
    if (end == std::string_view::npos) continue;
    const xml::Attribute expression{"source", {}, {}, std::string(text.substr(brace + 1, end - brace - 1)), at.where};
    Piece piece;
    piece.literal = text.substr(from, brace - from);
    piece.value = build.expression(&expression, at);
    piece.in_string = in_string = stays_in_string(piece.literal, in_string);
    usable = usable && piece.value;
    read.pieces_.push_back(std::move(piece));
    from = end + 1;
    brace = end;
  }
  if (read.pieces_.empty() || !usable) return std::nullopt;
  const bool begins_with_value = text::trim(read.pieces_.front().literal).empty();
  if (looks_like_json(text) && !begins_with_value) read.kind_ = Kind::json;
  read.pieces_.push_back(Piece{std::string(text.substr(from)), nullptr, false});
  return read;
}

Result<std::string> InlineText::fill(Message& message) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    out += piece.literal;
    if (!piece.value) break;
    Result<std::optional<std::string>> value = piece.value->text(message);
    if (!value) return std::move(value).fault();
    out += shown((*std::move(value)).value_or(std::string()), piece);
  }
  return out;
}

std::string InlineText::shown(std::string value, const Piece& piece) const {
  switch (kind_) {
    case Kind::text: return value;
    case Kind::xml: return is_elements(value) ? value : text::xml_escape(value);
    case Kind::json: break;
  }
  if (piece.in_string) return text::json_escape(value);
  return looks_like_json(value) && is_json(value) ? value : json::primitive(value);
}

}  // namespace myelin::mediators
