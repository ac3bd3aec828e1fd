#pragma once
// The table of odd requests, requests.txt: its form is described in README.md.

#include <map>
#include <set>
#include <string>
#include <vector>

namespace myelin::differential {

/// Sent behind every row: asks for this and ends the connection.
inline constexpr const char* kEnd = "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

struct Row {
  std::string name;    ///< section and number
  std::string bytes;   ///< without kEnd
  std::string where;   ///< file:line
  int refused = 0;     ///< status that Myelin answers; 0: accepted
  int messages = 0;    ///< that Myelin passes on before it ends the connection, kEnd included
  /// Differences that were decided to be harmless, by server ("*": all), with the reason in a comment.
  std::map<std::string, std::set<std::string>> decided;

  bool is_decided(const std::string& server, const std::string& difference) const;
};

void PrintTo(const Row& row, std::ostream* out);

/// Throws with the line when the file is not in its form.
std::vector<Row> read_table(const std::string& path);

}  // namespace myelin::differential
