#include <gmock/gmock.h>

#include "engine/base/text.hpp"
#include "tests/unit/flow/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAnswer =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><answer>42</answer></s:Body></s:Envelope>";
constexpr const char* kFault =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Server</faultcode>"
    "<faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>";
const std::string kEndpoint = R"(<endpoint><address uri="http://backend/x"/></endpoint>)";

struct CallTest : test::FlowTest {
  /// A proxy-less main sequence.
  void deploy_main(const std::string& mediators, const std::string& more = "") {
    deploy("<sequence name=\"main\">" + mediators + "</sequence>" + more);
  }
  std::string header(const test::HeaderList& headers, std::string_view name) {
    for (const auto& [field, value] : headers)
      if (text::iequals(field, name)) return value;
    return "(none)";
  }
};

// MED-030
TEST_F(CallTest, TheNextMediatorSeesTheAnswer) {
  deploy_main("<call>" + kEndpoint + R"(</call><property name="got" expression="//answer"/><respond/>)");
  sender.answer(200, kAnswer);
  EXPECT_THAT(ask().body, HasSubstr("<answer>42</answer>"));
  EXPECT_EQ(message->properties.text("got"), "42");
}

// MED-031
TEST_F(CallTest, CallsInNestedBranchesGoOnAtTheRightPlace) {
  deploy_main(R"x(<filter xpath="true()"><then><call>)x" + kEndpoint +
              R"x(</call><property name="a" value="1"/><filter xpath="true()"><then><call>)x" + kEndpoint +
              R"(</call><property name="b" value="2"/></then></filter><property name="c" value="3"/></then></filter>
                 <property name="d" value="4"/><respond/>)");
  sender.answer(200, kAnswer);
  sender.answer(200, kAnswer);
  ask();
  EXPECT_EQ(sender.requests.size(), 2U);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_NE(message->properties.text(name), "") << name;
}

// MED-034
TEST_F(CallTest, AnOutOnlyCallGoesOnAtOnceWithTheBody) {
  deploy_main(R"(<property name="OUT_ONLY" value="true"/><call>)" + kEndpoint + "</call><respond/>");
  sender.answer(202, "", "");
  EXPECT_THAT(ask().body, HasSubstr("getQuote"));
}

// MED-036
TEST_F(CallTest, ABlockingCallTellsItsStatus) {
  deploy_main(R"(<call blocking="true">)" + kEndpoint + R"x(</call><property name="sc" expression="get-property('axis2','HTTP_SC')"/>
                 <property name="ua" expression="$trp:X-Client"/><respond/>)x");
  sender.answer(201, kAnswer, "text/xml", {{"X-Backend", "1"}});
  test::Request request;
  request.headers.emplace_back("X-Client", "c");
  ask(request);
  EXPECT_EQ(message->properties.text("sc"), "201");
  EXPECT_EQ(message->properties.text("blocking.sender.error"), "false");
  EXPECT_EQ(message->properties.text("ua"), "c");
}

TEST_F(CallTest, ABlockingCallCanTakeTheAnswersHeaders) {
  deploy_main(R"(<property name="BLOCKING_SENDER_PRESERVE_REQ_HEADERS" value="false"/><call blocking="true">)" + kEndpoint +
              R"(</call><property name="b" expression="$trp:X-Backend"/><respond/>)");
  sender.answer(200, kAnswer, "text/xml", {{"X-Backend", "1"}});
  ask();
  EXPECT_EQ(message->properties.text("b"), "1");
}

// MED-035
TEST_F(CallTest, ABlockingCallThatFailsRunsTheFaultHandler) {
  deploy_main(R"(<sequence name="s" onError="handler"><call blocking="true">)" + kEndpoint +
                  R"(</call><property name="after" value="1"/></sequence><property name="after" value="2"/>)",
              R"x(<sequence name="handler"><property name="seen" expression="get-property('ERROR_CODE')"/><respond/></sequence>)x");
  sender.refuse();
  ask();
  EXPECT_EQ(message->properties.text("blocking.sender.error"), "true");
  EXPECT_EQ(message->properties.text("seen"), "401002");
  EXPECT_EQ(message->properties.text("after"), "");
}

// MED-035
TEST_F(CallTest, ASoapFaultFailsABlockingCall) {
  deploy_main(R"(<sequence name="s" onError="handler"><call blocking="true">)" + kEndpoint + R"(</call><property name="after" value="1"/></sequence>)",
              R"(<sequence name="handler"><respond/></sequence>)");
  sender.answer(500, kFault);
  EXPECT_THAT(ask().body, HasSubstr("faultstring"));
  EXPECT_EQ(message->properties.text("blocking.sender.error"), "true");
  EXPECT_EQ(message->properties.text("after"), "");
}

TEST_F(CallTest, ASourceIsSentInsteadOfTheBody) {
  deploy_main(R"(<call><source type="inline" contentType="application/json">{"q":1}</source>)" + kEndpoint + "</call><respond/>");
  sender.answer(200, kAnswer);
  EXPECT_THAT(ask().body, HasSubstr("<answer>42</answer>"));
  ASSERT_EQ(sender.requests.size(), 1U);
  EXPECT_EQ(sender.requests.front().body, R"({"q":1})");
}

TEST_F(CallTest, WithSourceAndTargetTheOriginalComesBack) {
  for (const char* source : {R"(<source type="inline" contentType="application/json">{"q":1}</source>)",
                             R"(<source type="custom">//*[local-name()='symbol']</source>)", R"(<source type="body"/>)"}) {
    deploy_main("<call>" + std::string(source) + R"(<target type="property">answer</target>)" + kEndpoint +
                R"(</call><property name="x" expression="$ctx:answer"/><property name="h" expression="$trp:SOAPAction"/>
                   <property name="type" expression="$trp:Content-Type"/><respond/>)");
    sender.answer(200, kAnswer);
    EXPECT_THAT(ask().body, HasSubstr("getQuote")) << source;
    EXPECT_EQ(message->properties.text("x"), "42") << source;
    EXPECT_EQ(message->properties.text("h"), "\"urn:getQuote\"") << source;
    EXPECT_EQ(message->properties.text("type"), "text/xml") << source;
  }
}

TEST_F(CallTest, WithATargetAloneTheAnswerStaysTheBody) {
  deploy_main(R"(<call><target type="variable">answer</target>)" + kEndpoint + "</call><respond/>");
  sender.answer(200, R"({"a":[1]})", "application/json");
  EXPECT_EQ(ask().body, R"({"a":[1]})");
  const Value* stored = message->variables.find("answer");
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored->text(), R"({"a":[1]})");
}

