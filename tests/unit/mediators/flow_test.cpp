#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct FlowMediatorTest : test::MediatorTest {};

// MED-001, MED-002
TEST_F(FlowMediatorTest, UnknownMediatorsAreNamed) {
  EXPECT_THAT(errors_of(R"(<lgo/>)"), HasSubstr("{http://ws.apache.org/ns/synapse}lgo"));
  EXPECT_THAT(errors_of(R"(<log xmlns="urn:other"/>)"), HasSubstr("{urn:other}log"));
}

// MED-005, MED-006
TEST_F(FlowMediatorTest, FalseStopsAllEnclosingLists) {
  define("inner", R"(<property name="inner" value="1"/><drop/><property name="inner" value="2"/>)");
  EXPECT_EQ(run(R"(<rules><sequence key="inner"/><property name="a" value="1"/></rules><property name="b" value="1"/>)"),
            Flow::stop);
  EXPECT_EQ(property("inner"), "1");
  EXPECT_EQ(property("a"), "");
  EXPECT_EQ(property("b"), "");
}

// MED-008
TEST_F(FlowMediatorTest, AMissingSequenceIsAFault) {
  EXPECT_EQ(run(R"(<sequence key="X"/>)"), Flow::fault);
  EXPECT_EQ(message().fault.message, "Sequence named X cannot be found");
}

// MED-009
TEST_F(FlowMediatorTest, AKeyCanBeChosenPerMessage) {
  define("one", R"(<property name="ran" value="one"/>)");
  define("two", R"(<property name="ran" value="two"/>)");
  for (const char* name : {"one", "two"}) {
    message().properties.set("s", name);
    run(R"(<sequence key="{get-property('s')}"/>)");
    EXPECT_EQ(property("ran"), name);
  }
}

// MED-010
TEST_F(FlowMediatorTest, ASequenceRefersOrDefines) {
  EXPECT_THAT(errors_of("<sequence/>"), HasSubstr("without 'key' and 'name'"));
  EXPECT_THAT(errors_of(R"(<sequence key="a" onError="b"/>)"), HasSubstr("onError"));
}

TEST_F(FlowMediatorTest, ANamedSequenceRunsWhereItStands) {
  run(R"(<sequence name="n"><property name="a" value="1"/></sequence>)");
  EXPECT_EQ(property("a"), "1");
}

// REL-026
TEST_F(FlowMediatorTest, EndlessRecursionIsAFault) {
  define("loop", R"(<sequence key="loop"/>)");
  EXPECT_EQ(run(R"(<sequence key="{concat('lo','op')}"/>)"), Flow::fault);
  EXPECT_THAT(message().fault.message, HasSubstr("64"));
}

// MED-022
TEST_F(FlowMediatorTest, InAndOutRunByDirection) {
  const std::string both = R"(<in><property name="ran" value="in"/></in><out><property name="ran" value="out"/></out>)";
  run(both);
  EXPECT_EQ(property("ran"), "in");
  message().response = true;
  run(both);
  EXPECT_EQ(property("ran"), "out");
}

