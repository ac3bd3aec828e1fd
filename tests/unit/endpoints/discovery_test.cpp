// Groups whose members are found at run time, without a registry: the test says what one lists.

#include <thread>

#include "engine/ports/discovery.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

Instance instance(std::string id, std::string host, std::uint16_t port = 80) {
  Instance made;
  made.id = std::move(id);
  made.host = std::move(host);
  made.port = port;
  return made;
}

class DiscoveryTest : public EndpointTest {
 protected:
  static std::string group(std::string_view inside = "", std::string_view attributes = "") {
    return "<endpoint name='farm'><loadbalance" + std::string(attributes) +
           "><discovery provider='file' drain='5000'><parameter name='path'>members.txt</parameter></discovery>" +
           std::string(inside) + "</loadbalance></endpoint>";
  }

  std::unique_ptr<Endpoint> found(const std::string& xml) {
    auto endpoint = build(xml);
    EXPECT_TRUE(endpoint) << all_problems();
    Linker linker(artifacts, problems);
    linker.states = &states;
    if (endpoint) endpoint->link(linker);
    for (Discoverer* discoverer : linker.discoverers) last = discoverer;
    return endpoint;
  }
  void list(Instances instances) {
    last->listing()->set(std::move(instances));
    last->refresh(Clock::now());
  }
  /// Hosts of one letter.
  void list(std::string_view hosts) {
    Instances instances;
    for (const char host : hosts) instances.push_back(instance(std::string("id-") + host, std::string(1, host)));
    list(std::move(instances));
  }

  Discoverer* last = nullptr;
};

TEST_F(DiscoveryTest, AGroupWithoutMembersYetIsNotReady) {
  const auto group_ = found(group());
  EXPECT_FALSE(group_->ready(Clock::now()));
  EXPECT_EQ(sent_to(*group_), "fault 303000");
  list("b");
  EXPECT_TRUE(group_->ready(Clock::now()));
  EXPECT_EQ(sent_to(*group_), "http://b:80/");
}

// GW-138
TEST_F(DiscoveryTest, DeclaredAndDiscoveredMembersShareOneRotation) {
  const auto group_ = found(group(leaf('a')));
  EXPECT_EQ(trials(*group_, 2), "aa");
  list("bc");
  EXPECT_EQ(trials(*group_, 6), "abcabc");
  EXPECT_EQ(group_->children().size(), 3u);
}

// GW-137: the one that was suspended stays so, the others are used, none is disabled.
TEST_F(DiscoveryTest, ShrinkingTouchesNoSurvivor) {
  const auto group_ = found(group());
  list("bcd");
  const auto before = group_->children();
  EXPECT_EQ(trial(*group_, "b"), "bc");
  list("bd");
  const auto after = group_->children();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_EQ(after[1], before[2]);
  EXPECT_EQ(trials(*group_, 3), "ddd");
  list("bcd");
  EXPECT_EQ(trials(*group_, 4), "dcdc");
}

// GW-136: nothing new goes there; what is under way ends there.
TEST_F(DiscoveryTest, AMemberThatLeavesOnlyEndsWhatItHas) {
  const auto group_ = found(group());
  list("bc");
  Message message;
  fresh(message);
  delivery.reset();
  const Choice choice = group_->choose(delivery, message);
  ASSERT_TRUE(choice.leaf);
  delivery.leaf = choice.leaf;
  list("c");
  EXPECT_EQ(address_of(*choice.leaf, message), "http://b:80/");
  Clock::advance(Duration(6000));
  list("c");
  last->refresh(Clock::now());
  choice.leaf->failed(refused(), Clock::now(), Clock::now());
  Fault fault = refused();
  const Leaf* next = fail(message, fault);
  ASSERT_TRUE(next) << "the message still sees the members it came to";
  EXPECT_EQ(address_of(*next, message), "http://c:80/");
  delivery.unpin();
  EXPECT_EQ(trials(*group_, 3), "ccc");
}

