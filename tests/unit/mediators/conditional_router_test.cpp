#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct ConditionalRouterTest : test::MediatorTest {
  static std::string route(const std::string& condition, const std::string& value, const std::string& attributes = "") {
    return "<conditionalRoute " + attributes + "><condition>" + condition +
           "</condition><target><sequence><property name=\"" + value + "\" value=\"1\"/></sequence></target></conditionalRoute>";
  }
  bool holds(const std::string& condition) {
    message().properties.remove("taken");
    run("<conditionalRouter>" + route(condition, "taken") + "</conditionalRouter>");
    return property("taken") == "1";
  }
  std::string refused(const std::string& condition) {
    return errors_of("<conditionalRouter>" + route(condition, "taken") + "</conditionalRouter>");
  }
};

const std::string kTrue = R"(<equal type="property" source="p" value="V"/>)";
const std::string kFalse = R"(<equal type="property" source="p" value="other"/>)";

// MED-110
TEST_F(ConditionalRouterTest, OnlyARouteThatBreaksEndsTheRouting) {
  message().properties.set("p", "v");
  run("<conditionalRouter>" + route(kTrue, "a", R"(breakRoute="false")") + route(kFalse, "b") + route(kTrue, "c") +
      route(kTrue, "d") + "</conditionalRouter>");
  EXPECT_EQ(property("a"), "1");
  EXPECT_EQ(property("b"), "");
  EXPECT_EQ(property("c"), "1");
  EXPECT_EQ(property("d"), "");
}

// MED-111
TEST_F(ConditionalRouterTest, ContinueAfterDecidesWhetherTheFlowGoesOn) {
  message().properties.set("p", "v");
  EXPECT_EQ(run("<conditionalRouter>" + route(kTrue, "a") + "</conditionalRouter>"), Flow::stop);
  EXPECT_EQ(run("<conditionalRouter continueAfter=\"true\">" + route(kTrue, "a") + "</conditionalRouter>"), Flow::next);
  EXPECT_THAT(errors_of("<conditionalRouter continueAfter=\"yes\"/>"), HasSubstr("yes"));
}

// MED-112
TEST_F(ConditionalRouterTest, EqualIgnoresCaseAndMatchIsFull) {
  message().properties.set("p", "Value");
  EXPECT_TRUE(holds(R"(<equal type="property" source="p" value="vALUE"/>)"));
  EXPECT_FALSE(holds(R"(<equal type="property" source="none" value=""/>)"));
  EXPECT_TRUE(holds(R"(<match type="property" source="p" regex="V.*"/>)"));
  EXPECT_FALSE(holds(R"(<match type="property" source="p" regex="alu"/>)"));
  EXPECT_FALSE(holds(R"(<match type="property" source="none" regex=".*"/>)"));
}

