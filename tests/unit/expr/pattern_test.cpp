#include "engine/expr/pattern.hpp"

#include <gtest/gtest.h>

namespace myelin::expr {
namespace {

TEST(Pattern, WorksOnCharactersAndNamesItsErrors) {
  std::string why;
  EXPECT_EQ(Pattern::compile("(", why), nullptr);
  EXPECT_FALSE(why.empty());
  const auto pattern = Pattern::compile("(é|.)(.)", why);
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(*pattern->matches("éü"));
  EXPECT_TRUE(*pattern->matches("ab"));
  EXPECT_FALSE(*pattern->matches("abc"));
  EXPECT_EQ(*pattern->group("éü", 2), "ü");
  EXPECT_EQ(*pattern->group("éü", 3), std::nullopt);
  EXPECT_TRUE(*pattern->matches("\xff\xfe"));
  EXPECT_EQ(*pattern->group("\xff\xfe", 2), "\xfe");
}

// REL-088
TEST(Pattern, GivesUpAfterTooManySteps) {
  std::string why;
  const auto pattern = Pattern::compile("(x+x+)+y", why);
  EXPECT_FALSE(pattern->matches(std::string(64, 'x')).ok());
  EXPECT_FALSE(pattern->group(std::string(64, 'x'), 0).ok());
}

}  // namespace
}  // namespace myelin::expr
