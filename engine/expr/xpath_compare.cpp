// Comparisons of XPath 1.0 (3.4). Node sets are compared in linear or n log n time.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/expr/xpath_eval.hpp"

namespace myelin::expr::xpath {

namespace {

bool relate(Op op, double left, double right) noexcept {
  switch (op) {
    case Op::equal: return left == right;
    case Op::not_equal: return left != right;
    case Op::less: return left < right;
    case Op::less_equal: return left <= right;
    case Op::greater: return left > right;
    default: return left >= right;
  }
}

constexpr Op mirrored(Op op) noexcept {
  switch (op) {
    case Op::less: return Op::greater;
    case Op::less_equal: return Op::greater_equal;
    case Op::greater: return Op::less;
    case Op::greater_equal: return Op::less_equal;
    default: return op;
  }
}

bool is_equality(Op op) noexcept { return op == Op::equal || op == Op::not_equal; }

std::vector<std::string> sorted_texts(const NodeSet& nodes) {
  std::vector<std::string> texts;
  texts.reserve(nodes.size());
  std::string buffer;
  for (const tree::NodeRef& node : nodes) texts.emplace_back(node_text(node, buffer));
  std::sort(texts.begin(), texts.end());
  return texts;
}

struct Extent {
  double least = 0, most = 0;
  bool any = false;
};
Extent extent(const NodeSet& nodes) {
  Extent found;
  std::string buffer;
  for (const tree::NodeRef& node : nodes) {
    const double number = to_number(node_text(node, buffer));
    if (std::isnan(number)) continue;
    found.least = found.any ? std::min(found.least, number) : number;
    found.most = found.any ? std::max(found.most, number) : number;
    found.any = true;
  }
  return found;
}

bool compare_sets(Op op, const NodeSet& left, const NodeSet& right) {
  if (left.empty() || right.empty()) return false;
  if (!is_equality(op)) {
    const Extent a = extent(left), b = extent(right);
    if (!a.any || !b.any) return false;
    return op == Op::less || op == Op::less_equal ? relate(op, a.least, b.most) : relate(op, a.most, b.least);
  }
  const auto a = sorted_texts(left), b = sorted_texts(right);
  if (op == Op::not_equal) return a.front() != b.back() || a.back() != b.front();
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const int order = a[i].compare(b[j]);
    if (order == 0) return true;
    ++(order < 0 ? i : j);
  }
  return false;
}

bool compare_set(Op op, const NodeSet& nodes, const Object& other) {
  if (other.type == Type::boolean)
    return relate(op, nodes.empty() ? 0 : 1, other.boolean ? 1 : 0);
  const bool textual = is_equality(op) && other.type == Type::string;
  const double number = textual ? 0 : to_number(other);
  std::string buffer;
  return std::any_of(nodes.begin(), nodes.end(), [&](const tree::NodeRef& node) {
    const std::string_view text = node_text(node, buffer);
    return textual ? (text == other.string) == (op == Op::equal) : relate(op, to_number(text), number);
  });
}

}  // namespace

bool compare(Op op, const Object& left, const Object& right) {
  if (left.is_null() || right.is_null()) return false;
  const bool left_set = left.type == Type::nodes, right_set = right.type == Type::nodes;
  if (left_set && right_set) return compare_sets(op, left.nodes, right.nodes);
  if (left_set) return compare_set(op, left.nodes, right);
  if (right_set) return compare_set(mirrored(op), right.nodes, left);
  if (!is_equality(op)) return relate(op, to_number(left), to_number(right));
  if (left.type == Type::boolean || right.type == Type::boolean)
    return (to_boolean(left) == to_boolean(right)) == (op == Op::equal);
  if (left.type == Type::number || right.type == Type::number) return relate(op, to_number(left), to_number(right));
  return (left.string == right.string) == (op == Op::equal);
}

}  // namespace myelin::expr::xpath
