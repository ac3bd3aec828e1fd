#include "engine/base/networks.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

TEST(Networks, ContainWhatTheyList) {
  const auto networks = Networks::parse("10.0.0.0/8, 192.168.1.7 2001:db8::/33,::1");
  ASSERT_TRUE(networks);
  for (const char* inside : {"10.255.0.1", "192.168.1.7", "2001:db8:7fff::1", "::1", "::ffff:10.0.0.1"})
    EXPECT_TRUE(networks->contain(inside)) << inside;
  for (const char* outside : {"11.0.0.1", "192.168.1.8", "2001:db8:8000::1", "::2", "", "10.0.0", "host", "10.0.0.1 "})
    EXPECT_FALSE(networks->contain(outside)) << outside;
}

TEST(Networks, KnowAllNoneAndPrivate) {
  EXPECT_TRUE(Networks::parse("all")->contain("8.8.8.8"));
  EXPECT_TRUE(Networks::parse("0.0.0.0/0")->contain("8.8.8.8"));
  EXPECT_FALSE(Networks::parse("none")->contain("127.0.0.1"));
  EXPECT_FALSE(Networks::parse("")->contain("127.0.0.1"));
  const auto near = Networks::parse(Networks::kPrivate);
  ASSERT_TRUE(near);
  for (const char* inside : {"127.0.0.1", "172.31.0.1", "fe80::1%eth0", "fd00::1"}) EXPECT_TRUE(near->contain(inside)) << inside;
  for (const char* outside : {"172.32.0.1", "8.8.8.8", "2001:db8::1"}) EXPECT_FALSE(near->contain(outside)) << outside;
}

TEST(Networks, RefuseWhatIsNone) {
  for (const char* wrong : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost", "10.0.0.0/8, x", "1.2.3"})
    EXPECT_FALSE(Networks::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace myelin
