#include "engine/expr/assertion.hpp"

#include <gtest/gtest.h>

namespace myelin::expr {
namespace {

struct Case {
  const char* text;
  bool holds;
};
void PrintTo(const Case& one, std::ostream* to) { *to << one.text; }

class Assertions : public testing::TestWithParam<Case> {};

TEST_P(Assertions, Hold) {
  SyntaxError error;
  const auto assertion = Assertion::compile(GetParam().text, error);
  ASSERT_TRUE(assertion) << error.message << " at " << error.offset;
  Headers headers;
  headers.add("X-Ready", "yes");
  headers.add("X-Load", "7.5");
  CheckAnswer answer;
  answer.status = 200;
  answer.content = R"({"status":"UP","free":12,"ok":true,"none":null})";
  answer.headers = &headers;
  answer.took = Duration(40);
  const auto holds = assertion->holds(answer);
  ASSERT_TRUE(holds) << holds.fault().message;
  EXPECT_EQ(*holds, GetParam().holds);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Assertions,
    testing::Values(
        Case{"#response.status == 200", true}, Case{"{#response.status == 200}", true}, Case{"#response.status!=200", false},
        Case{"200 == #response.status", true}, Case{"#response.status == '200'", true},
        Case{"#response.status >= 200 && #response.status < 300", true},
        Case{"#response.status ge 201 or #response.status lt 200", false},
        Case{"#responseTime < 50", true}, Case{"#responseTime <= 40", true}, Case{"#responseTime > 40", false},
        Case{"!(#response.status == 200)", false}, Case{"not #response.status eq 503", true},
        Case{"#response.content contains 'UP'", true}, Case{"#response.content.contains(\"DOWN\")", false},
        Case{"!#response.content.contains('DOWN')", true},
        Case{"#response.headers['x-ready'] == 'yes'", true}, Case{"#response.headers['X-Ready'][0] matches 'y.*'", true},
        Case{"#response.headers['X-Ready'] matches 'e'", false},  // the whole text has to match
        Case{"#response.headers['X-Load'] > 7", true}, Case{"#response.headers['X-Load'] > 10", false},
        Case{"#response.headers['X-Ready'] > 10", false}, Case{"#response.headers['X-None'] == null", true},
        Case{"#response.headers['X-None'] != 'a'", true}, Case{"#response.headers['X-None'] == 'a'", false},
        Case{"#response.headers['X-None'] contains 'a'", false}, Case{"#response.headers['X-None'] matches '.*'", false},
        Case{"#jsonPath(#response.content, '$.status') == 'UP'", true},
        Case{"#jsonPath(#response.content, '$.free') >= 12", true}, Case{"#jsonPath(#response.content, '$.ok')", true},
        Case{"#jsonPath(#response.content, '$.none') == null", true},
        Case{"#jsonPath(#response.content, '$.missing') == 'UP'", false},
        Case{"#response.status == 500 || #response.status == 200 && #responseTime == 40", true},
        Case{"(#response.status == 500 || #response.status == 200) && #responseTime == 41", false},
        Case{"(#response.status == 200) == true", true}, Case{"true && #response.status == 200", true},
        Case{"'it''s' == \"it's\" and #response.status == 200", true}));

TEST(Assertions, ThatMakeNoSenseAreRefusedWithTheirPlace) {
  const std::pair<const char*, std::size_t> wrong[] = {{"#response.status", 0},
                                                       {"#response.status == ", 19},
                                                       {"#response.statu == 200", 0},
                                                       {"#response.status == 200 &&", 26},
                                                       {"#response.status == 200 200", 24},
                                                       {"(#response.status == 200", 24},
                                                       {"#response.status == 'a", 20},
                                                       {"#response.headers == 'a'", 18},
                                                       {"#response.headers['a' == 'a'", 22},
                                                       {"#response.content matches '('", 29},
                                                       {"#response.status == 200 && #responseTime", 26},
                                                       {"#response.content.size() == 3", 18},
                                                       {"#response.status == 2x", 20},
                                                       {"#jsonPath(#response.content, '$[') == 1", 29}};
  for (const auto& [text, offset] : wrong) {
    SyntaxError error;
    EXPECT_FALSE(Assertion::compile(text, error)) << text;
    EXPECT_FALSE(error.message.empty()) << text;
    EXPECT_EQ(error.offset, offset) << text << ": " << error.message;
  }
}

TEST(Assertions, AreBoundedInDepth) {
  SyntaxError error;
  for (const char* open : {"(", "!"})
    EXPECT_FALSE(Assertion::compile(std::string(1'000, *open) + "#response.status == 200", error)) << open;
  std::string chain = "#response.status == 200";
  while (chain.size() < 10'000) chain += " && #response.status == 200";
  EXPECT_FALSE(Assertion::compile(chain, error));
}

// REL-088
TEST(Assertions, GiveUpOnHardPatterns) {
  SyntaxError error;
  const auto assertion = Assertion::compile("#response.content matches '(x+x+)+y'", error);
  ASSERT_TRUE(assertion);
  const std::string content(64, 'x');
  CheckAnswer answer;
  answer.content = content;
  EXPECT_FALSE(assertion->holds(answer).ok());
}

TEST(Assertions, AreToldFromOtherExpressionsByTheirVariables) {
  EXPECT_TRUE(Assertion::is_one("#response.status == 200"));
  EXPECT_FALSE(Assertion::is_one("json-eval($.status)"));
  EXPECT_FALSE(Assertion::is_one("//a[. = '#response.status']"));
}

TEST(Assertions, SayWhetherTheyReadTheContent) {
  SyntaxError error;
  EXPECT_FALSE(Assertion::compile("#response.status == 200", error)->reads_content());
  EXPECT_TRUE(Assertion::compile("#response.content contains 'a'", error)->reads_content());
  EXPECT_TRUE(Assertion::compile("#jsonPath(#response.content, '$.a') == 1", error)->reads_content());
}

}  // namespace
}  // namespace myelin::expr
