#include "tests/support/case_file.hpp"

#include <cstdlib>
#include <fstream>

namespace myelin::test {
namespace {

char hex(char high, char low) {
  const char digits[] = {high, low, 0};
  return static_cast<char>(std::strtol(digits, nullptr, 16));
}

std::string without_indent(const std::string& line, std::size_t indent) {
  return line.find_first_not_of(" \t") == std::string::npos ? std::string() : line.substr(indent);
}

}  // namespace

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r': bytes += '\r'; break;
      case 'n': bytes += '\n'; break;
      case 't': bytes += '\t'; break;
      case '0': bytes += '\0'; break;
      case 'x':
        if (i + 2 < text.size()) bytes += hex(text[i + 1], text[i + 2]);
        i += 2;
        break;
      default: bytes += text[i];
    }
  }
  return bytes;
}

std::vector<Word> words(std::string_view line) {
  std::vector<Word> all;
  std::size_t i = 0;
  while ((i = line.find_first_not_of(' ', i)) != std::string_view::npos) {
    const bool quoted = line[i] == '"';
    std::size_t end = i;
    if (quoted) {
      end = ++i;
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2u : 1u;
    } else {
      end = std::min(line.find(' ', i), line.size());
    }
    const std::string_view text = line.substr(i, end - i);
    all.push_back({quoted ? unescape(text) : std::string(text), quoted});
    i = quoted ? end + 1 : end;
    if (i >= line.size()) break;
  }
  return all;
}

CaseFile read_case(const std::filesystem::path& path) {
  CaseFile made{path, {}};
  std::ifstream file(path);
  std::string line;
  std::size_t indent = 0;
  std::size_t blank = 0;
  for (int number = 1; std::getline(file, line); ++number) {
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string::npos) {
      ++blank;
      continue;
    }
    if (first == 0) {
      blank = 0;
      if (line[0] != '#') made.statements.push_back({number, line, {}});
      continue;
    }
    if (made.statements.empty()) continue;
    auto& block = made.statements.back().block;
    if (block.empty()) {
      indent = first;
      blank = 0;
    }
    for (; blank > 0; --blank) block.emplace_back();
    block.push_back(without_indent(line, std::min(indent, first)));
  }
  return made;
}

MessageBlock message_block(const std::vector<std::string>& lines) {
  MessageBlock made;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == "--") {
      made.body = joined({lines.begin() + static_cast<std::ptrdiff_t>(i) + 1, lines.end()}, "\n");
      break;
    }
    const auto colon = lines[i].find(':');
    if (colon == std::string::npos) continue;
    const auto value = lines[i].find_first_not_of(' ', colon + 1);
    made.headers.emplace_back(lines[i].substr(0, colon), value == std::string::npos ? "" : lines[i].substr(value));
  }
  return made;
}

std::string joined(const std::vector<std::string>& lines, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i) text += separator;
    text += lines[i];
  }
  return text;
}

long milliseconds(std::string_view text) {
  char* unit = nullptr;
  const std::string owned(text);
  const long number = std::strtol(owned.c_str(), &unit, 10);
  const std::string_view rest = unit;
  if (rest == "ms") return number;
  if (rest == "s") return number * 1000;
  if (rest == "m") return number * 60'000;
  return -1;
}

}  // namespace myelin::test
