#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/base/log.hpp"
#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;
using testing::Not;

class LogTest : public test::MediatorTest {
 protected:
  /// What the mediators write, without time stamp and severity.
  std::string lines(const std::string& mediators) {
    const std::string file = std::filesystem::temp_directory_path() / ("myelin-log-" + std::to_string(::getpid()));
    EXPECT_TRUE(log::start(file, least_).ok());
    flow_ = run(mediators);
    log::stop();
    std::ifstream in(file);
    std::stringstream all;
    all << in.rdbuf();
    std::filesystem::remove(file);
    const std::string text = all.str();
    constexpr std::string_view kBefore = "INFO  mediator: ";
    const auto begin = text.find(kBefore);
    return begin == std::string::npos ? text : text.substr(begin + kBefore.size());
  }

  log::Severity least_ = log::Severity::info;
  Flow flow_ = Flow::next;
};

// MED-055
TEST_F(LogTest, SimpleNamesWhatTheMessageHas) {
  receive_soap("<a/>");
  Addressing& addressing = message().addressing();
  addressing.to = "http://to/";
  addressing.from = "http://from/";
  addressing.action = "urn:act";
  addressing.soap_action = "urn:soap";
  addressing.reply_to = "http://reply/";
  addressing.message_id = "urn:id";
  EXPECT_EQ(lines("<log/>"),
            "To: http://to/, From: http://from/, WSAction: urn:act, SOAPAction: urn:soap, ReplyTo: http://reply/, "
            "MessageID: urn:id, Direction: request\n");
  message().response = true;
  addressing = Addressing();
  EXPECT_EQ(lines(R"(<log level="simple"><property name="a" value="1"/></log>)"), "To: , Direction: response, a = 1\n");
}

// MED-056
TEST_F(LogTest, AnAbsentToIsStillNamed) {
  message().addressing() = Addressing();
  EXPECT_EQ(lines("<log/>"), "To: , Direction: request\n");
}

// MED-057, MED-058
TEST_F(LogTest, CustomWritesItsPropertiesOnly) {
  EXPECT_EQ(lines(R"(<log level="custom"><property name="a" value="1"/><property name="b" expression="'2'"/></log>)"),
            "a = 1, b = 2\n");
  EXPECT_EQ(lines(R"x(<log level="custom"><property name="a" expression="get-property('missing')"/></log>)x"), "a = null\n");
}

// MED-059
TEST_F(LogTest, ASeparatorCanBeALineEnd) {
  EXPECT_EQ(lines(R"(<log level="custom" separator="\n"><property name="a" value="1"/><property name="b" value="2"/></log>)"),
            "a = 1\n\tb = 2\n");
  EXPECT_EQ(lines(R"(<log level="custom" separator="|"><property name="a" value="1"/><property name="b" value="2"/></log>)"),
            "a = 1|b = 2\n");
}

// MED-060
TEST_F(LogTest, HeadersNamesTheSoapHeaderBlocks) {
  receive_soap("<a/>", R"(<h:One xmlns:h="urn:h">first</h:One><h:Two xmlns:h="urn:h">second</h:Two>)");
  EXPECT_EQ(lines(R"(<log level="headers"><property name="p" value="v"/></log>)"), "One : first, Two : second, p = v\n");
}

// MED-061
TEST_F(LogTest, FullAddsTheEnvelopeOrTheJson) {
  message().addressing() = Addressing();
  receive_soap("<a>1</a>");
  EXPECT_THAT(lines(R"(<log level="full"/>)"), HasSubstr("Direction: request, Envelope: <soapenv:Envelope"));
  receive_json(R"({"a":1})");
  EXPECT_THAT(lines(R"(<log level="full"/>)"), HasSubstr(R"(, Payload: {"a":1})"));
  artifacts.apache = true;
  EXPECT_THAT(lines(R"(<log level="full"/>)"), HasSubstr("Envelope: "));
}

// MED-062
TEST_F(LogTest, ADisabledCategoryEvaluatesNothing) {
  receive_json("{broken");
  EXPECT_EQ(lines(R"(<log level="full" category="DEBUG"/>)"), "");
  EXPECT_EQ(flow_, Flow::next);
}

// MED-053, MED-052
TEST_F(LogTest, FullFaultsOnABodyThatCannotBeRead) {
  receive("<a><b></a>", "application/xml");
  EXPECT_EQ(lines(R"(<log level="custom"><property name="a" value="1"/></log>)"), "a = 1\n");
  EXPECT_EQ(flow_, Flow::next);
  EXPECT_EQ(message().payload.bytes(), "<a><b></a>");
  lines(R"(<log level="full"/>)");
  EXPECT_EQ(flow_, Flow::fault);
  EXPECT_EQ(message().fault.code, code::kParse);
  EXPECT_EQ(body(), "");
}

// MED-063
TEST_F(LogTest, LevelsAreExactAndCategoriesAreNot) {
  EXPECT_THAT(errors_of(R"(<log level="SIMPLE"/>)"), HasSubstr("SIMPLE"));
  EXPECT_THAT(errors_of(R"(<log category="warning"/>)"), HasSubstr("warning"));
  EXPECT_EQ(errors_of(R"(<log category=" info "/>)"), "");
  EXPECT_EQ(errors_of(R"(<log category="Fatal"/>)"), "");
}

// MED-065
TEST_F(LogTest, LinesNameTheProxy) {
  message().proxy = "P";
  EXPECT_EQ(lines(R"(<log level="custom"><property name="a" value="1"/></log>)"), "{proxy:P} a = 1\n");
}

TEST_F(LogTest, AMessageTextStandsInFront) {
  EXPECT_EQ(lines(R"(<log><message>hello</message><property name="a" value="1"/></log>)"), "hello, a = 1\n");
}

TEST_F(LogTest, PropertiesHaveOneContent) {
  EXPECT_THAT(errors_of(R"(<log><property name="a"/></log>)"), HasSubstr("exactly one content"));
  EXPECT_THAT(errors_of(R"(<log><property name="a" value="1" expression="2"/></log>)"), HasSubstr("exactly one content"));
  EXPECT_THAT(errors_of(R"(<log><property value="1"/></log>)"), HasSubstr("name"));
  EXPECT_THAT(errors_of(R"(<log><property name="a" value=""/></log>)"), HasSubstr("empty"));
}

TEST_F(LogTest, OnlyWhatShowsTheBodyNeedsIt) {
  EXPECT_EQ(need_of(R"(<log level="custom"><property name="a" expression="$trp:X"/></log>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<log level="custom"><property name="a" expression="//x"/></log>)"), Need::body);
  EXPECT_EQ(need_of("<log/>"), Need::header);
  EXPECT_EQ(need_of(R"(<log level="full"/>)"), Need::body);
}

}  // namespace
}  // namespace myelin