// MED-023, MED-025
TEST_F(CallTest, TheReceiveSequenceGetsTheAnswer) {
  deploy_main(R"(<in><send receive="r">)" + kEndpoint + R"(</send><property name="after" value="1"/></in><out><drop/></out>)",
              R"(<sequence name="r"><property name="received" value="1"/><send/></sequence>)");
  sender.answer(200, kAnswer);
  EXPECT_THAT(ask().body, HasSubstr("<answer>42</answer>"));
  EXPECT_EQ(message->properties.text("received"), "1");
  EXPECT_EQ(message->properties.text("after"), "");
}

// MED-026
TEST_F(CallTest, SendWithoutEndpointUsesToAndThenTheClient) {
  deploy_main(R"(<in><header name="To" value="http://there/path"/><send/></in><out><send/></out>)");
  sender.answer(200, kAnswer);
  EXPECT_THAT(ask().body, HasSubstr("<answer>42</answer>"));
  ASSERT_EQ(sender.requests.size(), 1U);
  EXPECT_EQ(sender.requests.front().url, "http://there/path");
}

// MED-201, MED-015
TEST_F(CallTest, ThrowErrorReachesTheHandlerWithItsType) {
  deploy_main(R"(<sequence name="s" onError="handler"><throwError type="MINE" errorMessage="why"/></sequence>)",
              R"x(<sequence name="handler"><property name="seen" expression="concat(get-property('ERROR_CODE'),' ',get-property('ERROR_MESSAGE'))"/><respond/></sequence>)x");
  ask();
  EXPECT_EQ(message->properties.text("seen"), "MINE why");
}

// MED-039
TEST_F(CallTest, LoopbackRunsTheOutPath) {
  deploy_main(R"(<in><loopback/></in><out><property name="out" value="1"/><send/></out>)");
  EXPECT_THAT(ask().body, HasSubstr("getQuote"));
  EXPECT_EQ(message->properties.text("out"), "1");
}

}  // namespace
}  // namespace myelin
