// Fuzz target: messages in JSON (REL-005, REL-099, REL-100, REL-172). What is written reads back, with
// edits as well, and what becomes XML becomes JSON again or is refused.

#include "engine/base/fault.hpp"
#include "engine/message/json.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

void edited(const JsonDocument& document, std::size_t nodes) {
  using Edit = JsonDocument::Edit;
  std::vector<Edit> edits;
  // What an edit replaces, removes or adds to may lie inside another one.
  for (std::size_t at = 1; at < nodes && edits.size() < 8; at += 1 + at / 2) {
    Edit one;
    one.node = static_cast<JsonDocument::Id>(at);
    one.kind = static_cast<Edit::Kind>(at % 4);
    one.text = one.kind == Edit::Kind::rename ? "ne\"w\n" : "[{\"a\":1.50}]";
    one.key = "k\\";
    if (one.kind == Edit::Kind::append && !document.is_container(one.node)) one.kind = Edit::Kind::replace;
    if (one.kind == Edit::Kind::rename && document.key(one.node).empty()) one.kind = Edit::Kind::remove;
    edits.push_back(std::move(one));
  }
  std::string text;
  document.write_edited(document.root(), edits, text);
  JsonDocument::Limits wider;
  wider.depth += 2;
  require(JsonDocument::parse(text, wider).ok(), text);
}

void through_xml(const JsonDocument& document) {
  tree::Document xml;
  const auto root = json::to_xml(document, xml);
  if (!root.ok()) {
    require(root.fault().code == code::kParse);
    return;
  }
  xml.append(xml.document(), *root);
  const std::string text = xml.xml(xml.document());
  require(tree::Document::parse(text).ok(), text);
  const auto back = json::from_xml(xml, *root);
  // A member "$" is the element's text, which beside others is mixed content.
  if (back.ok()) require(JsonDocument::parse(*back).ok(), *back);
  else require(back.fault().code == code::kParse);
}

void run(std::string_view bytes) {
  const std::vector<char> here = exact(bytes);
  const auto parsed = JsonDocument::parse({here.data(), here.size()});
  if (!parsed.ok()) {
    const Fault& fault = parsed.fault();
    require(fault.code == code::kParse && (fault.status == 400 || fault.status == 413));
    return;
  }
  const JsonDocument& document = **parsed;
  const std::string written = document.json(document.root());
  const auto again = JsonDocument::parse(written);
  require(again.ok() && (*again)->json((*again)->root()) == written, written);
  edited(document, document.end(document.root()));
  through_xml(document);
}

}  // namespace

MYELIN_FUZZ_TARGET(json, run);
