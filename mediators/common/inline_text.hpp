#pragma once
// A text of the configuration with `{expression}`s in it, as inline sources of enrich have them: XML, JSON
// or anything else. Immutable once read.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/flow/build.hpp"

namespace myelin::mediators {

class InlineText {
 public:
  /// Nullopt when there is no expression in `text`, or one that is wrong: then `usable` becomes false.
  /// An expression has no blanks, quotation marks, commas or angle brackets, and at least one of `$ ( /`.
  static std::optional<InlineText> read(std::string_view text, const xml::Element& at, Build& build, bool& usable);

  /// The text with the values of its expressions: as elements or escaped in XML; in JSON as they are
  /// when they are JSON, else quoted, or escaped within a string.
  Result<std::string> fill(Message& message) const;

 private:
  enum class Kind : std::uint8_t { text, xml, json };
  struct Piece {
    std::string literal;
    std::unique_ptr<expr::Expression> value;  ///< behind it; null at the end
    bool in_string = false;                   ///< of JSON
  };
  std::string shown(std::string value, const Piece& piece) const;

  Kind kind_ = Kind::text;
  std::vector<Piece> pieces_;
};

}  // namespace myelin::mediators
