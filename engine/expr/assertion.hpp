#pragma once
// What a health check asserts of an answer, in the form Gravitee's users know (gateways reference, 3.6):
//
//   #response.status == 200 && #responseTime < 500 && #response.headers['X-Ready'] matches 'y.*'
//
// Variables #response.status, #response.content, #response.headers['name'], #responseTime (milliseconds)
// and #jsonPath(#response.content, '$.path'); operators == != < <= > >= contains matches && || ! and
// their words eq ne lt le gt ge and or not, which need no escaping in XML; parentheses; 'texts',
// numbers, true, false, null. `a.contains(b)` and `a.matches(b)` mean the same as the operators, and
// braces around the whole are ignored. A text is compared with a number as a number.
// Compiled once; immutable and shared by all shards.

#include <memory>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/message/headers.hpp"

namespace myelin::expr {

/// An answer as assertions see it. Views live while it is judged.
struct CheckAnswer {
  int status = 0;
  std::string_view content;
  const Headers* headers = nullptr;  ///< null: none
  Duration took{0};
};

class Assertion {
 public:
  /// Texts of this language name a variable with `#`; any other expression has none outside quotes.
  static bool is_one(std::string_view text) noexcept;
  /// Null fills `error`.
  static std::unique_ptr<const Assertion> compile(std::string_view text, SyntaxError& error);
  ~Assertion();

  /// Faults when a pattern takes too many steps or the content is no JSON.
  Result<bool> holds(const CheckAnswer& answer) const;
  bool reads_content() const noexcept { return reads_content_; }

 private:
  friend class AssertionParser;
  struct Node;
  Assertion();

  std::unique_ptr<const Node> root_;
  bool reads_content_ = false;
};

}  // namespace myelin::expr