TEST_F(DiscoveryTest, StateIsThatOfTheInstance) {
  const auto group_ = found(group("<shared><suspendOnFailure><initialDuration>60000</initialDuration></suspendOnFailure></shared>"));
  list("bc");
  EXPECT_EQ(trial(*group_, "b"), "bc");
  list("c");
  list("bc");
  EXPECT_EQ(trials(*group_, 2), "cc") << "it comes back before its drain is over, still suspended";
  list({instance("id-b", "b", 8080), instance("id-c", "c")});
  EXPECT_EQ(sent_to(*group_), "http://b:8080/") << "at another address it starts anew";
}

TEST_F(DiscoveryTest, ARedeployHasTheLastListAtOnce) {
  auto old = found(group());
  list("bc");
  EXPECT_EQ(trial(*old, "b"), "bc");
  const auto anew = found(group());
  EXPECT_EQ(anew->children().size(), 2u);
  old.reset();
  EXPECT_EQ(trials(*anew, 2), "cc") << "and their state";
}

TEST_F(DiscoveryTest, SharedBlocksApply) {
  const auto group_ = found(group("<shared><headers><header name='X' expression='//a'/></headers></shared>"));
  EXPECT_EQ(group_->need(), Need::body) << "before there is any member";
  list("b");
  Message message;
  fresh(message);
  message.headers.add("X", "1");
  sent_to(*group_, message);
  EXPECT_EQ(group_->need(), Need::body);
  const auto timed = found(group("<shared><retryConfig><disabledErrorCodes>101503</disabledErrorCodes></retryConfig></shared>"));
  list("bc");
  EXPECT_EQ(trial(*timed, "b"), "b!");
}

TEST_F(DiscoveryTest, AnErrorInSharedIsToldThoughNothingIsDeclared) {
  const auto group_ = found(group("<shared><timeout><duration>soon</duration></timeout></shared>"));
  EXPECT_TRUE(problems.has_errors());
  EXPECT_EQ(problems.all().front().where.file, "test.xml");
}

// Rows 59 and 60 of the gateways reference, 4.4.
TEST_F(DiscoveryTest, MetadataIsUsed) {
  artifacts.settings["server.tags"] = "eu";
  Instance heavy = instance("id-b", "b");
  heavy.metadata = {{"gravitee_weight", "2"}, {"gravitee_path", "base"}, {"gravitee_ssl", "true"}, {"zone", "1"}};
  Instance foreign = instance("id-c", "c");
  foreign.metadata = {{"tenant", "us"}};
  Instance both = instance("id-d", "d");
  both.metadata = {{"weight", "3"}, {"gravitee_weight", "9"}};
  for (Instance* one : {&heavy, &foreign, &both}) apply_metadata(*one);
  EXPECT_EQ(heavy.metadata.size(), 1u);
  EXPECT_EQ(both.weight, 3u);
  const auto group_ = found(group());
  list({heavy, foreign, both});
  EXPECT_EQ(sent_to(*group_), "https://b:80/base");
  EXPECT_EQ(sent_to(*group_), "http://d:80/");
  EXPECT_EQ(sent_to(*group_), "https://b:80/base");
  EXPECT_EQ(group_->children()[0]->weight, 2);
}

TEST_F(DiscoveryTest, BackupsWaitForThePrimaries) {
  Instance spare = instance("id-b", "b");
  spare.backup = true;
  const auto group_ = found(group());
  list({spare, instance("id-c", "c")});
  EXPECT_EQ(trials(*group_, 2), "cc");
  EXPECT_EQ(trial(*group_, "c"), "cb");
}

TEST_F(DiscoveryTest, NewcomersOfAGroupThatIsOffAreOff) {
  const auto group_ = found(group());
  list("b");
  group_->set_switch(Switch::off);
  list("bc");
  EXPECT_EQ(sent_to(*group_), "fault 303000");
  group_->set_switch(Switch::on);
  EXPECT_EQ(trials(*group_, 2), "cb");
}

TEST_F(DiscoveryTest, WhatCannotBeUsedIsLeftOut) {
  std::vector<std::string> wrong;
  Instance placeholder = instance("p", "h");
  placeholder.path = "/${x}";
  Instance bare = instance("q", "h");
  bare.path = "x";
  const Instances usable = usable_instances(
      {instance("a", "h"), instance("a", "i"), instance("", "h"), instance("b", "h", 0), instance("c", "h/x"),
       instance("d", "u@h"), instance("e", "h\r\nX: y"), instance("f", ""), placeholder, bare, instance("v6", "::1")},
      wrong);
  ASSERT_EQ(usable.size(), 2u);
  EXPECT_EQ(usable[0].url(), "http://h:80/");
  EXPECT_EQ(usable[1].url(), "http://[::1]:80/");
  EXPECT_EQ(wrong.size(), 9u);
}

