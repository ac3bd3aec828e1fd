#pragma once
// A scenario as text (tests/cases/README.md describes it): statements that begin at the line's start,
// each with the indented lines that follow.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::test {

struct Statement {
  int line = 0;
  std::string text;
  std::vector<std::string> block;  ///< without the indentation of its first line
};

struct CaseFile {
  std::filesystem::path path;
  std::vector<Statement> statements;
};

CaseFile read_case(const std::filesystem::path& path);

/// `\r \n \t \0 \\ \" \xNN` become bytes.
std::string unescape(std::string_view text);

/// A word, or a text in quotes.
struct Word {
  std::string text;
  bool quoted = false;
  bool is(std::string_view keyword) const { return !quoted && text == keyword; }
};
std::vector<Word> words(std::string_view line);

/// Headers up to `--`, then the body.
struct MessageBlock {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
MessageBlock message_block(const std::vector<std::string>& lines);

std::string joined(const std::vector<std::string>& lines, std::string_view separator);

/// `60s`, `250ms`, `2m` in milliseconds; -1 when it is none of these.
long milliseconds(std::string_view text);

}  // namespace myelin::test
