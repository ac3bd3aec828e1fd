// W3C Trace Context, level 1, section 3.2; and which request ids are taken over.

#include "engine/message/identity.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/base/text.hpp"

namespace myelin {
namespace {

const std::string kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceParent, TakesAValidOneApart) {
  const auto parent = TraceParent::parse(kGood);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(parent->parent_id, "b7ad6b7169203331");
  EXPECT_EQ(parent->flags, "01");
}

TEST(TraceParent, TakesLaterVersionsByTheirKnownParts) {
  for (const std::string& later : {"cc" + kGood.substr(2), "cc" + kGood.substr(2) + "-more",
                                   "01" + kGood.substr(2) + "-"}) {
    const auto parent = TraceParent::parse(later);
    ASSERT_TRUE(parent) << later;
    EXPECT_EQ(parent->flags, "01");
  }
}

TEST(TraceParent, RefusesEverythingElse) {
  const std::string zeros(32, '0');
  for (const std::string& wrong :
       {std::string(), std::string("00"), kGood.substr(0, 54), kGood + "-", kGood + "-more", " " + kGood,
        "ff" + kGood.substr(2), "cc" + kGood.substr(2) + ".more", "0G" + kGood.substr(2), "00_" + kGood.substr(3),
        "00-" + zeros + kGood.substr(35), kGood.substr(0, 36) + zeros.substr(0, 16) + "-01",
        kGood.substr(0, 53) + "0g", kGood.substr(0, 53) + "0A", "00-0AF7651916CD43DD8448EB211C80319C" + kGood.substr(35),
        kGood.substr(0, 35) + "_" + kGood.substr(36), kGood.substr(0, 52) + "_01"})
    EXPECT_FALSE(TraceParent::parse(wrong)) << wrong;
}

TEST(RequestId, IsShortAndHarmless) {
  for (const std::string& good : {std::string("a"), std::string(128, 'x'), std::string("3f2b-4c/=+:~@._Z9")})
    EXPECT_TRUE(valid_request_id(good)) << good;
  for (const std::string& wrong : {std::string(), std::string(129, 'x'), std::string("a b"), std::string("a\"b"),
                                   std::string("a\\b"), std::string("<a>"), std::string("a;b"), std::string("\xc3\xa9")})
    EXPECT_FALSE(valid_request_id(wrong)) << wrong;
}

TEST(RandomHex, DiffersEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::string id(32, ' ');
    text::random_hex(id.data(), id.size());
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace myelin
