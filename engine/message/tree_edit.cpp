// Editing: new nodes, links, names, namespaces, and copies between documents.
#include <algorithm>
#include <cassert>

#include "engine/base/text.hpp"
#include "engine/message/tree.hpp"
#include "engine/message/tree_impl.hpp"

namespace myelin::tree {

// --- Storage ---------------------------------------------------------------------------------------

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the character at `at`, 0 when the bytes are none that XML could say.
std::size_t legal_length(std::string_view text, std::size_t at) noexcept {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < 0x80) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  const std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
  return text::valid_utf8(text.substr(at, length)) ? length : 0;
}

/// U+FFFE and U+FFFF, which are UTF-8 but no XML characters.
bool is_noncharacter(std::string_view character) noexcept {
  return character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

bool plain_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20; });
}

}  // namespace

std::string_view Storage::keep_legal(std::string_view text) {
  if (plain_ascii(text)) return keep(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = legal_length(text, at);
    const std::string_view character = text.substr(at, length);
    out += length == 0 || is_noncharacter(character) ? kReplacement : character;
    at += length ? length : 1;
  }
  return keep(out);
}

NodeId Storage::add(Kind kind) {
  const auto id = static_cast<NodeId>(nodes.size());
  nodes.emplace_back(kind);
  return id;
}

void Storage::set_leaf(NodeId id, std::string_view text) noexcept {
  at(id).leaf = Node::Leaf{text.data(), static_cast<std::uint32_t>(text.size())};
}

void Storage::set_name(NodeId id, std::string_view prefix, std::string_view uri, std::string_view local) {
  const std::string_view kept = keep(local);
  Node& node = at(id);
  node.name = kept.data();
  node.name_size = static_cast<std::uint32_t>(kept.size());
  node.space = space(prefix, uri);
}

std::uint32_t Storage::space(std::string_view prefix, std::string_view uri) {
  if (uri.empty()) return kNoSpace;
  if (uri == kXmlNamespace) return kXmlSpace;
  // Who builds a tree uses the same few again and again.
  const std::size_t newest = spaces.size();
  for (std::size_t i = newest; i > 2 && i + 4 > newest; --i)
    if (spaces[i - 1].prefix == prefix && spaces[i - 1].uri == uri) return static_cast<std::uint32_t>(i - 1);
  spaces.push_back(Space{keep(prefix), keep(uri), kNone});
  return static_cast<std::uint32_t>(newest);
}

void Storage::inside_changed(NodeId id) noexcept {
  for (; id != kNone && !(at(id).changes & kInsideChanged); id = at(id).parent) at(id).changes |= kInsideChanged;
}

void Storage::changed(NodeId id) noexcept {
  at(id).changes |= kTagChanged;
  inside_changed(at(id).kind == Kind::element ? id : at(id).parent);
}

void Storage::link(NodeId parent, NodeId before, NodeId id) {
  Node& node = at(id);
  node.parent = parent;
  node.next = before;
  node.previous = before == kNone ? at(parent).inner.last : at(before).previous;
  (node.previous == kNone ? at(parent).inner.first : at(node.previous).next) = id;
  (before == kNone ? at(parent).inner.last : at(before).previous) = id;
  if (node.from_source()) moved = true;
  ordered = false;
  positions.clear();
  inside_changed(parent);
}

void Storage::unlink(NodeId id) noexcept {
  Node& node = at(id);
  if (node.parent == kNone) return;
  Node& parent = at(node.parent);
  const bool attribute = node.kind == Kind::attribute;
  if (node.previous != kNone)
    at(node.previous).next = node.next;
  else
    (attribute ? parent.inner.attributes : parent.inner.first) = node.next;
  if (node.next != kNone)
    at(node.next).previous = node.previous;
  else if (!attribute)
    parent.inner.last = node.previous;
  if (attribute)
    changed(node.parent);
  else
    inside_changed(node.parent);
  node.parent = node.next = node.previous = kNone;
  ordered = false;
  positions.clear();
}

