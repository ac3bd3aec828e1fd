#include <atomic>
#include <set>
#include <thread>

#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kWeighted = "algorithm='org.apache.synapse.endpoints.algorithms.WeightedRoundRobin'";

class LoadBalanceTest : public EndpointTest {
 protected:
  static std::string group(const std::string& children, std::string_view attributes = "", std::string_view more = "") {
    return "<endpoint><loadbalance " + std::string(attributes) + ">" + children + "</loadbalance>" + std::string(more) +
           "</endpoint>";
  }
  static std::string abc(std::string_view definition = "") {
    return leaf('a', definition) + leaf('b', definition) + leaf('c', definition);
  }
  static std::string weight(std::string_view value) {
    return "<property name='loadbalance.weight' value='" + std::string(value) + "'/>";
  }
};

TEST_F(LoadBalanceTest, RotatesFromTheFirstChild) {  // EP-109
  EXPECT_EQ(trials(*linked(group(abc())), 6), "abcabc");
}

TEST_F(LoadBalanceTest, PassesOverASuspendedChild) {  // EP-110
  const auto endpoint = linked(group(abc()));
  EXPECT_EQ(trial(*endpoint), "a");
  EXPECT_EQ(trial(*endpoint, "b"), "bc");  // EP-112
  EXPECT_EQ(trials(*endpoint, 4), "acac");
}

TEST_F(LoadBalanceTest, StartsOneFurtherAfterAFailedSelection) {  // EP-111, EP-114
  const auto endpoint = linked(group(abc("<suspendOnFailure><initialDuration>1000</initialDuration></suspendOnFailure>")));
  EXPECT_EQ(trial(*endpoint, "abc"), "abc!");
  EXPECT_EQ(trial(*endpoint), "-");
  EXPECT_EQ(last_fault.code, 303000);
  Clock::advance(1s);
  EXPECT_EQ(trial(*endpoint), "c") << "two selections found nobody: at the end of the first message, and the second";
}

TEST_F(LoadBalanceTest, EachOfManyChildrenIsTriedOnce) {  // EP-112, EP-135
  std::string children;
  for (int i = 0; i < 150; ++i)
    children += "<endpoint><address uri='http://h" + std::to_string(i) + "/'>" +
                "<markForSuspension><errorCodes>1</errorCodes></markForSuspension>" +
                "<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure></address></endpoint>";  // they stay ready
  const auto endpoint = linked(group(children));
  Message message;
  for (int round = 0; round < 2; ++round) {
    fresh(message);
    std::set<std::string> tried{sent_to(*endpoint, message)};
    for (int i = 1; i < 150; ++i) {
      const Leaf* next = fail(message);
      ASSERT_TRUE(next) << i;
      delivery.leaf = next;
      EXPECT_TRUE(tried.insert(address_of(*next, message)).second) << i;
    }
    EXPECT_FALSE(fail(message));
  }
}

TEST_F(LoadBalanceTest, TheLastChildsCodeReachesTheFaultSequence) {  // EP-113
  const auto endpoint = linked(group(abc()));
  EXPECT_EQ(trial(*endpoint, "abc"), "abc!");
  EXPECT_EQ(last_fault.code, code::kConnectFailed);
}

TEST_F(LoadBalanceTest, WithoutFailoverSiblingsStayUntried) {  // EP-115
  const auto endpoint = linked(group(abc(), "failover='false'"));
  EXPECT_EQ(trial(*endpoint, "a"), "a!");
  EXPECT_FALSE(endpoint->resends());
}

TEST_F(LoadBalanceTest, WithoutFailoverTheGroupAboveDoesNotRetryEither) {  // EP-116
  const auto endpoint = linked("<endpoint><failover>" + group(leaf('a') + leaf('b'), "failover='false'") + leaf('c') +
                               "</failover></endpoint>");
  EXPECT_EQ(trial(*endpoint, "a"), "a!");
}

TEST_F(LoadBalanceTest, ANestedGroupIsReadyIfAnyDescendantIs) {  // EP-117
  const auto endpoint = linked(group(group(group(leaf('a') + leaf('b')))));
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  EXPECT_TRUE(endpoint->ready(Clock::now()));
  EXPECT_EQ(trial(*endpoint, "b"), "b!");
  EXPECT_FALSE(endpoint->ready(Clock::now()));
}

TEST_F(LoadBalanceTest, AChildIsTriedOnceByAMessage) {  // EP-135
  const auto endpoint = linked(group(abc("<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure>")));
  EXPECT_EQ(trial(*endpoint, "abc"), "abc!");
  EXPECT_EQ(trial(*endpoint, "abc"), "bca!") << "the codes suspend nobody; the shared index had moved on by one";
}

