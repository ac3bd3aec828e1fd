#include "endpoints/common/suspension.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace myelin::endpoints {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint(1000h);

Fault fault(int code) { return Fault(code, "broken"); }

class SuspensionTest : public testing::Test {
 protected:
  Suspension::Change fail(int code, Duration at = 0ms) {
    now = kStart + at;
    return state.failed(policy, fault(code), now, now);
  }
  /// Durations of that many successive suspensions, each failing as soon as it is over.
  std::vector<std::int64_t> durations(int times) {
    std::vector<std::int64_t> all;
    TimePoint at = kStart;
    while (times-- > 0) {
      const auto change = state.failed(policy, fault(code::kConnectFailed), at, at);
      all.push_back(change.delay);
      at += Duration(std::clamp<std::int64_t>(change.delay, 0, 1'000'000'000));
    }
    return all;
  }
  bool ready(Duration at) const { return state.ready(kStart + at); }

  SuspensionPolicy policy;
  Suspension state;
  TimePoint now;
};

TEST_F(SuspensionTest, StartsActiveAndReady) {  // EP-071
  EXPECT_EQ(state.phase(), Phase::active);
  EXPECT_TRUE(ready(0ms));
  EXPECT_TRUE(state.admit(kStart));
}

struct Classified {
  std::string_view name;
  std::vector<int> mark, suspend;
  int code, base;
  SuspensionPolicy::Class expected;
};
void PrintTo(const Classified& value, std::ostream* out) { *out << value.name; }

class ClassifyTest : public testing::TestWithParam<Classified> {};

TEST_P(ClassifyTest, Classifies) {
  SuspensionPolicy policy;
  policy.timeout_codes = GetParam().mark;
  policy.suspend_codes = GetParam().suspend;
  EXPECT_EQ(policy.classify(GetParam().code, GetParam().base), GetParam().expected);
}

using Class = SuspensionPolicy::Class;
INSTANTIATE_TEST_SUITE_P(
    Codes, ClassifyTest,
    testing::Values(Classified{"EP-072 timeout by default", {}, {}, 101504, 101504, Class::timeout},
                    Classified{"EP-072 close by default", {}, {}, 101505, 101505, Class::timeout},
                    Classified{"EP-073 not in the mark list", {101505}, {}, 101504, 101504, Class::suspend},
                    Classified{"EP-074 every code suspends", {}, {}, 101503, 101503, Class::suspend},
                    Classified{"EP-074 only listed codes suspend", {}, {101503}, 101500, 101500, Class::ignored},
                    Classified{"EP-075 in both lists", {101503}, {101503}, 101503, 101503, Class::timeout},
                    Classified{"EP-076 in neither list", {101504}, {101503}, 101500, 101500, Class::ignored},
                    Classified{"EP-098 code 0 suspends", {}, {}, 0, 0, Class::suspend},
                    Classified{"EP-099 response timeout", {}, {}, 101504, 101504, Class::timeout},
                    Classified{"the unshifted code matches too", {101504}, {101503}, 101507, 101504, Class::timeout},
                    Classified{"the reported code wins", {101504}, {101507}, 101507, 101504, Class::suspend}));

TEST_F(SuspensionTest, TheFirstTimeoutSuspendsWithoutRetries) {  // EP-077
  EXPECT_EQ(fail(code::kTimeout).phase, Phase::suspended);
}

TEST_F(SuspensionTest, MarksThreeTimesAndSuspendsAtTheFourth) {  // EP-078
  policy.retries = 3;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fail(code::kTimeout).phase, Phase::timeout);
  EXPECT_EQ(fail(code::kTimeout).phase, Phase::suspended);
}

TEST_F(SuspensionTest, ATimeoutIsNotReadyBeforeTheRetryDelay) {  // EP-079
  policy.retries = 1;
  policy.retry_delay = 500;
  fail(code::kTimeout);
  EXPECT_FALSE(ready(499ms));
  EXPECT_TRUE(ready(500ms));
  EXPECT_EQ(state.phase(), Phase::timeout);
}

TEST_F(SuspensionTest, ASuccessActivatesAndRestoresTheRetries) {  // EP-080
  policy.retries = 1;
  fail(code::kTimeout);
  state.succeeded();
  EXPECT_EQ(state.phase(), Phase::active);
  EXPECT_EQ(fail(code::kTimeout).phase, Phase::timeout);
  EXPECT_EQ(fail(code::kTimeout).phase, Phase::suspended);
  state.succeeded();
  EXPECT_EQ(state.phase(), Phase::active);
  EXPECT_EQ(fail(code::kTimeout).phase, Phase::timeout);
}

TEST_F(SuspensionTest, WithoutASuccessUsedUpRetriesStayUsedUp) {  // EP-081
  policy.retries = 1;
  fail(code::kTimeout);
  fail(code::kTimeout, 1ms);
  EXPECT_EQ(fail(code::kTimeout, 40s).phase, Phase::suspended);
}

struct Progression {
  std::string_view name;
  std::int64_t initial;
  float factor;
  std::int64_t maximum;
  std::vector<std::int64_t> expected;
};
void PrintTo(const Progression& value, std::ostream* out) { *out << value.name; }

class ProgressionTest : public SuspensionTest, public testing::WithParamInterface<Progression> {};

TEST_P(ProgressionTest, Durations) {
  policy.initial = GetParam().initial;
  policy.factor = GetParam().factor;
  policy.maximum = GetParam().maximum;
  EXPECT_EQ(durations(static_cast<int>(GetParam().expected.size())), GetParam().expected);
}

constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();
INSTANTIATE_TEST_SUITE_P(
    Durations, ProgressionTest,
    testing::Values(Progression{"EP-082", 1000, 2, 5000, {1000, 2000, 4000, 5000, 5000}},
                    Progression{"EP-083", -1, 1, kNoMaximum, {30000, 30000, 30000}},
                    Progression{"EP-084", 1000, 1.5F, kNoMaximum, {1000, 1500, 2250, 3375, 5062, 7593}},
                    Progression{"EP-085", 1000, 2, 500, {500, 500}},
                    Progression{"EP-086", -1, 1, 10000, {30000, 10000, 10000}},
                    Progression{"EP-087 negative product", 1000, -1, kNoMaximum, {1000, 30000, 30000}},
                    Progression{"EP-087 reaching zero", 100, 0.1F, kNoMaximum, {100, 10, 1, 0, 100, 10}},
                    Progression{"negative maximum", 1000, 2, -1, {-1, -1}},
                    Progression{"saturates", 2147483647, 1e30F, kNoMaximum, {2147483647, kNoMaximum}}));

TEST_F(SuspensionTest, ASuccessResetsTheProgression) {  // EP-088
  policy.initial = 1000;
  policy.factor = 2;
  EXPECT_EQ(durations(3), (std::vector<std::int64_t>{1000, 2000, 4000}));
  state.succeeded();
  EXPECT_EQ(durations(1), (std::vector<std::int64_t>{1000}));
}

// EP-089 says that every caller is admitted; REL-125 is what this project chose.
TEST_F(SuspensionTest, AfterASuspensionOneTrialIsAdmitted) {
  policy.initial = 1000;
  fail(code::kConnectFailed);
  EXPECT_FALSE(state.admit(kStart + 999ms));
  EXPECT_TRUE(ready(1000ms));
  EXPECT_TRUE(ready(1000ms)) << "asking changes nothing";
  EXPECT_TRUE(state.admit(kStart + 1000ms));
  EXPECT_FALSE(state.admit(kStart + 1000ms));
  EXPECT_FALSE(ready(1999ms));
  EXPECT_TRUE(state.admit(kStart + 2000ms)) << "a trial that never reports back does not block for ever";
}

TEST_F(SuspensionTest, TheOutcomeOfATrialEndsIt) {
  policy.initial = 1000;
  policy.suspend_codes = {code::kConnectFailed};
  policy.timeout_codes = {code::kTimeout};
  fail(code::kConnectFailed);
  ASSERT_TRUE(state.admit(kStart + 1000ms));
  fail(code::kProtocol, 1100ms);  // in neither list: nothing changes, but the trial is over
  EXPECT_TRUE(state.admit(kStart + 1100ms));
  state.succeeded();
  EXPECT_TRUE(state.admit(kStart + 1100ms));
  EXPECT_TRUE(state.admit(kStart + 1100ms));
}

TEST_F(SuspensionTest, ManyThreadsGetOneTrial) {
  policy.initial = 1000;
  fail(code::kConnectFailed);
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { admitted += state.admit(kStart + 1500ms) ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(admitted, 1);
}

TEST_F(SuspensionTest, OffIsNeverReady) {  // EP-091
  state.switch_off();
  EXPECT_FALSE(ready(1000h));
  EXPECT_FALSE(state.admit(kStart));
  state.switch_on();
  EXPECT_EQ(state.phase(), Phase::active);
  EXPECT_TRUE(ready(0ms));
}

TEST_F(SuspensionTest, LateOutcomesDoNotLeaveOff) {  // EP-092
  state.switch_off();
  EXPECT_FALSE(fail(code::kConnectFailed).changed);
  state.succeeded();
  EXPECT_EQ(state.phase(), Phase::off);
}

TEST_F(SuspensionTest, FaultsOfEarlierAttemptsDoNotAdvanceTheProgression) {  // EP-093
  policy.initial = 1000;
  policy.factor = 2;
  const TimePoint began = kStart - 1s;
  EXPECT_EQ(state.failed(policy, fault(101503), began, kStart).delay, 1000);
  EXPECT_FALSE(state.failed(policy, fault(101503), began, kStart + 100ms).changed);
  EXPECT_TRUE(ready(1000ms));
  EXPECT_EQ(state.failed(policy, fault(101503), kStart + 1s, kStart + 1s).delay, 2000);
}

TEST_F(SuspensionTest, AHardLimitSuspendsWhateverTheCode) {  // EP-095
  policy.suspend_codes = {101500};
  policy.timeout_codes = {101504};
  policy.fault_limit = 2;
  policy.fault_limit_suspension = 7000;
  EXPECT_FALSE(fail(101506).changed);
  EXPECT_FALSE(fail(101506).changed);
  EXPECT_EQ(fail(101506).delay, 7000);
  EXPECT_EQ(state.phase(), Phase::suspended);
}

TEST_F(SuspensionTest, ADisabledPolicyNeverSuspends) {
  policy.enabled = false;
  EXPECT_FALSE(fail(code::kConnectFailed).changed);
  EXPECT_EQ(state.phase(), Phase::active);
}

}  // namespace
}  // namespace myelin::endpoints
