#pragma once
// A regular expression of the configuration in Java's syntax, compiled once. Matching stops after a
// bounded number of steps (REL-088). Immutable, shared by all shards.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace myelin::expr {

class Pattern {
 public:
  /// Null, with `error` saying why, when `text` is not a regular expression.
  static std::unique_ptr<const Pattern> compile(std::string_view text, std::string& error);
  ~Pattern();

  /// True when the whole of `subject` matches. Faults when that takes too many steps.
  Result<bool> matches(std::string_view subject) const;
  /// The text of a group of a whole match, 0 being everything; nullopt when nothing matches or there
  /// is no such group.
  Result<std::optional<std::string>> group(std::string_view subject, std::size_t number) const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace myelin::expr
