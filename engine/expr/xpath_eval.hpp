#pragma once
// One evaluation of a compiled XPath expression; internal to the engine.

#include <functional>
#include <map>

#include "engine/expr/xpath.hpp"

namespace myelin::expr::xpath {

/// Where a subexpression stands: XPath 1.0's context without variables and functions.
struct Place {
  tree::NodeRef node;
  std::size_t position = 1;
  std::size_t size = 1;
};

class Evaluation {
 public:
  Evaluation(const Context& context, std::vector<std::shared_ptr<const tree::Document>>& owners)
      : context_(context), owners_(owners) {}

  /// False when it failed; then fault() says why.
  bool run(const Expr& expr, const Place& place, Object& result);
  Fault& fault() noexcept { return fault_; }

 private:
  bool fail(std::string message);
  bool spend(std::uint64_t visited);

  bool literal(const Expr& expr, Object& result);
  bool logic(const Expr& expr, const Place& place, Object& result);
  bool arithmetic(const Expr& expr, const Place& place, Object& result);
  bool comparison(const Expr& expr, const Place& place, Object& result);
  bool join(const Expr& expr, const Place& place, Object& result);
  bool variable(const Expr& expr, Object& result);
  bool extension(const Expr& expr, const Place& place, Object& result);
  bool core(const Expr& expr, const Place& place, Object& result);
  bool string_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result);
  bool number_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result);
  bool node_function(const Expr& expr, const std::vector<Object>& arguments, const Place& place, Object& result);
  bool accept(const Value& value, Object& result);

  bool path(const Expr& expr, const Place& place, Object& result);
  bool start(const Expr& expr, const Place& place, NodeSet& nodes);
  bool step(const Step& step, const NodeSet& from, NodeSet& to);
  bool step_from(const Step& step, const tree::NodeRef& from, NodeSet& to);
  bool filter(const Predicate& predicate, NodeSet& nodes, std::size_t first);
  bool filter_all(const std::vector<Predicate>& predicates, NodeSet& nodes, std::size_t first);
  tree::NodeRef parent(const tree::NodeRef& node) const noexcept;
  void walk(const Step& step, const tree::NodeRef& from, NodeSet& to, std::size_t enough, std::uint64_t& visited);
  void namespace_nodes(const tree::NodeRef& element, const NodeTest& test, NodeSet& to);
  tree::NodeId stand_in(const tree::NodeRef& element);
  bool is_space(const tree::NodeRef& node) const noexcept { return spaces_ && node.document == spaces_.get(); }

  const Context& context_;
  std::vector<std::shared_ptr<const tree::Document>>& owners_;
  std::uint64_t steps_ = 0;
  Fault fault_;
  /// Namespace nodes are made on demand as attributes of stand-ins for their elements.
  std::shared_ptr<tree::Document> spaces_;
  std::map<std::pair<const tree::Document*, tree::NodeId>, tree::NodeId> stand_ins_;
  std::map<tree::NodeId, tree::NodeRef> elements_;
};

/// Text of a node without a copy where one text holds it all.
std::string_view node_text(const tree::NodeRef& node, std::string& buffer);
/// Compares two operands as XPath 1.0, 3.4 says; null is never equal, unequal, less or greater.
bool compare(Op op, const Object& left, const Object& right);
void sort_unique(NodeSet& nodes);

}  // namespace myelin::expr::xpath
