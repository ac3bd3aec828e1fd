// Rules that the compiler does not know.

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <string>
#include <vector>

#include "tests/unit/lint/source.hpp"

namespace myelin::lint {
namespace {

std::vector<Source> everything() { return sources({"engine", "mediators", "endpoints", "transports", "server", "tests"}); }

TEST(Headers, AreIncludedOnce) {
  for (const Source& source : everything())
    if (source.is_header()) {
      EXPECT_EQ(source.lines.front(), "#pragma once") << source.path;
    }
}

TEST(Headers, OpenWithWhatTheyAre) {
  for (const Source& source : product_sources())
    if (source.is_header()) {
      const auto end = source.lines.begin() + std::min<std::ptrdiff_t>(8, std::ssize(source.lines));
      EXPECT_TRUE(std::any_of(source.lines.begin(), end, [](const std::string& line) { return line.starts_with("//"); }))
          << source.path << " does not say what it is";
    }
}

struct PlugInFolder {
  std::string folder;
  std::string registration;  ///< a pattern
};

class PlugIns : public testing::TestWithParam<PlugInFolder> {};

// A file without its last line would be compiled, linked, and never found. Helpers are headers, or
// a .cpp beside the header of the same name.
TEST_P(PlugIns, RegisterThemselves) {
  const auto all = sources({GetParam().folder});
  for (const Source& source : all) {
    if (source.folder() != GetParam().folder || source.is_header()) continue;
    const std::string header = source.path.substr(0, source.path.size() - 3) + "hpp";
    const bool helper =
        std::any_of(all.begin(), all.end(), [&](const Source& other) { return other.path == header; });
    if (helper) continue;
    EXPECT_TRUE(std::regex_search(source.text, std::regex(GetParam().registration))) << source.path;
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, PlugIns,
                         testing::Values(PlugInFolder{"mediators", "MYELIN_MEDIATOR\\("},
                                         PlugInFolder{"endpoints", "MYELIN_ENDPOINT\\("},
                                         PlugInFolder{"endpoints/algorithms", "MYELIN_(ALGORITHM|POLICY)\\("},
                                         PlugInFolder{"endpoints/sessions", "MYELIN_SESSION\\("}),
                         [](const auto& folder) {
                           return std::regex_replace(folder.param.folder, std::regex("/"), "_");
                         });

/// The statement that begins on line `at`, to its semicolon.
std::string statement(const Source& source, std::size_t at) {
  std::string text;
  for (std::size_t i = at; i < source.lines.size() && i < at + 12; ++i) {
    text += source.lines[i] + "\n";
    if (source.lines[i].find(';') != std::string::npos) break;
  }
  return text;
}

// g++ 12.2 destroys twice what a brace or a capturing lambda makes inside an expression with
// co_await: it has to be named first.
TEST(Coroutines, MakeNothingInsideAnAwaitExpression) {
  const std::regex brace(R"(co_await[^;]*[A-Za-z_>]\s*\{)");
  const std::regex number(R"(std::(size_t|u?int\d+_t)\{)");  // nothing to destroy
  const std::regex capture(R"(co_await[^;]*\[[^\]]+\]\s*(\(|\{|mutable))");
  for (const Source& source : everything()) {
    if (source.path.starts_with("tests/unit/lint/")) continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string& line = source.lines[i];
      const auto at = line.find("co_await");
      if (at == std::string::npos || line.find("//") < at) continue;
      std::string text = statement(source, i).substr(at);
      text = std::regex_replace(text.substr(0, text.find(';')), number, "number");
      // A block opened after the expression is not part of it: `if (co_await f()) {`.
      if (const auto block = text.find(") {"); block != std::string::npos) text.resize(block + 1);
      EXPECT_FALSE(std::regex_search(text, brace)) << source.path << ":" << i + 1 << ": " << text;
      EXPECT_FALSE(std::regex_search(text, capture)) << source.path << ":" << i + 1 << ": " << text;
    }
  }
}

/// The heads `if (...)`, `while (...)` ... of a text, without comments, that hold a co_await.
std::vector<std::string> conditions_with_await(const std::string& text) {
  static const std::regex comment(R"(//[^\n]*)");
  static const std::regex head(R"(\b(if|while|for|switch)\s*(constexpr\s*)?\()");
  const std::string code = std::regex_replace(text, comment, "");
  std::vector<std::string> found;
  for (auto at = std::sregex_iterator(code.begin(), code.end(), head); at != std::sregex_iterator(); ++at) {
    const auto begin = static_cast<std::size_t>(at->position() + at->length());
    std::size_t end = begin;
    for (int depth = 1; end < code.size() && depth > 0; ++end) depth += code[end] == '(' ? 1 : code[end] == ')' ? -1 : 0;
    const std::string condition = code.substr(begin, end - begin);
    if (condition.find("co_await") != std::string::npos) found.push_back(condition);
  }
  return found;
}

// g++ 12.2 passes a wrong handle to what a condition awaits.
TEST(Coroutines, DoNotAwaitInConditions) {
  for (const Source& source : everything()) {
    if (source.path.starts_with("tests/unit/lint/")) continue;
    for (const std::string& condition : conditions_with_await(source.text)) ADD_FAILURE() << source.path << ": " << condition;
  }
}

TEST(Coroutines, AreFoundInConditions) {
  for (const char* bad : {"if (co_await f()) g();", "} else if (a &&\n      (co_await f(b, c()))) {", "while (!co_await f()) {}",
                          "for (int i = co_await f(); i < 3; ++i) {}", "switch (co_await f()) {}", "if (const auto x = co_await f(); x) {}"})
    EXPECT_EQ(conditions_with_await(bad).size(), 1u) << bad;
  for (const char* good : {"if (a) co_await f();", "x = co_await f(); if (x) g();", "// if (co_await f())", "while (a) { co_await f(b()); }"})
    EXPECT_EQ(conditions_with_await(good).size(), 0u) << good;
}

// Time comes from Clock, so that tests can move it.
TEST(Clocks, AreNotReadDirectly) {
  for (const Source& source : product_sources()) {
    // The server's own start is measured, whatever a test does to the clock.
    if (source.path == "engine/base/clock.hpp" || source.path == "server/server.cpp") continue;
    EXPECT_EQ(source.text.find("steady_clock::now()"), std::string::npos) << source.path;
  }
}

// What the repository holds reads as the work of its authors, about the product alone.
TEST(Words, AreAboutTheProduct) {
  // Put together here so that this file does not find itself.
  const std::array words{std::string("/wo") + "rk/", std::string("/tm") + "p/bu" + "ild", std::string("TO") + "DO",
                         std::string("FIX") + "ME", std::string("XX") + "X:", std::string("Cl") + "aude",
                         std::string("sub") + "agent"};
  const std::filesystem::path root = MYELIN_SOURCE_DIR;
  for (const std::string folder : {"engine", "mediators", "endpoints", "transports", "server", "tests", "samples", "docs",
                                   "bench", "scripts", "conf"}) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || entry.path().parent_path().filename() == "lint") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      for (const std::string& word : words)
        EXPECT_EQ(text.find(word), std::string::npos) << entry.path() << " says " << word;
    }
  }
}

TEST(Lines, FitTheFormat) {
  for (const Source& source : product_sources())
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      EXPECT_EQ(source.lines[i].find('\t'), std::string::npos) << source.path << ":" << i + 1 << " has a tab";
      EXPECT_LE(source.lines[i].size(), 150u) << source.path << ":" << i + 1;
    }
}

}  // namespace
}  // namespace myelin::lint