void Storage::link_attribute(NodeId element, NodeId id) noexcept {
  NodeId* last = &at(element).inner.attributes;
  NodeId previous = kNone;
  while (*last != kNone) {
    previous = *last;
    last = &at(previous).next;
  }
  *last = id;
  at(id).previous = previous;
  at(id).next = kNone;
  at(id).parent = element;
  ordered = false;
  positions.clear();
  changed(element);
}

NodeId Storage::copy(const Storage& from, NodeId source_id) {
  const bool same = &from == this;
  // Indices, not references: the vectors grow while they are read when `from` is this document.
  const auto copy_one = [&](NodeId id) {
    const NodeId made = add(from.at(id).kind);
    const Space space_record = from.spaces[from.at(id).space];
    const std::string_view name = from.at(id).local();
    const std::string_view kept = same ? name : keep(name);
    at(made).name = kept.data();
    at(made).name_size = static_cast<std::uint32_t>(kept.size());
    at(made).space = same ? from.at(id).space : space(space_record.prefix, space_record.uri);
    if (!from.at(id).has_children()) set_leaf(made, same ? from.at(id).value() : keep(from.at(id).value()));
    if (same && from.at(id).untouched()) {
      at(made).begin = from.at(id).begin;
      at(made).end = from.at(id).end;
    }
    return made;
  };
  const auto copy_declarations = [&](NodeId id, NodeId made) {
    std::uint32_t tail = kNone;
    for (std::uint32_t i = from.at(id).inner.declarations; i != kNone; i = from.spaces[i].next) {
      const Space original = from.spaces[i];
      const auto record = static_cast<std::uint32_t>(spaces.size());
      spaces.push_back(same ? Space{original.prefix, original.uri, kNone} : Space{keep(original.prefix), keep(original.uri), kNone});
      (tail == kNone ? at(made).inner.declarations : spaces[tail].next) = record;
      tail = record;
    }
  };
  const auto copy_element_parts = [&](NodeId id, NodeId made) {
    copy_declarations(id, made);
    NodeId previous = kNone;
    for (NodeId a = from.at(id).inner.attributes; a != kNone; a = from.at(a).next) {
      const NodeId attribute = copy_one(a);
      at(attribute).parent = made;
      at(attribute).previous = previous;
      (previous == kNone ? at(made).inner.attributes : at(previous).next) = attribute;
      previous = attribute;
    }
  };
  const auto copy_whole = [&](NodeId id) {
    const NodeId made = copy_one(id);
    if (from.at(id).kind == Kind::element) copy_element_parts(id, made);
    return made;
  };

  const NodeId top = copy_whole(source_id);
  NodeId read = source_id, write = top;
  for (;;) {
    NodeId next_read;
    NodeId parent_write;
    if (from.at(read).has_children() && from.at(read).inner.first != kNone) {
      next_read = from.at(read).inner.first;
      parent_write = write;
    } else {
      while (read != source_id && from.at(read).next == kNone) {
        read = from.at(read).parent;
        write = at(write).parent;
      }
      if (read == source_id) break;
      next_read = from.at(read).next;
      parent_write = at(write).parent;
    }
    const NodeId made = copy_whole(next_read);
    at(made).parent = parent_write;
    at(made).previous = at(parent_write).inner.last;
    (at(made).previous == kNone ? at(parent_write).inner.first : at(at(made).previous).next) = made;
    at(parent_write).inner.last = made;
    read = next_read;
    write = made;
  }
  ordered = false;
  positions.clear();
  return top;
}

// --- Document -------------------------------------------------------------------------------------

NodeId Document::create_element(std::string_view uri, std::string_view prefix, std::string_view local) {
  const NodeId id = impl_->add(Kind::element);
  impl_->set_name(id, prefix, uri, local);
  impl_->at(id).changes = kTagChanged | kInsideChanged;
  return id;
}

NodeId Document::create_text(std::string_view text) {
  const NodeId id = impl_->add(Kind::text);
  impl_->set_leaf(id, impl_->keep_legal(text));
  impl_->at(id).changes = kTagChanged;
  return id;
}

