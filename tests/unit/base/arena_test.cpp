#include "engine/base/arena.hpp"

#include <gtest/gtest.h>

#include <string>

namespace myelin {
namespace {

TEST(Arena, CopiesOutliveTheirSource) {
  Arena arena;
  std::string_view kept;
  {
    std::string text = "short lived";
    kept = arena.copy(text);
    text.assign(text.size(), 'x');
  }
  EXPECT_EQ(kept, "short lived");
}

TEST(Arena, HoldsTextsLargerThanABlock) {
  Arena arena;
  const std::string large(100'000, 'a');
  const std::string_view first = arena.copy(large);
  const std::string_view second = arena.copy("small");
  EXPECT_EQ(first, large);
  EXPECT_EQ(second, "small");
}

TEST(Arena, ResetKeepsTheFirstBlockSoThatAConnectionAllocatesOnce) {
  Arena arena;
  const char* first = arena.copy("one").data();
  arena.copy(std::string(50'000, 'b'));
  arena.reset();
  EXPECT_EQ(arena.copy("two").data(), first);
}

TEST(Arena, JoinsPiecesIntoOneText) {
  Arena arena;
  EXPECT_EQ(arena.join("a", std::string("b"), std::string_view("c")), "abc");
  EXPECT_EQ(arena.join("", ""), "");
}

}  // namespace
}  // namespace myelin