// MED-113
TEST_F(ConditionalRouterTest, AndAndOrNeedTwoConditions) {
  EXPECT_THAT(refused("<and>" + kTrue + "</and>"), HasSubstr("fewer than two"));
  EXPECT_THAT(refused("<or>" + kTrue + "</or>"), HasSubstr("fewer than two"));
  EXPECT_THAT(refused("<not/>"), HasSubstr("without a condition"));
  EXPECT_THAT(refused("<xor/>"), HasSubstr("unknown condition <xor>"));
  EXPECT_THAT(refused(R"(<equal type="cookie" source="a" value="b"/>)"), HasSubstr("cookie"));
  EXPECT_THAT(refused(R"(<equal value="b"/>)"), HasSubstr("source"));
  EXPECT_THAT(refused(R"(<match source="a" regex="("/>)"), HasSubstr("regular expression"));
  message().properties.set("p", "v");
  EXPECT_TRUE(holds("<and>" + kTrue + kTrue + "</and>"));
  EXPECT_FALSE(holds("<and>" + kTrue + kFalse + "</and>"));
  EXPECT_TRUE(holds("<or>" + kFalse + kTrue + "</or>"));
  EXPECT_FALSE(holds("<or>" + kFalse + kFalse + "</or>"));
  EXPECT_TRUE(holds("<not>" + kFalse + "</not>"));
}

// MED-114
TEST_F(ConditionalRouterTest, UrlAndParametersAreThoseOfTo) {
  message().addressing().to = "https://user@host.example:8443/a/b?x=1&y=a%20b&x=2&empty=&none#ref";
  const std::pair<const char*, const char*> parts[] = {{"protocol", "https"}, {"user", "user"}, {"host", "host.example"},
                                                       {"port", "8443"},      {"path", "/a/b"}, {"ref", "ref"}};
  for (const auto& [part, value] : parts)
    EXPECT_TRUE(holds(std::string("<equal type=\"url\" source=\"") + part + "\" value=\"" + value + "\"/>")) << part;
  EXPECT_TRUE(holds(R"(<match type="url" regex="https://.*#ref"/>)"));
  EXPECT_TRUE(holds(R"(<equal type="param" source="x" value="2"/>)"));
  EXPECT_TRUE(holds(R"(<equal type="param" source="y" value="a b"/>)"));
  EXPECT_FALSE(holds(R"(<equal type="param" source="empty" value=""/>)"));
  message().addressing().to = "http://host/";
  EXPECT_TRUE(holds(R"(<equal type="url" source="port" value="-1"/>)"));
  message().addressing().to.clear();
  EXPECT_FALSE(holds(R"(<equal type="url" source="host" value="host"/>)"));
}

TEST_F(ConditionalRouterTest, HeadersAndSoapAreLookedAt) {
  receive_soap("<a>1</a>");
  message().headers.add("X-Kind", "gold");
  EXPECT_TRUE(holds(R"(<equal source="x-kind" value="GOLD"/>)"));
  EXPECT_TRUE(holds(R"(<equal type="header" source="X-Kind" value="gold"/>)"));
  EXPECT_TRUE(holds(R"(<equal type="soap" source="//a" value="1"/>)"));
}

TEST_F(ConditionalRouterTest, TargetsAreRequiredAndMayBeNamed) {
  EXPECT_THAT(errors_of("<conditionalRouter><conditionalRoute/></conditionalRouter>"), HasSubstr("without <target>"));
  define("there", R"(<property name="ran" value="1"/>)");
  run(R"(<conditionalRouter><conditionalRoute><target sequence="there" to="http://to/" soapAction="urn:a"/></conditionalRoute></conditionalRouter>)");
  EXPECT_EQ(property("ran"), "1");
  EXPECT_EQ(message().addressing().to, "http://to/");
  EXPECT_EQ(message().addressing().soap_action, "urn:a");
  EXPECT_EQ(run(R"(<conditionalRouter><conditionalRoute><target endpoint="none"/></conditionalRoute></conditionalRouter>)"),
            Flow::fault);
  EXPECT_EQ(message().fault.code, code::kUnresolved);
}

// MED-054
TEST_F(ConditionalRouterTest, AnAsynchronousRouteWorksOnACopy) {
  receive_soap("<a/>");
  run(R"(<conditionalRouter continueAfter="true"><conditionalRoute asynchronous="true"><target><sequence>
           <property name="p" value="changed"/><send/></sequence></target></conditionalRoute></conditionalRouter>)");
  EXPECT_EQ(property("p"), "");
  ASSERT_EQ(message().spawned.size(), 1U);
  EXPECT_EQ(message().spawned.front()->properties.text("p"), "changed");
  EXPECT_EQ(message().spawned_pending.front().kind, Pending::Kind::send);
  EXPECT_EQ(message().pending.kind, Pending::Kind::none);
}

// MED-042
TEST_F(ConditionalRouterTest, OnlyTheFirstAnswerCounts) {
  receive_soap("<a/>");
  const std::string respond = "<target><sequence><respond/></sequence></target></conditionalRoute>";
  run("<conditionalRouter><conditionalRoute breakRoute=\"false\">" + respond + "<conditionalRoute>" + respond + "</conditionalRouter>");
  EXPECT_EQ(message().pending.kind, Pending::Kind::reply);
  EXPECT_TRUE(message().spawned.empty());
}

TEST_F(ConditionalRouterTest, AnAnswerAndASendAreBothCarriedOut) {
  receive_soap("<a/>");
  run(R"(<conditionalRouter><conditionalRoute breakRoute="false"><target><sequence><respond/></sequence></target></conditionalRoute>
         <conditionalRoute><target><sequence><send receive="r"/></sequence></target></conditionalRoute></conditionalRouter>)");
  EXPECT_EQ(message().pending.kind, Pending::Kind::reply);
  ASSERT_EQ(message().spawned.size(), 1U);
  EXPECT_EQ(message().spawned_pending.front().receive, "r");
}

TEST_F(ConditionalRouterTest, TwoRoutesMaySend) {
  receive_soap("<a/>");
  const std::string send = "<target><sequence><send/></sequence></target></conditionalRoute>";
  run("<conditionalRouter><conditionalRoute breakRoute=\"false\">" + send + "<conditionalRoute>" + send + "</conditionalRouter>");
  EXPECT_EQ(message().pending.kind, Pending::Kind::send);
  EXPECT_EQ(message().spawned.size(), 1U);
}

}  // namespace
}  // namespace myelin
