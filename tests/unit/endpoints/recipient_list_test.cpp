// Recipient lists: who gets a copy, and the pool of addresses found per message (endpoints reference, 1.9).

#include "endpoints/common/recipient_pool.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

class RecipientListTest : public EndpointTest {
 protected:
  /// "0/3 http://a/ 1/3 http://c/", or "fault CODE".
  std::string recipients(const Endpoint& list, std::string_view to = "") {
    Message message;
    fresh(message);
    if (!to.empty()) message.properties.set("to", std::string(to));
    delivery.reset();
    Choice choice = list.choose(delivery, message);
    if (!choice.fans_out) return "fault " + std::to_string(choice.fault().code);
    EXPECT_EQ(delivery.depth, 0u);
    std::string all;
    for (const Branch& branch : choice.branches) {
      EXPECT_EQ(branch.list, &list);
      Delivery own;
      own.reset();
      const Choice leaf = branch.endpoint->choose(own, message);
      if (leaf.leaf) all += (all.empty() ? "" : " ") + branch.sequence + ' ' + address_of(*leaf.leaf, message);
    }
    return all;
  }
  void fail_all(const Endpoint& list, std::string_view to = "") {
    Message message;
    fresh(message);
    if (!to.empty()) message.properties.set("to", std::string(to));
    delivery.reset();
    const Choice choice = list.choose(delivery, message);
    const TimePoint now = Clock::now();
    for (const Branch& branch : choice.branches) dynamic_cast<const Leaf&>(*branch.endpoint).failed(refused(), now, now);
  }
};

TEST_F(RecipientListTest, CountsAllAndNumbersThoseSentTo) {  // EP-143, EP-144
  const auto list = linked("<endpoint><recipientlist>" + leaf('a') + leaf('b') + leaf('c') + "</recipientlist></endpoint>");
  EXPECT_EQ(recipients(*list), "0/3 http://a/ 1/3 http://b/ 2/3 http://c/");
  list->children()[1]->set_switch(Switch::off);
  EXPECT_EQ(recipients(*list), "0/3 http://a/ 1/3 http://c/");
  fail_all(*list);
  EXPECT_EQ(recipients(*list), "fault 303000");
  EXPECT_FALSE(list->ready(Clock::now()));
}

TEST_F(RecipientListTest, AfterASuspensionOneTrialIsAdmitted) {  // REL-125
  const auto list = linked("<endpoint><recipientlist>" + leaf('a') + leaf('b') + "</recipientlist></endpoint>");
  fail_all(*list);
  Clock::advance(Duration(31'000));
  EXPECT_EQ(recipients(*list), "0/2 http://a/ 1/2 http://b/");
  EXPECT_EQ(recipients(*list), "fault 303000");
}

TEST_F(RecipientListTest, MembersTakeHttpAlone) {
  const auto list = linked("<endpoint><recipientlist><member hostName='h' httpPort='81' httpsPort='82'/></recipientlist></endpoint>");
  EXPECT_EQ(recipients(*list), "0/1 http://h:81/services/S");
  Message message;
  fresh(message);
  message.incoming.scheme = "jms";
  const Choice choice = list->choose(delivery, message);
  EXPECT_TRUE(choice.fans_out);
  EXPECT_TRUE(choice.branches.empty());
}

constexpr std::string_view kDynamic =
    "<endpoint><recipientlist><endpoints value=\"{get-property('to')}\" max-cache='2'/></recipientlist></endpoint>";

TEST_F(RecipientListTest, SplitsAndSkipsBlanks) {  // EP-146, EP-147
  const auto list = linked(kDynamic);
  EXPECT_EQ(recipients(*list, "http://a/, ,http://b c/,"), "0/2 http://a/ 1/2 fault 0 'http://b c/' is no http or https address");
  EXPECT_EQ(recipients(*list, " , "), "");
  EXPECT_EQ(recipients(*list), "");
  artifacts.apache = true;
  const auto apache = linked(kDynamic, "sequence:other");
  EXPECT_EQ(recipients(*apache, "http://b c/"), "0/1 http://bc/");
}

TEST_F(RecipientListTest, ThePoolForgetsWhatWasNotUsedForLongest) {  // EP-148
  const auto list = linked(kDynamic);
  fail_all(*list, "http://a/");
  EXPECT_EQ(recipients(*list, "http://a/"), "fault 303000");
  EXPECT_EQ(recipients(*list, "http://b/"), "0/1 http://b/");
  EXPECT_EQ(recipients(*list, "http://a/"), "fault 303000");
  EXPECT_EQ(recipients(*list, "http://c/"), "0/1 http://c/");  // b goes, a was used since
  EXPECT_EQ(recipients(*list, "http://a/"), "fault 303000");
  EXPECT_EQ(recipients(*list, "http://b/,http://c/"), "0/2 http://b/ 1/2 http://c/");
  EXPECT_EQ(recipients(*list, "http://a/"), "0/1 http://a/");
}

// A redeploy of the unchanged list finds the pool of the old one.
TEST_F(RecipientListTest, ThePoolOutlivesARedeploy) {
  fail_all(*linked(kDynamic), "http://a/");
  EXPECT_EQ(recipients(*linked(kDynamic), "http://a/"), "fault 303000");
}

// Whoever sends to a leaf keeps it, whatever the pool does meanwhile.
TEST_F(RecipientListTest, AMessageKeepsItsRecipient) {
  endpoints::RecipientPool pool("key", 1, true);
  const auto held = pool.leaf("http://a/", artifacts);
  const auto other = pool.leaf("http://b/", artifacts);
  EXPECT_NE(pool.leaf("http://a/", artifacts), held);
  EXPECT_EQ(held->identity(), "http://a/");
}

TEST_F(RecipientListTest, ASwitchedOffListHasNobody) {
  const auto list = linked(kDynamic);
  list->set_switch(Switch::off);
  EXPECT_EQ(recipients(*list, "http://a/"), "fault 303000");
}

}  // namespace
}  // namespace myelin::test
