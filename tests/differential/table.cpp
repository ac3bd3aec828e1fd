#include "tests/differential/table.hpp"

#include <cstdlib>
#include <fstream>
#include <ostream>
#include <stdexcept>

namespace myelin::differential {
namespace {

[[noreturn]] void wrong(const std::string& where, const std::string& what) { throw std::runtime_error(where + ": " + what); }

/// The next word; quoted ones are unescaped, and \{N} before a quoted one repeats it N times.
class Words {
 public:
  Words(const std::string& line, std::string where) : line_(line), where_(std::move(where)) {}

  bool next(std::string& word) {
    at_ = line_.find_first_not_of(' ', at_);
    if (at_ == std::string::npos || line_[at_] == '#') return false;
    word.clear();
    if (line_[at_] == '"') {
      quoted(word);
      return true;
    }
    const auto end = std::min(line_.find(' ', at_), line_.size());
    word = line_.substr(at_, end - at_);
    at_ = end;
    return true;
  }
  std::string need() {
    std::string word;
    if (!next(word)) wrong(where_, "a word is missing");
    return word;
  }

 private:
  void quoted(std::string& word) {
    for (++at_; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '"') {
        ++at_;
        return;
      }
      if (c == '\\') escaped(word);
      else word += c;
    }
    wrong(where_, "a quote is not closed");
  }
  void escaped(std::string& word) {
    const char c = ++at_ < line_.size() ? line_[at_] : '\0';
    switch (c) {
      case 'r': word += '\r'; break;
      case 'n': word += '\n'; break;
      case 't': word += '\t'; break;
      case '0': word += '\0'; break;
      case '\\': case '"': word += c; break;
      case 'x':
        word += static_cast<char>(std::strtoul(line_.substr(at_ + 1, 2).c_str(), nullptr, 16));
        at_ += 2;
        break;
      case '{': {  // \{300 x}: three hundred times x
        const auto blank = line_.find(' ', at_), end = line_.find('}', at_);
        if (end == std::string::npos || blank > end) wrong(where_, "a repetition is \\{N TEXT}");
        const std::string quote = '"' + line_.substr(blank + 1, end - blank - 1) + '"';
        const std::string piece = Words(quote, where_).need();
        for (int left = std::atoi(line_.c_str() + at_ + 1); left > 0; --left) word += piece;
        at_ = end;
        break;
      }
      default: wrong(where_, "an unknown escape");
    }
  }

  const std::string& line_;
  std::string where_;
  std::size_t at_ = 0;
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

/// `VERB DETAIL ... "TEXT" [except SERVER.DIFFERENCE ...]`; the row's text.
std::string read_row(Words& words, Row& row, const std::string& where) {
  std::string word;
  while (words.next(word) && word != "except") row.details.push_back(word);
  if (row.details.empty()) wrong(where, "a text is missing");
  const std::string text = row.details.back();
  row.details.pop_back();
  while (words.next(word)) {
    const auto dot = word.find('.');
    if (dot == std::string::npos) wrong(where, "an exception is SERVER.DIFFERENCE");
    row.decided[word.substr(0, dot)].insert(word.substr(dot + 1));
  }
  return text;
}

}  // namespace

bool Row::is_decided(const std::string& server, const std::string& difference) const {
  for (const std::string& who : {server, std::string("*")})
    if (const auto found = decided.find(who); found != decided.end() && found->second.contains(difference)) return true;
  return false;
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.where; }

int Row::status() const { return details.empty() ? 0 : std::atoi(details.front().c_str()); }

std::vector<Row> read_table(const std::string& path) {
  std::ifstream file(path);
  if (!file) wrong(path, "cannot be read");
  std::vector<Row> rows;
  std::string line, section, common;
  int number = 0;
  for (int at = 1; std::getline(file, line); ++at) {
    const std::string where = path + ':' + std::to_string(at);
    Words words(line, where);
    std::string word;
    if (!words.next(word)) continue;
    if (word == "section") {
      section = words.need();
      common.clear();
      number = 0;
    } else if (word == "request" || word == "answer") {
      common = words.need();
    } else {
      Row row;
      row.where = where;
      row.verb = word;
      const std::string text = read_row(words, row, where);
      ++number;
      row.name = section + (number < 10 ? "_0" : "_") + std::to_string(number);
      if (common.empty()) wrong(where, "nothing is common in this section");
      row.bytes = replaced(replaced(common, "{}", text), "{id}", replaced(row.name, "_", "-"));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace myelin::differential
