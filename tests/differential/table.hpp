#pragma once
// The tables of odd requests and odd answers: their form is described in README.md.

#include <map>
#include <set>
#include <string>
#include <vector>

namespace myelin::differential {

/// Sent behind every row: asks for this and ends the connection.
inline constexpr const char* kEnd = "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

struct Row {
  std::string name;   ///< section and number
  std::string where;  ///< file:line
  std::string verb;   ///< what Myelin makes of it: "accepted", "refused" ...
  std::vector<std::string> details;  ///< and what else is said of that
  std::string bytes;  ///< without kEnd
  /// Differences that were decided to be harmless, by server ("*": all), with the reason in a comment.
  std::map<std::string, std::set<std::string>> decided;

  bool is_decided(const std::string& server, const std::string& difference) const;
  /// The first detail as a number; 0: there is none.
  int status() const;
};

void PrintTo(const Row& row, std::ostream* out);

/// Throws with the line when the file is not in its form.
std::vector<Row> read_table(const std::string& path);

}  // namespace myelin::differential
