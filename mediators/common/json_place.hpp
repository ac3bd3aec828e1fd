#pragma once
// Places in a JSON document that a mediator changes: `$.a.b[0]`, `$['a']`, `$.list[*].x`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/message/json.hpp"

namespace myelin::mediators {

class JsonPlace {
 public:
  /// A path of member names, indices and `*`; nullopt when it is anything else.
  static std::optional<JsonPlace> parse(std::string_view path);

  bool is_root() const noexcept { return steps_.empty(); }
  /// The values at this place; empty when there is none.
  std::vector<JsonDocument::Id> find(const JsonDocument& document) const { return walk(document, steps_.size()); }
  /// The objects that lack the member at the end of the path.
  std::vector<JsonDocument::Id> lacking(const JsonDocument& document) const;
  /// Name of the member at the end of the path; empty when it ends in an index.
  const std::string& member() const noexcept;

 private:
  struct Step {
    enum class Kind { member, index, all } kind = Kind::all;
    std::string name;
    std::int32_t index = 0;  ///< negative: from the end
  };
  static bool parse_step(std::string_view& rest, Step& step);
  std::vector<JsonDocument::Id> walk(const JsonDocument& document, std::size_t steps) const;

  std::vector<Step> steps_;
};

}  // namespace myelin::mediators
