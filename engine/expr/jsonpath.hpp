#pragma once
// JSONPath as Jayway reads it: `$`, names, indexes, slices, unions, wildcards, `..`, filters and the
// functions length size min max avg sum stddev keys first last. A compiled path is immutable and
// shared by all shards; evaluation is iterative and linear in the document per step.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/message/json.hpp"

namespace myelin::expr {

class JsonPath {
 public:
  /// What a path yields of one document.
  struct Found {
    std::vector<JsonDocument::Id> nodes;  ///< empty with a definite path: missing
    std::optional<std::string> computed;  ///< JSON text that a function made; nodes is empty then
    bool many = false;                    ///< the path is not definite: the result is a list
  };

  /// `path` with its `$`, or without (`a.b` is `$.a.b`). Nullopt fills `error`.
  static std::optional<JsonPath> compile(std::string_view path, SyntaxError& error);
  JsonPath(JsonPath&&) noexcept;
  JsonPath& operator=(JsonPath&&) noexcept;
  ~JsonPath();

  /// `$` alone.
  bool whole() const noexcept;
  bool definite() const noexcept;
  /// Faults when more than a million values would be selected.
  Result<Found> find(const JsonDocument& document) const;
  /// All but the last step, and its name, when it is one member name: where a missing member is to
  /// be added.
  std::optional<std::string> last_name() const;
  Result<Found> find_parent(const JsonDocument& document) const;

 private:
  friend class JsonPathParser;
  friend struct JsonFilter;
  struct Step;
  JsonPath();
  Result<Found> walk(const JsonDocument& document, JsonDocument::Id from, std::size_t steps) const;

  std::vector<Step> steps_;
};

}  // namespace myelin::expr
