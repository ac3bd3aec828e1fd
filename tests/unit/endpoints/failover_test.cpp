#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOneSecond = "<suspendOnFailure><initialDuration>1000</initialDuration></suspendOnFailure>";

class FailoverTest : public EndpointTest {
 protected:
  static std::string group(const std::string& children, std::string_view attributes = "") {
    return "<endpoint><failover " + std::string(attributes) + ">" + children + "</failover></endpoint>";
  }
  static std::string ab() { return leaf('a', kOneSecond) + leaf('b', kOneSecond); }
};

TEST_F(FailoverTest, ThePrimaryIsUsedAgainAsSoonAsItIsReady) {  // EP-130
  const auto endpoint = linked(group(ab()));
  EXPECT_EQ(trials(*endpoint, 2), "aa");
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  EXPECT_EQ(trial(*endpoint), "b");
  Clock::advance(1s);
  EXPECT_EQ(trial(*endpoint), "a");
}

TEST_F(FailoverTest, StaticStaysOnTheBackup) {  // EP-131
  const auto endpoint = linked(group(ab(), "dynamic='false'"));
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  Clock::advance(1s);
  EXPECT_TRUE(endpoint->ready(Clock::now())) << "asking does not move the current child";
  EXPECT_EQ(trials(*endpoint, 2), "bb");
  EXPECT_EQ(trial(*endpoint, "b"), "ba");
}

TEST_F(FailoverTest, NoneReadyIsFault303000) {  // EP-114
  const auto endpoint = linked(group(ab()));
  EXPECT_EQ(trial(*endpoint, "ab"), "ab!");
  EXPECT_EQ(last_fault.code, code::kConnectFailed);  // EP-113
  EXPECT_EQ(trial(*endpoint), "-");
  EXPECT_EQ(last_fault.code, code::kNoneReady);
}

TEST_F(FailoverTest, AChildIsTriedOnceByAMessage) {  // EP-135
  constexpr std::string_view kNeverSuspends = "<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure>";
  const auto endpoint = linked(group(leaf('a', kNeverSuspends) + leaf('b', kNeverSuspends)));
  EXPECT_EQ(trial(*endpoint, "ab"), "ab!");
  const auto fixed = linked(group(leaf('a', kNeverSuspends) + leaf('b', kNeverSuspends), "dynamic='no'"), "static");
  EXPECT_EQ(trial(*fixed, "ab"), "ab!");
}

TEST_F(FailoverTest, CodesOfTheChildForbidFailover) {  // EP-133, EP-134
  const auto disabled =
      linked(group(leaf('a', "<retryConfig><disabledErrorCodes>1 101503</disabledErrorCodes></retryConfig>") + leaf('b')));
  EXPECT_EQ(trial(*disabled, "a"), "a!");
  EXPECT_EQ(last_fault.code, 101503);
  const auto enabled = linked(
      group(leaf('a', "<retryConfig><enabledErrorCodes>101500</enabledErrorCodes></retryConfig>") + leaf('b')), "enabled");
  EXPECT_EQ(trial(*enabled, "a"), "a!");
}

TEST_F(FailoverTest, CodesOfALeafDoNotBindTheGroupAboveItsGroup) {
  const auto endpoint = linked(group(
      group(leaf('a', "<retryConfig><disabledErrorCodes>101503</disabledErrorCodes></retryConfig>") + leaf('b')) + leaf('c')));
  EXPECT_EQ(trial(*endpoint, "a"), "ac");
}

TEST_F(FailoverTest, AfterAFailedGroupTheNextOneIsTried) {
  const auto endpoint = linked(group(group(leaf('a') + leaf('b')) + group(leaf('c') + leaf('d'))));
  EXPECT_EQ(trial(*endpoint, "abc"), "abcd");
  EXPECT_EQ(trial(*endpoint), "d");
}

TEST_F(FailoverTest, AKeyThatLeadsNowhereIsPassedOver) {
  const auto endpoint = linked(group("<endpoint key='missing'/>" + leaf('b')));
  EXPECT_EQ(trial(*endpoint), "b");
}

TEST_F(FailoverTest, NeedsChildren) {  // EP-037
  EXPECT_TRUE(is_error("<endpoint><failover/></endpoint>"));
}

TEST_F(FailoverTest, OnErrorOfAGroupIsNotRun) {  // EP-137
  const auto endpoint = linked("<endpoint onError='s'><failover>" + ab() + "</failover></endpoint>");
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(problems.all()[0].level, xml::Level::warning);
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
}

TEST_F(FailoverTest, PropertiesAreEvaluatedOnEveryAttempt) {  // EP-056
  const auto endpoint = linked("<endpoint><failover>" + ab() + "</failover><property name='p' value='v'/></endpoint>");
  Message message;
  fresh(message);
  delivery.reset();
  ASSERT_TRUE(endpoint->choose(delivery, message).leaf);
  EXPECT_EQ(message.properties.text("p"), "v");
  message.properties.set("p", "changed");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(message.properties.text("p"), "v");
}

}  // namespace
}  // namespace myelin::test
