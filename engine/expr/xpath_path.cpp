// Location paths: axes, node tests, predicates. Sets stay in document order; a step from many nodes
// does not visit again what the step from an earlier one covered.
#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/base/text.hpp"
#include "engine/expr/xpath_eval.hpp"
#include "engine/message/tree_impl.hpp"

namespace myelin::expr::xpath {

using tree::Document;
using tree::kNone;
using tree::Kind;
using tree::NodeId;
using tree::NodeRef;

namespace {

bool before(const NodeRef& a, const NodeRef& b) noexcept {
  if (a.document != b.document) return std::less<>{}(a.document, b.document);
  return a.document->order(a.id, b.id) < 0;
}

bool is_reverse(Axis axis) noexcept {
  return axis == Axis::ancestor || axis == Axis::ancestor_or_self || axis == Axis::preceding || axis == Axis::preceding_sibling;
}

/// A document's links without a call per node.
class Links {
 public:
  explicit Links(const Document& document) noexcept : storage_(document.storage()) {}
  Kind kind(NodeId id) const noexcept { return storage_.at(id).kind; }
  std::string_view local(NodeId id) const noexcept { return storage_.at(id).local(); }
  std::string_view ns(NodeId id) const noexcept { return storage_.spaces[storage_.at(id).space].uri; }
  NodeId parent(NodeId id) const noexcept { return storage_.at(id).parent; }
  NodeId next(NodeId id) const noexcept { return storage_.at(id).next; }
  NodeId previous(NodeId id) const noexcept { return storage_.at(id).previous; }
  NodeId first_child(NodeId id) const noexcept {
    const tree::Node& node = storage_.at(id);
    return node.has_children() ? node.inner.first : kNone;
  }
  NodeId last_child(NodeId id) const noexcept {
    const tree::Node& node = storage_.at(id);
    return node.has_children() ? node.inner.last : kNone;
  }
  NodeId first_attribute(NodeId id) const noexcept {
    const tree::Node& node = storage_.at(id);
    return node.kind == Kind::element ? node.inner.attributes : kNone;
  }

