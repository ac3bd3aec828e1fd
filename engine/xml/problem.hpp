#pragma once
// What is wrong with a configuration: every problem at once, each with its place, what was found
// and what was allowed.

#include <string>
#include <string_view>
#include <vector>

namespace myelin::xml {

struct Location {
  std::string file;  ///< as the user named it
  int line = 0;      ///< from 1; 0: no position
  int column = 0;    ///< from 1, counted in characters
};

enum class Level { warning, error };

struct Problem {
  Level level;
  Location where;
  std::string found;    ///< what was found: "unknown attribute 'urii' on <address>"
  std::string allowed;  ///< what was allowed: "did you mean 'uri'?"; may be empty

  /// `file:line:column: error: found; allowed`
  std::string text() const;
  /// One JSON object.
  std::string json() const;
};

/// Collects problems while one deployment is bound and linked. Not thread safe.
class Problems {
 public:
  void error(const Location& where, std::string found, std::string allowed = {});
  void warning(const Location& where, std::string found, std::string allowed = {});
  /// One that is known already, at the same place, is dropped.
  void add(Problem problem);

  bool has_errors() const noexcept;
  std::size_t error_count() const noexcept;
  const std::vector<Problem>& all() const noexcept { return all_; }
  std::vector<Problem>& all() noexcept { return all_; }

 private:
  std::vector<Problem> all_;
};

}  // namespace myelin::xml