TEST_F(LoadBalanceTest, CodesOfTheChildForbidFailover) {  // EP-133, EP-134
  const auto disabled = linked(group(abc("<retryConfig><disabledErrorCodes>101503</disabledErrorCodes></retryConfig>")));
  EXPECT_EQ(trial(*disabled, "a"), "a!");
  EXPECT_EQ(last_fault.code, 101503);
  const auto enabled = linked(group(abc("<retryConfig><enabledErrorCodes>101500</enabledErrorCodes></retryConfig>")), "other");
  EXPECT_EQ(trial(*enabled, "a"), "a!");
}

TEST_F(LoadBalanceTest, OneTrialAfterASuspensionTheOthersPassOn) {  // REL-125
  const auto endpoint = linked(group(leaf('a', "<suspendOnFailure><initialDuration>1000</initialDuration></suspendOnFailure>") + leaf('b')));
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  Clock::advance(1s);
  EXPECT_EQ(sent_to(*endpoint), "http://a/");
  EXPECT_EQ(sent_to(*endpoint), "http://b/");
  EXPECT_EQ(sent_to(*endpoint), "http://b/");
}

TEST_F(LoadBalanceTest, RotationIsStrictUnderConcurrency) {
  const auto endpoint = linked(group(abc()));
  constexpr int kThreads = 4, kEach = 3000;
  std::array<std::atomic<int>, 3> counts{};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      Message message;
      Delivery mine;
      for (int i = 0; i < kEach; ++i) {
        mine.reset();
        const Choice choice = endpoint->choose(mine, message);
        if (choice.leaf) ++counts[mine.path[0].child];
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& count : counts) EXPECT_EQ(count, kThreads * kEach / 3);
}

TEST_F(LoadBalanceTest, TheCursorSurvivesARedeploy) {
  const auto before = linked(group(abc()));
  EXPECT_EQ(trials(*before, 2), "ab");
  const auto after = linked(group(abc()));
  EXPECT_EQ(trial(*after), "c");
  EXPECT_EQ(trial(*before), "a");
  EXPECT_EQ(trial(*linked(group(leaf('a') + leaf('b')))), "a") << "another number of children is another group";
}

// --- weights ----------------------------------------------------------------------------------------

TEST_F(LoadBalanceTest, WeightsGiveThatManyTurnsInARow) {  // EP-118
  const auto endpoint = linked(
      group(leaf('a', "", weight("3")) + leaf('b', "", weight("2")) + leaf('c', "", weight("1")), kWeighted));
  EXPECT_EQ(trials(*endpoint, 9), "aaabbcaaa");
}

TEST_F(LoadBalanceTest, WeightIsOneOrTheGroups) {  // EP-119
  EXPECT_EQ(trials(*linked(group(abc(), kWeighted), "one"), 4), "abca");
  const auto inherited = linked(group(leaf('a') + leaf('b', "", weight("1")), kWeighted, weight("2")), "two");
  EXPECT_EQ(trials(*inherited, 6), "aabaab");
}

TEST_F(LoadBalanceTest, BadWeightsAreErrors) {  // EP-120
  for (const std::string& property : {weight("0"), weight("-1"), weight("x"),
                                     std::string("<property name='loadbalance.weight' expression='1'/>")}) {
    problems = {};
    const auto endpoint = build(group(leaf('a', "", property) + leaf('b'), kWeighted));
    ASSERT_TRUE(endpoint) << all_problems();
    link(*endpoint);
    EXPECT_TRUE(problems.has_errors()) << property;
  }
}

TEST_F(LoadBalanceTest, WeightedPassesOverChildrenThatAreNotReady) {  // EP-121
  const auto endpoint = linked(group(leaf('a', "", weight("3")) + leaf('b', "", weight("2")), kWeighted));
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  EXPECT_EQ(trials(*endpoint, 4), "bbbb");
  EXPECT_EQ(trial(*endpoint, "b"), "b!");
  EXPECT_EQ(trial(*endpoint), "-");
}

TEST_F(LoadBalanceTest, ThreadLocalKeepsASequencePerWorker) {  // EP-122
  const auto endpoint = linked(group(leaf('a', "", weight("2")) + leaf('b'), kWeighted,
                                     "<property name='loadbalance.threadLocal' value='true'/>"));
  std::uint32_t first = 9;
  // Both are new, so that their numbers follow one another: sequences are shared by every 64th thread.
  std::thread([&] {
    EXPECT_EQ(trials(*endpoint, 2), "aa");
    std::thread([&] {
      Message message;
      Delivery mine;
      if (endpoint->choose(mine, message).leaf) first = mine.path[0].child;
    }).join();
    EXPECT_EQ(first, 0U);
    EXPECT_EQ(trial(*endpoint), "b");
  }).join();
}

// --- members ----------------------------------------------------------------------------------------

