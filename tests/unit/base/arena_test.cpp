#include "engine/base/arena.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

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

TEST(Arena, ResetGivesALargeFirstBlockBack) {
  constexpr std::size_t kLarge = 8 << 20;
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  Arena arena;
  const std::size_t before = in_use();
  arena.allocate(kLarge);
  arena.reset();
  EXPECT_LT(in_use(), before + kLarge);
  EXPECT_EQ(arena.copy("again"), "again");
}

TEST(Arena, JoinsPiecesIntoOneText) {
  Arena arena;
  EXPECT_EQ(arena.join("a", std::string("b"), std::string_view("c")), "abc");
  EXPECT_EQ(arena.join("", ""), "");
}

}  // namespace
}  // namespace myelin
