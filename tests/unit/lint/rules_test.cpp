// Every rule about reliability is named by a test, or waived for a reason (REL-170).

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace myelin::lint {
namespace {

namespace fs = std::filesystem;

/// First and last number of each group of rules.
constexpr int kGroups[][2] = {{1, 9},     {10, 26},   {30, 41},   {50, 89},   {90, 101},  {110, 119},
                              {120, 129}, {130, 138}, {140, 146}, {150, 162}, {170, 174}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The numbers that are named, and all between two with ".." or " to " in the middle.
void collect(std::string_view text, std::set<int>& found) {
  constexpr std::string_view kMark = "REL-";
  const auto number = [&](std::size_t at) {
    int value = 0, digits = 0;
    for (; at < text.size() && is_digit(text[at]); ++at, ++digits) value = value * 10 + (text[at] - '0');
    return digits == 3 ? value : -1;
  };
  for (auto at = text.find(kMark); at != text.npos; at = text.find(kMark, at + 1)) {
    const int first = number(at + kMark.size());
    if (first < 0) continue;
    found.insert(first);
    std::string_view rest = text.substr(at + kMark.size() + 3);
    for (const std::string_view between : {"..", " to "}) {
      if (!rest.starts_with(between)) continue;
      rest.remove_prefix(between.size());
      if (rest.starts_with(kMark)) rest.remove_prefix(kMark.size());
      const int last = number(text.size() - rest.size());
      for (int each = first; each <= last; ++each) found.insert(each);
    }
  }
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Rules, EachAboutReliabilityHasATestOrAReason) {
  std::set<int> found{170};  // this one
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MYELIN_SOURCE_DIR) / "tests")) {
    if (!entry.is_regular_file() || entry.path().parent_path().filename() == "lint") continue;
    ++files;
    collect(read(entry.path()), found);
  }
  ASSERT_GT(files, 100u);
  for (const auto& [first, last] : kGroups)
    for (int number = first; number <= last; ++number)
      EXPECT_TRUE(found.contains(number)) << fmt::format("REL-{:03}", number) << " is neither tested nor in waived.txt";
}

TEST(Rules, AWaivedOneHasItsReason) {
  std::ifstream file(fs::path(MYELIN_SOURCE_DIR) / "tests/conformance/waived.txt");
  ASSERT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    const auto blank = line.find(' ');
    EXPECT_NE(blank, line.npos) << line;
    EXPECT_GT(line.size() - blank, 10u) << line;
  }
}

}  // namespace
}  // namespace myelin::lint