const std::string kMembers =
    "<member hostName='a' httpPort='9001' httpsPort='9005'/><member hostName='b' httpPort='9002' httpsPort='9006'/>";

TEST_F(LoadBalanceTest, AMemberTakesSchemePortPathAndQueryOfTheMessage) {  // EP-126, EP-127
  const auto endpoint = linked(group(kMembers));
  Message message;
  fresh(message, "POST", "/services/S?x=1");
  message.postfix = "/services/S?x=1";
  message.has_postfix = true;
  EXPECT_EQ(sent_to(*endpoint, message), "http://a:9001/services/S?x=1");
  fresh(message, "POST", "/services/S");
  message.incoming.scheme = "https";
  EXPECT_EQ(sent_to(*endpoint, message), "https://b:9006/services/S");
  fresh(message);
  message.addressing().to = "http://elsewhere:1/p?q=2";
  EXPECT_EQ(sent_to(*endpoint, message), "http://a:9001/p?q=2");
}

TEST_F(LoadBalanceTest, AFailedMemberIsSkippedUntilItsTrial) {  // EP-128, EP-129
  const auto endpoint = linked(group(kMembers));
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  EXPECT_EQ(trials(*endpoint, 2), "bb");
  Clock::advance(1s);
  EXPECT_EQ(trials(*endpoint, 2), "ab");
  EXPECT_EQ(trial(*endpoint, "ab"), "ab!");
  EXPECT_EQ(trial(*endpoint), "-");
  EXPECT_EQ(last_fault.code, 303000);
}

TEST_F(LoadBalanceTest, AMemberWithoutThatPortFaults) {
  const auto endpoint = linked(group("<member hostName='a' httpsPort='9005'/>"));
  EXPECT_EQ(sent_to(*endpoint), "fault 0 member a has no http port");
}

// --- reading ----------------------------------------------------------------------------------------

TEST_F(LoadBalanceTest, PolicyAndAlgorithm) {  // EP-033, EP-034
  EXPECT_FALSE(is_error(group(abc(), "policy=' roundRobin '")));
  EXPECT_TRUE(is_error(group(abc(), "policy='RoundRobin'")));
  EXPECT_TRUE(is_error(group(abc(), "policy='roundRobin' algorithm='org.apache.synapse.endpoints.algorithms.RoundRobin'")));
  EXPECT_TRUE(is_error(group(abc(), "algorithm='roundRobin'")));
  EXPECT_NE(all_problems().find("org.apache.synapse.endpoints.algorithms.WeightedRoundRobin"), std::string::npos);
}

TEST_F(LoadBalanceTest, NeedsEndpointsOrMembers) {  // EP-035
  EXPECT_TRUE(is_error(group("")));
  EXPECT_TRUE(is_error(group(leaf('a') + kMembers)));
  EXPECT_FALSE(is_error(group(kMembers)));
  EXPECT_TRUE(is_error(group("<member httpPort='1'/>")));
  EXPECT_TRUE(is_error(group("<member hostName='a' httpPort='x'/>")));
  EXPECT_FALSE(is_error(group("<member hostName='a' httpPort='1' httpsPort=' '/>")));
}

TEST_F(LoadBalanceTest, OnlyFalseTurnsFailoverOff) {  // EP-036
  EXPECT_FALSE(linked(group(abc(), "failover='FALSE'"))->resends());
  EXPECT_TRUE(linked(group(abc(), "failover='no'"))->resends());
  EXPECT_TRUE(linked(group(abc(), "failover='0'"))->resends());
}

TEST_F(LoadBalanceTest, TheOldSpellingIsReadWithAWarning) {  // EP-004
  EXPECT_FALSE(is_error("<endpoint><loadBalance>" + abc() + "</loadBalance></endpoint>"));
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(problems.all()[0].level, xml::Level::warning);
}

TEST_F(LoadBalanceTest, TwoSiblingsWithOneKeyAreAnError) {  // EP-006
  EXPECT_TRUE(is_error(group("<endpoint key='x'/><endpoint key='x'/>")));
  EXPECT_FALSE(is_error(group("<endpoint key='x'/><endpoint key='y'/>")));
}

TEST_F(LoadBalanceTest, BuildMessageOverridesTheGlobalDefault) {  // EP-139
  EXPECT_EQ(linked(group(abc()))->need(), Need::nothing);
  EXPECT_EQ(linked(group(abc(), "buildMessage='true'"))->need(), Need::body);
  artifacts.settings["build.message.on.failover.enable"] = "true";
  EXPECT_EQ(linked(group(abc()))->need(), Need::body);
  EXPECT_EQ(linked(group(abc(), "buildMessage='false'"))->need(), Need::nothing);
}

}  // namespace
}  // namespace myelin::test
