#pragma once
// RFC 6570 expansion of `uri-template` with text values: every operator, value lists and the prefix
// modifier. Compiled once, immutable.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::endpoints {

class UriTemplate {
 public:
  /// Null text: the variable is not defined.
  using Lookup = std::function<std::optional<std::string>(std::string_view)>;

  explicit UriTemplate(std::string_view text);

  bool has_variables() const noexcept;
  std::string expand(const Lookup& lookup) const;

 private:
  struct Variable {
    std::string name;
    std::size_t most = 0;  ///< {name:3}; 0: all of it
  };
  struct Part {
    std::string literal;   ///< when there are no variables
    char op = 0;           ///< + # . / ; ? & or 0
    std::vector<Variable> variables;
  };

  static Part parse_expression(std::string_view inside);
  static void expand_part(const Part& part, const Lookup& lookup, std::string& to);

  std::vector<Part> parts_;
};

/// Only characters that may stand in a URI, and no broken %xx.
bool is_legal_uri(std::string_view text) noexcept;

}  // namespace myelin::endpoints
