#pragma once
// Places in a JSON document that a mediator changes: what a JSONPath selects.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/expr/jsonpath.hpp"
#include "engine/message/json.hpp"

namespace myelin::mediators {

class JsonPlace {
 public:
  using Ids = std::vector<JsonDocument::Id>;

  /// One path. Nullopt fills `error`.
  static std::optional<JsonPlace> parse(std::string_view path, expr::SyntaxError& error);
  /// One path or more: `$.a[0,1],$.b`.
  static std::optional<JsonPlace> parse_list(std::string_view paths, expr::SyntaxError& error);

  bool is_root() const noexcept { return paths_.size() == 1 && paths_.front().whole(); }
  /// At most one value can be there.
  bool definite() const noexcept { return paths_.size() == 1 && paths_.front().definite(); }
  /// The values at these places, each once and in document order.
  Result<Ids> find(const JsonDocument& document) const;
  /// The objects that lack the member at the end of the path.
  Result<Ids> lacking(const JsonDocument& document) const;
  /// Name of the member at the end of the path; empty when it ends in anything else.
  std::string member() const;

 private:
  std::vector<expr::JsonPath> paths_;
};

}  // namespace myelin::mediators
