// What a value is as text and as a truth.
#include "engine/message/value.hpp"

#include "engine/base/text.hpp"

namespace myelin {

namespace {

constexpr std::string_view kNoBreakSpace = "\xC2\xA0";

/// Without white space and no-break spaces at both ends.
std::string_view trim_blank(std::string_view text) noexcept {
  for (;;) {
    const std::size_t before = text.size();
    text = text::trim(text);
    if (text.starts_with(kNoBreakSpace)) text.remove_prefix(2);
    if (text.ends_with(kNoBreakSpace)) text.remove_suffix(2);
    if (text.size() == before) return text;
  }
}

/// One node by the string rule: attributes and texts by their value, the document as XML, an
/// element by its own text unless that is blank or `whole` asks for the element.
void append_node(const tree::NodeRef& node, bool whole, std::string& to) {
  const tree::Document& document = *node.document;
  switch (document.kind(node.id)) {
    case tree::Kind::document: document.write(node.id, to); return;
    case tree::Kind::element: {
      if (!whole) {
        const std::string direct = document.direct_text(node.id);
        if (const std::string_view text = trim_blank(direct); !text.empty()) {
          to += text;
          return;
        }
      }
      document.write(node.id, to);
      return;
    }
    default: to += document.value(node.id);
  }
}

struct Text {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return text::number(value); }
  std::string operator()(const Json& json) const { return json.text; }
  std::string operator()(const Nodes& nodes) const {
    std::string out;
    for (const tree::NodeRef& node : nodes.items) append_node(node, nodes.items.size() > 1, out);
    return out;
  }
};

}  // namespace

std::string Value::text() const { return std::visit(Text{}, state_); }

bool Value::truth() const {
  if (const bool* value = as<bool>()) return *value;
  const std::string* text = as<std::string>();
  return text && text::iequals(*text, "true");
}

}  // namespace myelin