TEST_F(DiscoveryTest, ASessionGoesOnUntilTheDrainIsOver) {
  std::string xml = group();
  xml.insert(xml.find("<loadbalance"), "<session type='http'/>");
  const auto group_ = found(xml);
  list("bc");
  Message message;
  const auto with_session = [&] {
    fresh(message);
    message.headers.add("Cookie", "JSESSIONID=1");
    return sent_to(*group_, message);
  };
  EXPECT_EQ(with_session(), "http://b:80/");
  message.headers.clear();
  message.headers.add("Set-Cookie", "JSESSIONID=1");
  respond(message);
  list("c");
  EXPECT_EQ(trials(*group_, 2), "cc") << "nothing new goes to the one that left";
  EXPECT_EQ(with_session(), "http://b:80/");
  Clock::advance(Duration(5001));
  EXPECT_EQ(with_session(), "http://c:80/");
}

TEST_F(DiscoveryTest, MistakesAreNamed) {
  const auto with = [](std::string_view discovery) {
    return "<endpoint><loadbalance>" + std::string(discovery) + "</loadbalance></endpoint>";
  };
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"<discovery/>", "missing attribute 'provider'"},
      {"<discovery provider='files'/>", "allowed: consul, dns or file"},
      {"<discovery provider='file'/>", "needs parameter 'path'"},
      {"<discovery provider='file'><parameter name='pth'>x</parameter></discovery>", "did you mean 'path'?"},
      {"<discovery provider='file' refresh='5'><parameter name='path'>x</parameter></discovery>", "refresh"},
      {"<discovery provider='consul'><parameter name='url'>consul:8500</parameter><parameter name='service'>s"
       "</parameter></discovery>", "an http or https address is needed"},
      {"<discovery provider='dns'><parameter name='name'>x</parameter></discovery>", "'port' is needed"},
      {"<discovery provider='dns'><parameter name='name'>x</parameter><parameter name='type'>MX</parameter></discovery>",
       "allowed: A or SRV"},
      {"<discovery provider='dns'><parameter name='name'>x</parameter><parameter name='type'>SRV</parameter>"
       "<parameter name='server'>ns1</parameter></discovery>", "an IPv4 address"}};
  for (const auto& [xml, expected] : mistakes) {
    EXPECT_TRUE(is_error(with(xml))) << xml;
    EXPECT_NE(all_problems().find(expected), std::string::npos) << all_problems();
  }
}

TEST(DiscoverySource, AKeyHoldsNoSecret) {
  DiscoverySource source;
  source.provider = "consul";
  source.parameters = {{"token", "s3cret"}, {"url", "http://c"}};
  EXPECT_EQ(source.key().find("s3cret"), std::string::npos);
  DiscoverySource other = source;
  other.parameters["token"] = "another";
  EXPECT_NE(source.key(), other.key());
  EXPECT_EQ(source.label(), "consul url=http://c");
}

// Messages go on while the list changes; run under the sanitizers too.
TEST_F(DiscoveryTest, ListsChangeWhileMessagesChoose) {
  const auto group_ = found(group(leaf('a')));
  std::atomic<bool> over{false};
  std::vector<std::thread> shards;
  std::atomic<int> lost{0};
  for (int i = 0; i < 2; ++i)
    shards.emplace_back([&] {
      Delivery mine;
      Message message;
      OutgoingRequest to;
      while (!over) {
        message.reset();
        message.artifacts = &artifacts;
        message.incoming.scheme = "http";
        mine.reset();
        const Choice choice = group_->choose(mine, message);
        if (!choice.leaf || !choice.leaf->prepare(message, to)) ++lost;
        else choice.leaf->succeeded(200, Clock::now(), Clock::now());
        mine.unpin();
      }
    });
  for (int i = 0; i < 200; ++i) list(i % 3 == 0 ? "bcd" : i % 3 == 1 ? "c" : "");
  over = true;
  for (std::thread& shard : shards) shard.join();
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace myelin::test
