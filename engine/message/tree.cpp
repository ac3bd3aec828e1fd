// Reading: the accessors of tree::Document, namespaces in scope, string values, document order.
#include "engine/message/tree.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/message/tree_encoding.hpp"
#include "engine/message/tree_impl.hpp"
#include "engine/message/tree_parser.hpp"

namespace myelin::tree {

Storage::Storage() : source(std::make_shared<const std::string>()) {
  spaces.push_back(Space{{}, {}, kNone});
  spaces.push_back(Space{"xml", kXmlNamespace, kNone});
  nodes.emplace_back(Kind::document);
}

namespace {

/// One document after the other is read and freed on a shard: its nodes are the biggest piece of memory there
/// is, and cost most when they come fresh from the system.
constexpr std::size_t kMostSpare = (std::size_t{1} << 20) / sizeof(Node);

struct Spare {
  std::vector<Node> nodes;
  ~Spare() { gone = true; }
  static thread_local bool gone;  // the thread ends, and a document outlives this
};
thread_local bool Spare::gone = false;
thread_local Spare spare;

}  // namespace

Storage::~Storage() {
  if (nodes.capacity() > kMostSpare || Spare::gone) return;
  if (nodes.capacity() > spare.nodes.capacity()) spare.nodes.swap(nodes);
}

void Storage::take_spare_nodes() {
  if (Spare::gone) return;
  spare.nodes.clear();
  std::swap(nodes, spare.nodes);
  nodes.assign(spare.nodes.begin(), spare.nodes.end());
}

Document::Document() : impl_(std::make_unique<Storage>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

namespace {

Fault refuse(int status, std::string text) {
  Fault fault(code::kParse, std::move(text));
  fault.status = status;
  return fault;
}

/// The encoding name in an XML declaration of an ASCII-compatible document, or empty.
std::string_view declared_encoding(std::string_view bytes) {
  constexpr std::string_view kStart = "<?xml";
  const bool declared = bytes.size() > kStart.size() && bytes.starts_with(kStart) &&
                        std::string_view(" \t\r\n").find(bytes[kStart.size()]) != std::string_view::npos;
  if (!declared) return {};
  const std::string_view declaration = bytes.substr(0, bytes.find("?>"));
  std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return {};
  at = declaration.find_first_of("'\"", at);
  if (at == std::string_view::npos) return {};
  const std::size_t close = declaration.find(declaration[at], at + 1);
  return close == std::string_view::npos ? std::string_view{} : declaration.substr(at + 1, close - at - 1);
}

struct Detected {
  Encoding encoding = Encoding::utf8;
  std::string_view unknown;  ///< not empty: an encoding that is not supported
  bool impossible = false;   ///< the declaration names what the bytes cannot be
};

/// Byte order mark, then the Content-Type's charset, then the bytes' own look and declaration.
Detected detect(std::string_view bytes, std::string_view charset) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return {};
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4)) || bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4)))
    return {Encoding::utf8, "UTF-32"};
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return {Encoding::utf16, {}};
  const bool little = bytes.starts_with(std::string_view("<\0", 2));
  const bool wide = little || bytes.starts_with(std::string_view("\0<", 2));
  const Encoding wide_encoding = little ? Encoding::utf16_le : Encoding::utf16_be;
  if (charset.empty() && wide) return {wide_encoding, {}};
  if (charset.empty() && bytes.starts_with("\x4C\x6F\xA7\x94")) return {Encoding::utf8, "EBCDIC"};
  const std::string_view name = charset.empty() ? declared_encoding(bytes) : charset;
  if (name.empty()) return {};
  const auto encoding = encoding_named(name);
  if (!encoding) return {Encoding::utf8, name};
  if (*encoding == Encoding::utf16 && wide) return {wide_encoding, {}};
  const bool two_bytes = *encoding == Encoding::utf16 || *encoding == Encoding::utf16_le || *encoding == Encoding::utf16_be;
  return {*encoding, {}, charset.empty() && two_bytes};
}

}  // namespace

Result<std::shared_ptr<Document>> Document::parse(std::string bytes, std::string_view charset, const Limits& limits) {
  if (bytes.size() >= kNone / 2) return refuse(413, "XML beyond the limits: the document is too large");
  const Detected found = detect(bytes, charset);
  if (!found.unknown.empty()) return refuse(415, "unsupported character encoding '" + std::string(found.unknown) + "'");
  if (found.impossible) return refuse(400, "malformed XML: the declared encoding is not the document's");
  const bool as_it_is = found.encoding == Encoding::utf8 && !bytes.starts_with("\xEF\xBB\xBF");
  if (!as_it_is && found.encoding == Encoding::utf8) {
    bytes.erase(0, 3);
  } else if (!as_it_is) {
    auto converted = to_utf8(bytes, found.encoding);
    if (!converted) return refuse(400, "malformed XML: bytes that are not characters of the encoding");
    bytes = std::move(*converted);
  }
  auto document = std::make_shared<Document>();
  document->impl_->source = std::make_shared<const std::string>(std::move(bytes));
  if (auto parsed = parse_into(*document->impl_, limits); !parsed) return std::move(parsed).fault();
  return document;
}

std::shared_ptr<Document> Document::clone() const {
  auto copy = std::make_shared<Document>();
  *copy->impl_ = *impl_;
  // Both go on writing into arenas of their own.
  if (copy->impl_->texts) copy->impl_->borrowed.push_back(std::move(copy->impl_->texts));
  copy->impl_->texts.reset();
  return copy;
}