 private:
  const tree::Storage& storage_;
};

bool matches(const NodeTest& test, const Links& document, NodeId id, Kind principal) noexcept {
  const Kind kind = document.kind(id);
  switch (test.kind) {
    case NodeTest::Kind::name:
      return kind == principal && document.local(id) == test.local && document.ns(id) == test.ns;
    case NodeTest::Kind::any_of_namespace: return kind == principal && document.ns(id) == test.ns;
    case NodeTest::Kind::any_name: return kind == principal;
    case NodeTest::Kind::node: return true;
    case NodeTest::Kind::text: return kind == Kind::text;
    case NodeTest::Kind::comment: return kind == Kind::comment;
    case NodeTest::Kind::instruction:
      return kind == Kind::instruction && (test.local.empty() || document.local(id) == test.local);
  }
  return false;
}

NodeId deepest_last(const Links& document, NodeId id) noexcept {
  while (document.last_child(id) != kNone) id = document.last_child(id);
  return id;
}

/// The node after the subtree of `id`, inside `top` (kNone: anywhere).
NodeId after(const Links& document, NodeId id, NodeId top) noexcept {
  while (id != top && id != kNone) {
    if (document.next(id) != kNone) return document.next(id);
    id = document.parent(id);
  }
  return kNone;
}

bool is_inside(const NodeRef& node, const NodeRef& top) noexcept {
  if (node.document != top.document) return false;
  for (NodeId id = node.id; id != kNone; id = node.document->parent(id))
    if (id == top.id) return true;
  return false;
}

}  // namespace

void sort_unique(NodeSet& nodes) {
  const auto unsorted = std::adjacent_find(nodes.begin(), nodes.end(),
                                           [](const NodeRef& a, const NodeRef& b) { return !before(a, b); });
  if (unsorted == nodes.end()) return;
  std::sort(nodes.begin(), nodes.end(), before);
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

bool Evaluation::path(const Expr& expr, const Place& place, Object& result) {
  NodeSet current;
  if (!start(expr, place, current)) return false;
  NodeSet next;
  for (std::size_t i = 0; i < expr.steps.size(); ++i) {
    next.clear();
    if (!step(expr.steps[i], current, next)) return false;
    const bool first_of_root = i == 0 && expr.absolute && context_.envelope_is_root && expr.steps[0].axis == Axis::child;
    if (first_of_root && next.empty() && !current.empty()) {
      const NodeId root = current.front().document->root();
      current.front().id = root;
      if (root != kNone && !step(expr.steps[0], current, next)) return false;
    }
    current.swap(next);
    if (current.empty()) break;
  }
  result.set(std::move(current));
  return true;
}

bool Evaluation::start(const Expr& expr, const Place& place, NodeSet& nodes) {
  if (expr.operands.empty()) {
    NodeRef from = place.node;
    if (is_space(from) && expr.absolute) from = elements_.at(from.document->parent(from.id));
    if (!from.document) return fail("there is no message to select from");
    if (expr.absolute) from.id = from.document->document();
    nodes.push_back(from);
    return true;
  }
  Object value;
  if (!run(*expr.operands[0], place, value)) return false;
  // A property that is no XML, or absent, has no nodes to select from.
  if (value.type == Type::nodes) nodes = std::move(value.nodes);
  return filter_all(expr.filters, nodes, 0);
}

bool Evaluation::step(const Step& step, const NodeSet& from, NodeSet& to) {
  const bool positional = std::any_of(step.predicates.begin(), step.predicates.end(),
                                      [](const Predicate& predicate) { return predicate.positional; });
  const bool down = step.axis == Axis::descendant || step.axis == Axis::descendant_or_self;
  const NodeRef* last = nullptr;
  for (const NodeRef& node : from) {
    if (!positional && last) {
      if (down && is_inside(node, *last)) continue;
      if (step.axis == Axis::following_sibling && node.document == last->document &&
          node.document->kind(node.id) != Kind::attribute && node.document->parent(node.id) == last->document->parent(last->id))
        continue;
    }
    last = &node;
    if (!step_from(step, node, to)) return false;
  }
  if (from.size() > 1) sort_unique(to);
  return true;
}

bool Evaluation::step_from(const Step& step, const NodeRef& from, NodeSet& to) {
  const std::size_t first = to.size();
  std::uint64_t visited = 0;
  // [n] first: nothing behind the n-th is looked at.
  const std::uint32_t index = step.predicates.empty() ? 0 : step.predicates.front().index;
  if (step.axis == Axis::name_space)
    namespace_nodes(from, step.test, to);
  else
    walk(step, from, to, index, visited);
  if (!spend(visited)) return false;
  if (to.size() > kNodeSet) return fail("the node set is too large");
  if (!filter_all(step.predicates, to, first)) return false;
  if (is_reverse(step.axis)) std::reverse(to.begin() + static_cast<std::ptrdiff_t>(first), to.end());
  return true;
}

tree::NodeRef Evaluation::parent(const NodeRef& node) const noexcept {
  if (is_space(node)) return elements_.at(node.document->parent(node.id));
  return NodeRef{node.document, node.document->parent(node.id)};
}

void Evaluation::walk(const Step& step, const NodeRef& from, NodeSet& to, std::size_t enough, std::uint64_t& visited) {
  const Links document(*from.document);
  const Kind principal = step.axis == Axis::attribute ? Kind::attribute : Kind::element;
  const std::size_t full = enough == 0 ? ~std::size_t{0} : to.size() + enough;
  const auto visit = [&](NodeId id) {
    ++visited;
    if (matches(step.test, document, id, principal)) to.push_back(NodeRef{from.document, id});
    return to.size() < full;
  };
  const bool leaf = document.kind(from.id) == Kind::attribute;  // has no siblings and no children
  switch (step.axis) {
    case Axis::self:
      if (!is_space(from) || step.test.kind == NodeTest::Kind::node) visit(from.id);
      return;
    case Axis::parent:
      if (const NodeRef up = parent(from); up.id != kNone && matches(step.test, Links(*up.document), up.id, principal)) to.push_back(up);
      return;
    case Axis::child:
      for (NodeId id = document.first_child(from.id); id != kNone && visit(id); id = document.next(id)) {}
      return;
    case Axis::attribute:
      for (NodeId id = document.first_attribute(from.id); id != kNone && visit(id); id = document.next(id)) {}
      return;
    case Axis::following_sibling:
      for (NodeId id = leaf ? kNone : document.next(from.id); id != kNone && visit(id); id = document.next(id)) {}
      return;
    case Axis::preceding_sibling:
      for (NodeId id = leaf ? kNone : document.previous(from.id); id != kNone && visit(id); id = document.previous(id)) {}
      return;
    case Axis::descendant_or_self:
      if (!visit(from.id)) return;
      [[fallthrough]];
    case Axis::descendant:
      for (NodeId id = document.first_child(from.id); id != kNone && visit(id);) {
        const NodeId child = document.first_child(id);
        id = child != kNone ? child : after(document, id, from.id);
      }
      return;
    case Axis::ancestor_or_self:
    case Axis::ancestor: {
      if (step.axis == Axis::ancestor_or_self && !visit(from.id)) return;
      for (NodeRef up = parent(from); up.id != kNone; up = parent(up)) {
        ++visited;
        if (matches(step.test, Links(*up.document), up.id, principal)) to.push_back(up);
        if (to.size() >= full) return;
      }
      return;
    }
    case Axis::following: {
      // Behind an attribute come its element's children.
      NodeId id = leaf ? document.parent(from.id) : from.id;
      const NodeId child = leaf ? document.first_child(id) : kNone;
      id = child != kNone ? child : after(document, id, kNone);
      while (id != kNone && visit(id)) {
        const NodeId inner = document.first_child(id);
        id = inner != kNone ? inner : after(document, id, kNone);
      }
      return;
    }
    case Axis::preceding: {
      NodeId up = leaf ? document.parent(from.id) : from.id;
      for (; up != kNone; up = document.parent(up))
        for (NodeId sibling = document.previous(up); sibling != kNone; sibling = document.previous(sibling))
          for (NodeId id = deepest_last(document, sibling);;) {
            if (!visit(id)) return;
            if (id == sibling) break;
            id = document.previous(id) != kNone ? deepest_last(document, document.previous(id)) : document.parent(id);
          }
      return;
    }
    case Axis::name_space: return;
  }
}

bool Evaluation::filter_all(const std::vector<Predicate>& predicates, NodeSet& nodes, std::size_t first) {
  return std::all_of(predicates.begin(), predicates.end(),
                     [&](const Predicate& predicate) { return filter(predicate, nodes, first); });
}

bool Evaluation::filter(const Predicate& predicate, NodeSet& nodes, std::size_t first) {
  const std::size_t size = nodes.size() - first;
  if (predicate.index != 0) {
    if (predicate.index > size) {
      nodes.resize(first);
    } else {
      nodes[first] = nodes[first + predicate.index - 1];
      nodes.resize(first + 1);
    }
    return true;
  }
  std::size_t kept = first;
  Object value;
  for (std::size_t i = 0; i < size; ++i) {
    const Place place{nodes[first + i], i + 1, size};
    if (!run(*predicate.expr, place, value)) return false;
    const bool keep = value.type == Type::number ? value.number == static_cast<double>(i + 1) : to_boolean(value);
    if (keep) nodes[kept++] = place.node;
  }
  nodes.resize(kept);
  return true;
}

NodeId Evaluation::stand_in(const NodeRef& element) {
  const auto [found, fresh] = stand_ins_.try_emplace({element.document, element.id}, kNone);
  if (!fresh) return found->second;
  if (!spaces_) {
    spaces_ = std::make_shared<Document>();
    owners_.push_back(spaces_);
  }
  const NodeId made = spaces_->create_element({}, {}, "element");
  found->second = made;
  elements_.emplace(made, element);
  const Document& document = *element.document;
  std::map<std::string_view, std::string_view> in_scope{{"xml", "http://www.w3.org/XML/1998/namespace"}};
  for (NodeId id = element.id; id != kNone; id = document.parent(id))
    for (const auto& [prefix, uri] : document.declarations(id)) in_scope.emplace(prefix, uri);
  for (const auto& [prefix, uri] : in_scope)
    if (!uri.empty()) spaces_->set_attribute(made, {}, {}, prefix, uri);
  return made;
}

void Evaluation::namespace_nodes(const NodeRef& element, const NodeTest& test, NodeSet& to) {
  if (is_space(element) || element.document->kind(element.id) != Kind::element) return;
  const NodeId made = stand_in(element);
  for (NodeId id = spaces_->first_attribute(made); id != kNone; id = spaces_->next(id))
    if (matches(test, Links(*spaces_), id, Kind::attribute)) to.push_back(NodeRef{spaces_.get(), id});
}

}  // namespace myelin::expr::xpath
