#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

constexpr const char* k11 = R"(<code value="s11:Server"/><reason value="broken"/>)";
constexpr const char* k12 = R"(<code value="s12:Receiver"/><reason value="broken"/>)";

struct MakeFaultTest : test::MediatorTest {};

// MED-149
TEST_F(MakeFaultTest, Soap11HasFaultcodeAndFaultstring) {
  receive_soap("<a/>", R"(<h:Kept xmlns:h="urn:h"/>)");
  run(std::string("<makefault>") + k11 + "<role>urn:role</role><detail>because</detail></makefault>");
  EXPECT_THAT(envelope(), HasSubstr("http://schemas.xmlsoap.org/soap/envelope/"));
  EXPECT_THAT(envelope(), HasSubstr("<h:Kept xmlns:h=\"urn:h\"/>"));
  EXPECT_THAT(body(), HasSubstr("<faultcode>soapenv:Server</faultcode><faultstring>broken</faultstring>"
                                "<faultactor>urn:role</faultactor><detail>because</detail>"));
  EXPECT_TRUE(Payload::has_fault(**message().payload.envelope()));
}

// MED-150
TEST_F(MakeFaultTest, Soap12HasCodeAndReason) {
  run(std::string(R"(<makefault version="soap12">)") + k12 + "<node>urn:node</node><role>urn:role</role></makefault>");
  EXPECT_THAT(envelope(), HasSubstr("http://www.w3.org/2003/05/soap-envelope"));
  EXPECT_THAT(body(), HasSubstr("<soapenv:Code><soapenv:Value>soapenv:Receiver</soapenv:Value></soapenv:Code>"
                                "<soapenv:Reason><soapenv:Text xml:lang=\"en\">broken</soapenv:Text></soapenv:Reason>"
                                "<soapenv:Node>urn:node</soapenv:Node><soapenv:Role>urn:role</soapenv:Role>"));
  EXPECT_TRUE(Payload::has_fault(**message().payload.envelope()));
  EXPECT_EQ(message().payload.kind(), MediaKind::soap12);
}

// MED-151
TEST_F(MakeFaultTest, VersionAndResponseAreChecked) {
  EXPECT_THAT(errors_of(std::string(R"(<makefault version="soap13">)") + k11 + "</makefault>"), HasSubstr("soap13"));
  EXPECT_THAT(errors_of(std::string(R"(<makefault response="yes">)") + k11 + "</makefault>"), HasSubstr("yes"));
}

// MED-152
TEST_F(MakeFaultTest, CodeAndReasonAreRequired) {
  EXPECT_THAT(errors_of(R"(<makefault><code value="s11:Server"/></makefault>)"), HasSubstr("without <reason>"));
  EXPECT_THAT(errors_of(R"(<makefault><reason value="r"/></makefault>)"), HasSubstr("without <code>"));
  EXPECT_EQ(errors_of(R"(<makefault version="pox"/>)"), "");
}

// MED-153
TEST_F(MakeFaultTest, CodesBelongToTheVersion) {
  EXPECT_THAT(errors_of(R"(<makefault><code value="zz:Server"/><reason value="r"/></makefault>)"), HasSubstr("not bound"));
  EXPECT_THAT(errors_of(R"(<makefault version="soap11"><code value="s12:Server"/><reason value="r"/></makefault>)"),
              HasSubstr("not bound"));
  EXPECT_THAT(errors_of(R"(<makefault><code value="s11:Receiver"/><reason value="r"/></makefault>)"), HasSubstr("'Receiver'"));
  EXPECT_THAT(errors_of(R"(<makefault version="soap12"><code value="s12:Server"/><reason value="r"/></makefault>)"),
              HasSubstr("'Server'"));
  EXPECT_EQ(run(R"(<makefault><code expression="'s11:Nonsense'"/><reason value="r"/></makefault>)"), Flow::fault);
}

// MED-154
TEST_F(MakeFaultTest, AFaultIsAResponseUnlessToldOtherwise) {
  run(std::string(R"(<makefault response="false">)") + k11 + "</makefault>");
  EXPECT_FALSE(message().is_response());
  run(std::string("<makefault>") + k11 + "</makefault>");
  EXPECT_TRUE(message().is_response());
}

// MED-155
TEST_F(MakeFaultTest, ToIsFaultToElseReplyToElseNothing) {
  const std::string mediator = std::string("<makefault>") + k11 + "</makefault>";
  message().addressing().fault_to = "http://fault/";
  message().addressing().reply_to = "http://reply/";
  message().addressing().message_id = "urn:request";
  run(mediator);
  EXPECT_EQ(message().addressing().to, "http://fault/");
  EXPECT_EQ(message().addressing().relates_to, "urn:request");
  message().addressing().fault_to.clear();
  run(mediator);
  EXPECT_EQ(message().addressing().to, "http://reply/");
  message().addressing().reply_to.clear();
  run(mediator);
  EXPECT_EQ(message().addressing().to, "");
}

// MED-156
TEST_F(MakeFaultTest, PoxReplacesTheBodyByAnException) {
  receive("<a/>", "application/xml");
  run(R"x(<makefault version="pox"><reason expression="get-property('ERROR_MESSAGE')"/><detail>what &lt;went></detail></makefault>)x");
  EXPECT_EQ(body(), "<Exception>what &lt;went&gt;</Exception>");
  receive_soap("<a/>");
  run(R"(<makefault version="pox"><reason value="why"/></makefault>)");
  EXPECT_EQ(body(), "<Exception>why</Exception>");
}

TEST_F(MakeFaultTest, DetailCanBeElementsOrNodesOfTheMessage) {
  receive_soap("<a><b>1</b></a>");
  run(std::string("<makefault>") + k11 + R"(<detail><m:x/><m:y/></detail></makefault>)");
  EXPECT_THAT(body(), HasSubstr("<m:x xmlns"));
  receive_soap("<a><b>1</b></a>");
  run(std::string("<makefault>") + k11 + R"(<detail expression="//b"/></makefault>)");
  EXPECT_THAT(body(), HasSubstr("<detail><b>1</b></detail>"));
}

}  // namespace
}  // namespace myelin
