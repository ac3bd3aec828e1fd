#include "engine/ports/rules.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

TEST(RetryRules, PausesGrowByTheFactorUpToTheirMaximum) {
  RetryRules rules;
  rules.interval = Duration(100);
  rules.factor = 3;
  rules.max_interval = Duration(500);
  EXPECT_EQ(rules.pause(0, 0), Duration(100));
  EXPECT_EQ(rules.pause(1, 0), Duration(300));
  EXPECT_EQ(rules.pause(2, 0), Duration(500));
  EXPECT_EQ(rules.pause(90, 0), Duration(500));
}

TEST(RetryRules, JitterTakesBetweenHalfAndTheWholePause) {
  RetryRules rules;
  rules.interval = Duration(1000);
  rules.jitter = true;
  EXPECT_EQ(rules.pause(0, 0.0), Duration(500));
  EXPECT_EQ(rules.pause(0, 0.5), Duration(750));
  EXPECT_GE(rules.pause(0, 0.999), Duration(999));
}

TEST(RetryRules, WithoutCodesFaultsAreRepeatedUnlessOnlyStatusesAreListed) {
  RetryRules rules;
  EXPECT_TRUE(rules.on_fault(Fault(code::kConnectFailed, "refused")));
  rules.statuses.set(503);
  EXPECT_FALSE(rules.on_fault(Fault(code::kConnectFailed, "refused")));
  EXPECT_TRUE(rules.on_fault(Fault(503, "the status, as a fault")));
  rules.codes = {code::kTimeout};
  Fault shifted(101507, "silence");
  shifted.base_code = code::kTimeout;
  EXPECT_TRUE(rules.on_fault(shifted)) << "the base code matches";
  EXPECT_FALSE(rules.on_fault(Fault(code::kClosed, "closed")));
}

TEST(RetryRules, MethodsLimitWhatIsRepeated) {
  RetryRules rules;
  EXPECT_TRUE(rules.allows("POST"));
  rules.methods = {"GET", "HEAD"};
  EXPECT_TRUE(rules.allows("HEAD"));
  EXPECT_FALSE(rules.allows("POST"));
}

}  // namespace
}  // namespace myelin