// MED-023, MED-025
TEST_F(FlowMediatorTest, SendEndsTheFlowInWso2) {
  EXPECT_EQ(run(R"(<send receive="{concat('a','b')}"/><property name="after" value="1"/>)"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::send);
  EXPECT_EQ(message().pending.receive, "ab");
  EXPECT_EQ(property("after"), "");
}

// MED-025
TEST_F(FlowMediatorTest, SendGoesOnInTheApacheDialect) {
  artifacts.apache = true;
  receive_soap("<a/>");
  EXPECT_EQ(run(R"(<send/><property name="after" value="1"/><drop/>)"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::send);
  EXPECT_EQ(property("after"), "1");
}

TEST_F(FlowMediatorTest, TheFirstOfTwoSendsGoesOutAsACopy) {
  artifacts.apache = true;
  receive_soap("<a/>");
  run(R"(<property name="n" value="1"/><send receive="one"/><send receive="two"/>)");
  EXPECT_EQ(message().pending.receive, "two");
  ASSERT_EQ(message().spawned.size(), 1U);
  EXPECT_EQ(message().spawned_pending.front().receive, "one");
  EXPECT_EQ(message().spawned.front()->properties.text("n"), "1");
}

TEST_F(FlowMediatorTest, SendTakesTheFaultStackAlong) {
  define("handler", "<drop/>");
  run(R"(<sequence name="n" onError="handler"><send/></sequence>)");
  ASSERT_EQ(message().pending.handlers.size(), 1U);
  EXPECT_EQ(message().pending.handlers.front(), artifacts.sequence("handler"));
  EXPECT_TRUE(message().handlers.empty());
}

// MED-037
TEST_F(FlowMediatorTest, RespondAnswersAndClearsTo) {
  message().addressing().to = "http://x/";
  EXPECT_EQ(run(R"(<respond/><property name="after" value="1"/>)"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::reply);
  EXPECT_TRUE(message().response);
  EXPECT_EQ(message().addressing().to, "");
  EXPECT_EQ(property("after"), "");
}

// MED-038
TEST_F(FlowMediatorTest, DropEndsTheFlowWithoutAnything) {
  EXPECT_EQ(run("<drop/>"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::none);
  EXPECT_EQ(message().addressing().to, "");
}

// MED-039
TEST_F(FlowMediatorTest, LoopbackTurnsOnlyRequestsRound) {
  EXPECT_EQ(run("<loopback/>"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::out);
  EXPECT_TRUE(message().is_response());
  message().pending = Pending{};
  EXPECT_EQ(run("<loopback/>"), Flow::stop);
  EXPECT_EQ(message().pending.kind, Pending::Kind::none);
}

// MED-201
TEST_F(FlowMediatorTest, ThrowErrorSetsItsTypeAndFaults) {
  EXPECT_EQ(run(R"(<property name="t" value="MY_TYPE"/><throwError type="{get-property('t')}" errorMessage="went wrong"/>)"),
            Flow::fault);
  EXPECT_EQ(property("ERROR_CODE"), "MY_TYPE");
  EXPECT_EQ(property("ERROR_MESSAGE"), "went wrong");
  EXPECT_EQ(message().fault.message, "went wrong");
  EXPECT_EQ(run("<throwError/>"), Flow::fault);
  EXPECT_EQ(property("ERROR_CODE"), "ANY");
  EXPECT_EQ(property("ERROR_MESSAGE"), "Error occurred in the mediation flow");
}

TEST_F(FlowMediatorTest, CommentsDoNothing) { EXPECT_EQ(run("<comment>text</comment>"), Flow::next); }

TEST_F(FlowMediatorTest, CallSourcesAndTargetsMustSayWhat) {
  EXPECT_THAT(errors_of("<call><source/></call>"), HasSubstr("<source> of <call> is empty"));
  EXPECT_THAT(errors_of(R"(<call><target type="property"/></call>)"), HasSubstr("<target> of <call> names nothing"));
  EXPECT_THAT(errors_of(R"(<call><target type="header">x</target></call>)"), HasSubstr("header"));
  EXPECT_THAT(errors_of(R"(<call initAxis2ClientOptions="yes"/>)"), HasSubstr("yes"));
}

// MED-051
TEST_F(FlowMediatorTest, FlowControlNeedsNoBody) {
  for (const char* mediator : {"<in/>", "<out/>", "<send/>", "<respond/>", "<loopback/>", "<drop/>", "<call/>", "<comment/>",
                               R"(<sequence key="a"/>)", "<throwError/>"})
    EXPECT_EQ(need_of(mediator), Need::nothing) << mediator;
  EXPECT_EQ(need_of(R"(<send buildmessage="true"/>)"), Need::body);
}

}  // namespace
}  // namespace myelin
