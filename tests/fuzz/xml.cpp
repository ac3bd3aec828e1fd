// Fuzz target: messages in XML and the tree of them (REL-005, REL-092, REL-172). The first byte chooses
// the charset that the transport tells. What is written, whole, after every tag was changed, after edits
// and after an import, reads back as what was in memory.

#include <algorithm>
#include <random>

#include "engine/base/fault.hpp"
#include "engine/message/tree.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::tree;
using namespace myelin::fuzz;

namespace {

constexpr std::string_view kCharsets[] = {"", "UTF-8", "utf-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "US-ASCII", "EBCDIC"};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// A text of all that a reader of the subtree can see, prefixes left out.
void describe(const Document& document, NodeId node, std::string& to) {
  std::string text;
  for (NodeId child = document.first_child(node); child != kNone; child = document.next(child)) {
    const Kind kind = document.kind(child);
    if (kind == Kind::text) {
      text += document.value(child);
      continue;
    }
    if (!text.empty()) to += quoted(text);
    text.clear();
    to += kind == Kind::element ? "<" : kind == Kind::comment ? "!" : "?";
    to += '{' + std::string(document.ns(child)) + '}' + std::string(document.local(child)) + quoted(document.value(child));
    std::vector<std::string> attributes;
    if (kind == Kind::element)
      for (NodeId a = document.first_attribute(child); a != kNone; a = document.next(a))
        attributes.push_back('{' + std::string(document.ns(a)) + '}' + std::string(document.local(a)) + quoted(document.value(a)));
    std::sort(attributes.begin(), attributes.end());
    for (const std::string& attribute : attributes) to += attribute;
    if (kind == Kind::element) describe(document, child, to);
    to += '>';
  }
  if (!text.empty()) to += quoted(text);
}

std::string described(const Document& document) {
  std::string text;
  describe(document, document.document(), text);
  return text;
}

/// The document says in bytes what it holds in memory.
std::shared_ptr<Document> reread(const Document& document, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const std::string xml = document.xml(document.document());
  auto again = Document::parse(xml);
  require(again.ok(), again.ok() ? "" : again.fault().detail + " in " + xml, file, line);
  require(described(**again) == described(document), xml + "\nfor " + described(document), file, line);
  return *again;
}

std::vector<NodeId> all_of(const Document& document, Kind kind) {
  std::vector<NodeId> found, left{document.document()};
  while (!left.empty()) {
    const NodeId node = left.back();
    left.pop_back();
    if (document.kind(node) == kind) found.push_back(node);
    for (NodeId child = document.first_child(node); child != kNone; child = document.next(child)) left.push_back(child);
  }
  return found;
}

void change_every_tag(const Document& document) {
  const auto copy = document.clone();
  for (const NodeId element : all_of(*copy, Kind::element)) {
    copy->rename(element, std::string(copy->ns(element)), std::string(copy->prefix(element)), std::string(copy->local(element)));
    for (NodeId a = copy->first_attribute(element); a != kNone; a = copy->next(a))
      copy->set_value(a, std::string(copy->value(a)));
  }
  for (const NodeId text : all_of(*copy, Kind::text)) copy->set_value(text, std::string(copy->value(text)));
  require(described(*copy) == described(document));
  const auto again = reread(*copy);
  require(again->xml(again->document()) == copy->xml(copy->document()));
}

void edit(const Document& document, std::mt19937& random) {
  const auto copy = document.clone();
  const std::string_view names[] = {"a", "Body", "x-y"}, uris[] = {"", "urn:m", "urn:n"}, prefixes[] = {"", "p", "q"};
  for (int i = 0; i < 6; ++i) {
    const auto elements = all_of(*copy, Kind::element);
    const NodeId at = elements[random() % elements.size()];
    const std::string_view uri = uris[random() % 3], name = names[random() % 3];
    const std::string_view prefix = uri.empty() ? "" : prefixes[random() % 3];
    switch (random() % 6) {
      case 0: copy->set_text(at, "t<&]]>\r\n\t\""); break;
      case 1: copy->set_attribute(at, uri, uri.empty() ? "" : "p", name, "v'\"<&\n\t"); break;
      case 2: copy->rename(at, uri, prefix, name); break;
      case 3: copy->append(at, copy->create_element(uri, prefix, name)); break;
      case 4: copy->append(at, copy->import(document, document.root())); break;
      default:
        if (at == copy->root()) break;
        copy->detach(at);
        copy->append(copy->root(), at);
    }
  }
  reread(*copy);
}

void run(std::string_view input) {
  if (input.empty()) return;
  const std::string_view charset = kCharsets[static_cast<unsigned char>(input[0]) % std::size(kCharsets)];
  const auto parsed = Document::parse(std::string(input.substr(1)), charset);
  if (!parsed.ok()) {
    const Fault& fault = parsed.fault();
    require(fault.code == code::kParse && (fault.status == 400 || fault.status == 413 || fault.status == 415));
    return;
  }
  const Document& document = **parsed;
  reread(document);
  if (all_of(document, Kind::element).size() > 2000) return;  // the rest is quadratic at worst
  change_every_tag(document);
  Document other;
  other.append(other.document(), other.import(document, document.root()));
  reread(other);
  std::mt19937 random(static_cast<unsigned>(input.size()) * 31 + static_cast<unsigned char>(input.back()));
  edit(document, random);
}

}  // namespace

MYELIN_FUZZ_TARGET(xml, run);
