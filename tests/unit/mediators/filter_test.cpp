#include <chrono>

#include "tests/support/cpu_time.hpp"
#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

const std::string kThen = R"(<then><property name="taken" value="then"/></then>)";
const std::string kElse = R"(<else><property name="taken" value="else"/></else>)";

struct FilterTest : test::MediatorTest {
  std::string taken(const std::string& mediators) {
    message().properties.remove("taken");
    run(mediators);
    return property("taken");
  }
};

// MED-098
TEST_F(FilterTest, AnEmptyNodeSetIsFalse) {
  receive_soap("<a/>");
  EXPECT_EQ(taken(R"(<filter xpath="//missing">)" + kThen + kElse + "</filter>"), "else");
  EXPECT_EQ(taken(R"(<filter xpath="//a">)" + kThen + kElse + "</filter>"), "then");
}

// MED-099
TEST_F(FilterTest, ARegexMatchesTheWholeText) {
  EXPECT_EQ(taken(R"(<filter source="'12'" regex="1">)" + kThen + kElse + "</filter>"), "else");
  EXPECT_EQ(taken(R"(<filter source="'12'" regex="1.">)" + kThen + kElse + "</filter>"), "then");
  EXPECT_EQ(taken(R"(<filter source="'é'" regex=".">)" + kThen + kElse + "</filter>"), "then");
  EXPECT_EQ(taken(R"(<filter source="'ABC'" regex="(?i)abc">)" + kThen + kElse + "</filter>"), "then");
}

// MED-100
TEST_F(FilterTest, ANullSourceMatchesNothing) {
  EXPECT_EQ(taken(R"x(<filter source="get-property('missing')" regex=".*">)x" + kThen + kElse + "</filter>"), "else");
}

// MED-101
TEST_F(FilterTest, WithoutThenTheChildrenAreTheBranch) {
  EXPECT_EQ(taken(R"x(<filter xpath="true()"><property name="taken" value="child"/></filter>)x"), "child");
  EXPECT_EQ(taken(R"x(<filter xpath="false()"><property name="taken" value="child"/></filter>)x"), "");
}

// MED-102
TEST_F(FilterTest, ElseWithoutThenIsRefused) {
  EXPECT_THAT(errors_of(R"x(<filter xpath="true()"><drop/>)x" + kElse + "</filter>"), HasSubstr("<else> without <then>"));
}

// MED-103, MED-008
TEST_F(FilterTest, AMissingSequenceIsAFault) {
  EXPECT_EQ(run(R"x(<filter xpath="true()"><then sequence="missing"/></filter>)x"), Flow::fault);
  EXPECT_EQ(message().fault.message, "Sequence named missing cannot be found");
}

TEST_F(FilterTest, ABranchMayBeASequence) {
  define("there", R"(<property name="taken" value="sequence"/>)");
  EXPECT_EQ(taken(R"x(<filter xpath="true()"><then sequence="there"/></filter>)x"), "sequence");
  EXPECT_EQ(taken(R"x(<filter xpath="true()"><then sequence="{concat('the','re')}"/></filter>)x"), "sequence");
}

// MED-104
TEST_F(FilterTest, FalseWithoutElseGoesOn) {
  EXPECT_EQ(taken(R"x(<filter xpath="false()"><then><drop/></then></filter><property name="taken" value="after"/>)x"), "after");
}

TEST_F(FilterTest, TheBranchDecidesWhetherTheFlowGoesOn) {
  EXPECT_EQ(run(R"x(<filter xpath="true()"><then><drop/></then></filter>)x"), Flow::stop);
}

// MED-105
TEST_F(FilterTest, TheConditionIsXpathOrSourceAndRegex) {
  EXPECT_THAT(errors_of(R"(<filter source="//a"/>)"), HasSubstr("without a condition"));
  EXPECT_THAT(errors_of(R"(<filter xpath=" "/>)"), HasSubstr("without a condition"));
  EXPECT_THAT(errors_of(R"(<filter source="//a" regex="["/>)"), HasSubstr("not a regular expression"));
  EXPECT_EQ(taken(R"x(<filter xpath="true()" source="'a'" regex="b">)x" + kThen + kElse + "</filter>"), "then");
}

TEST_F(FilterTest, HeadersAndPropertiesNeedNoBody) {
  EXPECT_EQ(need_of(R"(<filter source="$trp:X" regex="a"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<filter xpath="get-property('a') = 'b'"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<filter xpath="//a"/>)"), Need::body);
  EXPECT_EQ(need_of(R"(<switch source="$trp:X"/>)"), Need::nothing);
}

// REL-088
TEST_F(FilterTest, AnExplosiveRegexStops) {
  message().properties.set("long", std::string(40, 'a') + "b");
  const auto begin = test::cpu_time();
  run(R"x(<filter source="get-property('long')" regex="(a|a|aa)*c">)x" + kThen + "</filter>");
  EXPECT_LT(test::cpu_time() - begin, test::at_most(std::chrono::seconds(2)));
  EXPECT_EQ(property("taken"), "");
}

// MED-106
TEST_F(FilterTest, TheFirstMatchingCaseWins) {
  const std::string cases =
      R"(<case regex="I"><property name="taken" value="part"/></case><case regex="I.M"><property name="taken" value="first"/></case>
         <case regex="IBM"><property name="taken" value="second"/></case><default><property name="taken" value="default"/></default>)";
  EXPECT_EQ(taken(R"(<switch source="'IBM'">)" + cases + "</switch>"), "first");
  EXPECT_EQ(taken(R"(<switch source="'MSFT'">)" + cases + "</switch>"), "default");
  EXPECT_EQ(taken(R"(<switch source="''"><case regex=""><property name="taken" value="empty"/></case></switch>)"), "empty");
}

// MED-107
TEST_F(FilterTest, ASwitchWithoutMatchGoesOn) {
  EXPECT_EQ(taken(R"(<switch source="'x'"><case regex="y"><drop/></case></switch><property name="taken" value="after"/>)"), "after");
}

// MED-108
TEST_F(FilterTest, ANullSourceRunsTheDefault) {
  EXPECT_EQ(taken(R"x(<switch source="get-property('missing')"><case regex=".*"><property name="taken" value="case"/></case>
                     <default><property name="taken" value="default"/></default></switch>)x"),
            "default");
}

// MED-109
TEST_F(FilterTest, CasesNeedARegex) {
  EXPECT_THAT(errors_of(R"(<switch source="'x'"><case regex="("/></switch>)"), HasSubstr("not a regular expression"));
  EXPECT_THAT(errors_of(R"(<switch source="'x'"><case/></switch>)"), HasSubstr("<case> without 'regex'"));
  EXPECT_THAT(errors_of("<switch/>"), HasSubstr("source"));
}

}  // namespace
}  // namespace myelin