void Document::declare(NodeId element, std::string_view prefix, std::string_view uri) {
  std::uint32_t* link = &impl_->at(element).inner.declarations;
  while (*link != kNone && impl_->spaces[*link].prefix != prefix) link = &impl_->spaces[*link].next;
  const std::uint32_t next = *link == kNone ? kNone : impl_->spaces[*link].next;
  const auto record = static_cast<std::uint32_t>(impl_->spaces.size());
  *link = record;  // a replaced record lives on: names refer to it
  impl_->spaces.push_back(Space{impl_->keep(prefix), impl_->keep_legal(uri), next});
  if (impl_->at(element).from_source()) impl_->moved = true;
  impl_->changed(element);
}

NodeId Document::set_attribute(NodeId element, std::string_view uri, std::string_view prefix, std::string_view local,
                               std::string_view value) {
  NodeId id = attribute(element, uri, local);
  if (id == kNone) {
    id = impl_->add(Kind::attribute);
    impl_->set_name(id, prefix, uri, local);
    impl_->link_attribute(element, id);
  }
  set_value(id, value);
  return id;
}

void Document::set_value(NodeId id, std::string_view value) {
  impl_->set_leaf(id, impl_->keep_legal(value));
  impl_->at(id).changes |= kTagChanged;
  const NodeId parent_id = impl_->at(id).parent;
  if (parent_id == kNone) return;
  if (impl_->at(id).kind == Kind::attribute)
    impl_->changed(parent_id);
  else
    impl_->inside_changed(parent_id);
}

void Document::set_text(NodeId element, std::string_view text) {
  remove_children(element);
  if (!text.empty()) append(element, create_text(text));
}

void Document::append(NodeId parent_id, NodeId child_id) {
  assert(impl_->at(child_id).parent == kNone);
  if (impl_->at(child_id).kind != Kind::attribute) return impl_->link(parent_id, kNone, child_id);
  const NodeId old = attribute(parent_id, ns(child_id), local(child_id));
  if (old != kNone) impl_->unlink(old);
  impl_->link_attribute(parent_id, child_id);
}

void Document::insert_before(NodeId sibling, NodeId node) {
  assert(impl_->at(node).parent == kNone && impl_->at(sibling).parent != kNone);
  impl_->link(impl_->at(sibling).parent, sibling, node);
}

void Document::insert_after(NodeId sibling, NodeId node) {
  assert(impl_->at(node).parent == kNone && impl_->at(sibling).parent != kNone);
  impl_->link(impl_->at(sibling).parent, impl_->at(sibling).next, node);
}

void Document::detach(NodeId node) { impl_->unlink(node); }

void Document::remove_children(NodeId element) {
  while (impl_->at(element).inner.first != kNone) impl_->unlink(impl_->at(element).inner.first);
}

void Document::rename(NodeId element, std::string_view uri, std::string_view prefix, std::string_view local) {
  impl_->set_name(element, prefix, uri, local);
  const NodeId marked = impl_->at(element).kind == Kind::attribute ? impl_->at(element).parent : element;
  impl_->at(element).changes |= kTagChanged;
  if (marked != kNone) impl_->changed(marked);
  if (impl_->at(element).from_source()) impl_->moved = true;
}

NodeId Document::import(const Document& from, NodeId node) {
  if (from.kind(node) == Kind::document) node = from.root();
  const NodeId copy = impl_->copy(*from.impl_, node);
  if (kind(copy) != Kind::element) return copy;
  Scope<std::string_view> nothing{std::string_view{}};
  for (const Space& needed : foreign_prefixes(*from.impl_, node, nothing)) {
    declare(copy, needed.prefix, needed.uri);
  }
  return copy;
}

Result<NodeId> Document::import_xml(std::string_view xml) {
  auto parsed = parse(std::string(xml), "UTF-8");
  if (!parsed) return std::move(parsed).fault();
  return import(**parsed, (*parsed)->root());
}

}  // namespace myelin::tree