NodeId Document::root() const noexcept { return first_element(0); }
Kind Document::kind(NodeId id) const noexcept { return impl_->at(id).kind; }
std::string_view Document::local(NodeId id) const noexcept { return impl_->at(id).local(); }
std::string_view Document::prefix(NodeId id) const noexcept { return impl_->spaces[impl_->at(id).space].prefix; }
std::string_view Document::ns(NodeId id) const noexcept { return impl_->spaces[impl_->at(id).space].uri; }

std::string_view Document::value(NodeId id) const noexcept {
  const Node& node = impl_->at(id);
  return node.has_children() ? std::string_view{} : node.value();
}

NodeId Document::parent(NodeId id) const noexcept { return impl_->at(id).parent; }
NodeId Document::next(NodeId id) const noexcept { return impl_->at(id).next; }
NodeId Document::previous(NodeId id) const noexcept { return impl_->at(id).previous; }

NodeId Document::first_child(NodeId id) const noexcept {
  const Node& node = impl_->at(id);
  return node.has_children() ? node.inner.first : kNone;
}
NodeId Document::last_child(NodeId id) const noexcept {
  const Node& node = impl_->at(id);
  return node.has_children() ? node.inner.last : kNone;
}
NodeId Document::first_attribute(NodeId id) const noexcept {
  const Node& node = impl_->at(id);
  return node.kind == Kind::element ? node.inner.attributes : kNone;
}

NodeId Document::first_element(NodeId parent_id) const noexcept {
  NodeId id = first_child(parent_id);
  while (id != kNone && impl_->at(id).kind != Kind::element) id = impl_->at(id).next;
  return id;
}
NodeId Document::next_element(NodeId id) const noexcept {
  do id = impl_->at(id).next;
  while (id != kNone && impl_->at(id).kind != Kind::element);
  return id;
}

NodeId Document::child(NodeId parent_id, std::string_view uri, std::string_view name) const noexcept {
  for (NodeId id = first_element(parent_id); id != kNone; id = next_element(id))
    if (local(id) == name && ns(id) == uri) return id;
  return kNone;
}
NodeId Document::attribute(NodeId element, std::string_view uri, std::string_view name) const noexcept {
  for (NodeId id = first_attribute(element); id != kNone; id = next(id))
    if (local(id) == name && ns(id) == uri) return id;
  return kNone;
}

std::string Document::string_value(NodeId id) const {
  if (!impl_->at(id).has_children()) return std::string(value(id));
  std::string text;
  for (NodeId at = impl_->next_in_order(id, id); at != kNone; at = impl_->next_in_order(at, id))
    if (impl_->at(at).kind == Kind::text) text += impl_->at(at).value();
  return text;
}

std::string Document::direct_text(NodeId element) const {
  std::string text;
  for (NodeId id = first_child(element); id != kNone; id = next(id))
    if (kind(id) == Kind::text) text += value(id);
  return text;
}

std::string_view Document::resolve(NodeId element, std::string_view prefix) const noexcept {
  return impl_->resolve(element, prefix);
}

std::vector<std::pair<std::string_view, std::string_view>> Document::declarations(NodeId element) const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  if (kind(element) != Kind::element) return all;
  for (std::uint32_t i = impl_->at(element).inner.declarations; i != kNone; i = impl_->spaces[i].next)
    all.emplace_back(impl_->spaces[i].prefix, impl_->spaces[i].uri);
  return all;
}

int Document::order(NodeId a, NodeId b) const noexcept {
  if (impl_->ordered) return a < b ? -1 : a > b;
  if (impl_->positions.size() != impl_->nodes.size()) impl_->number_nodes();
  const std::uint32_t x = impl_->positions[a], y = impl_->positions[b];
  return x < y ? -1 : x > y;
}

std::size_t Document::memory() const noexcept {
  return impl_->nodes.size() * sizeof(Node) + impl_->spaces.capacity() * sizeof(Space) + impl_->source->capacity() +
         impl_->text_bytes + impl_->positions.capacity() * sizeof(std::uint32_t);
}

// --- Storage ---------------------------------------------------------------------------------------

NodeId Storage::next_in_order(NodeId id, NodeId top) const noexcept {
  const Node& node = at(id);
  if (node.has_children() && node.inner.first != kNone) return node.inner.first;
  while (id != top && at(id).next == kNone) id = at(id).parent;
  return id == top ? kNone : at(id).next;
}

std::string_view Storage::resolve(NodeId element, std::string_view prefix) const noexcept {
  if (prefix == "xml") return kXmlNamespace;
  for (NodeId id = element; id != kNone; id = at(id).parent) {
    const Node& node = at(id);
    if (node.kind != Kind::element) continue;
    for (std::uint32_t i = node.inner.declarations; i != kNone; i = spaces[i].next)
      if (spaces[i].prefix == prefix) return spaces[i].uri;
    // An element made here means its own prefix even before anybody declares it.
    if (node.space != kNoSpace && spaces[node.space].prefix == prefix) return spaces[node.space].uri;
  }
  return {};
}

void Storage::number_nodes() const {
  positions.assign(nodes.size(), 0);
  std::uint32_t position = 0;
  const auto number = [&](NodeId top) {
    for (NodeId id = top; id != kNone; id = next_in_order(id, top)) {
      positions[id] = position++;
      if (at(id).kind != Kind::element) continue;
      for (NodeId a = at(id).inner.attributes; a != kNone; a = at(a).next) positions[a] = position++;
    }
  };
  // Detached trees follow the document, in the order of their making.
  for (NodeId id = 0; id < nodes.size(); ++id)
    if (at(id).parent == kNone) number(id);
}

}  // namespace myelin::tree
