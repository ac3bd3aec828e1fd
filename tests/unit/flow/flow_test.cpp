// What a client and a backend see of the flows: main, proxies, APIs, fault handling.

#include "fixture.hpp"

namespace myelin::test {
namespace {

Request at(const std::string& target) {
  Request request;
  request.target = target;
  return request;
}
std::string address(const std::string& name) {
  return "<endpoint><address uri='http://" + name + ".test/s'/></endpoint>";
}
std::string reply_with(const std::string& text) {
  return "<payloadFactory><format><r xmlns=''>" + text + "</r></format><args/></payloadFactory><respond/>";
}

TEST_F(FlowTest, MainRunsInForRequestsAndOutForResponses) {  // MED-019, MED-022, MED-029
  deploy("<sequence name='main'><in><property name='way' value='in'/><send>" + address("b") +
         "</send></in><out><property name='way' scope='transport' value='out'/><send/></out></sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask();
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.body, "<a/>");
  ASSERT_EQ(sender.requests.size(), 1u);
  EXPECT_EQ(sender.requests[0].body, kSoap);
}

TEST_F(FlowTest, SendStopsTheFlow) {  // MED-025, MED-005, MED-006
  deploy("<sequence name='main'><in><sequence key='inner'/>" + reply_with("never") +
         "</in><out><send/></out></sequence><sequence name='inner'><send>" + address("b") + "</send>" +
         reply_with("never") + "</sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask();
  EXPECT_EQ(client.body, "<a/>");
  EXPECT_EQ(client.replies, 1);
}

TEST_F(FlowTest, AProxyWithOnlyAnEndpointIsTransparent) {  // SRV-052, MED-020, MED-021
  deploy("<proxy name='P'><target>" + address("b") + "</target></proxy>");
  sender.answer(201, "not xml at all", "text/plain", {{"X-Back", "1"}});
  Request request;
  request.target = "/services/P";
  request.body = "<broken";
  ask(request);
  EXPECT_EQ(sender.requests.at(0).body, "<broken");  // MED-051
  EXPECT_EQ(client.status, 201);
  EXPECT_EQ(client.body, "not xml at all");
}

TEST_F(FlowTest, AProxyWhoseInSequenceStopsDoesNotReachItsEndpoint) {  // SRV-054
  deploy("<proxy name='P'><target><inSequence><drop/></inSequence>" + address("b") + "</target></proxy>");
  ask(at("/services/P"));
  EXPECT_EQ(client.status, 202);
  EXPECT_TRUE(sender.requests.empty());
}

TEST_F(FlowTest, DropIsAnsweredWith202) {  // MED-038, SRV-160
  deploy("<sequence name='main'><drop/></sequence>");
  ask();
  EXPECT_EQ(client.status, 202);
  EXPECT_EQ(client.body, "");
}

TEST_F(FlowTest, TheReceiveSequenceRunsInsteadOfTheOutSequence) {  // MED-023
  deploy("<proxy name='P'><target><inSequence><send receive='R'>" + address("b") +
         "</send></inSequence><outSequence>" + reply_with("out") + "</outSequence></target></proxy><sequence name='R'>" +
         reply_with("received") + "</sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask(at("/services/P"));
  EXPECT_THAT(client.body, testing::HasSubstr("received"));
}

TEST_F(FlowTest, AnUnknownReceiveSequenceOnlyAcknowledges) {  // MED-024
  deploy("<sequence name='main'><in><send receive='nowhere'>" + address("b") + "</send></in><out><send/></out></sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask();
  EXPECT_EQ(client.status, 202);
}

TEST_F(FlowTest, CallGoesOnAtTheNextSiblingWithTheResponse) {  // MED-030, MED-031
  deploy("<proxy name='P'><target><inSequence><filter xpath='true()'><then><call>" + address("one") +
         "</call><switch source=\"'x'\"><case regex='x'><call>" + address("two") +
         "</call></case></switch></then></filter><property name='done' value='yes' scope='transport'/><respond/>"
         "</inSequence></target></proxy>");
  sender.answer(200, "<first/>", "application/xml");
  sender.answer(200, "<second/>", "application/xml");
  ask(at("/services/P"));
  ASSERT_EQ(sender.requests.size(), 2u);
  EXPECT_EQ(sender.requests[1].body, "<first/>");
  EXPECT_EQ(client.body, "<second/>");
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("done", "yes")));
}

TEST_F(FlowTest, OnErrorRunsForFaultsInItsSequenceAndInnerBeforeOuter) {  // MED-011, MED-013, SRV-108
  deploy("<sequence name='main' onError='outer'><in><sequence key='inner'/></in></sequence>"
         "<sequence name='inner' onError='near'><sequence key='{get-property(\"missing\")}'/></sequence>"
         "<sequence name='near'><property name='seen' value='near'/><sequence key='{string(\"gone\")}'/></sequence>"
         "<sequence name='outer'><property name='was' scope='transport' expression=\"get-property('seen')\"/>" +
         reply_with("outer") + "</sequence>");
  ask();
  EXPECT_THAT(client.body, testing::HasSubstr("outer"));
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("was", "near")));
}

TEST_F(FlowTest, AFaultAfterASequenceEndedDoesNotRunItsHandler) {  // MED-011
  deploy("<sequence name='main' onError='outer'><in><sequence key='inner'/><sequence key='{string(\"gone\")}'/></in></sequence>"
         "<sequence name='inner' onError='near'><property name='x' value='1'/></sequence>"
         "<sequence name='near'>" + reply_with("near") + "</sequence><sequence name='outer'>" + reply_with("outer") +
         "</sequence>");
  ask();
  EXPECT_THAT(client.body, testing::HasSubstr("outer"));
}

TEST_F(FlowTest, FaultHandlersSeeTheErrorProperties) {  // MED-014, MED-008, SRV-109
  deploy("<sequence name='main' onError='h'><in><sequence key='{string(\"gone\")}'/></in></sequence><sequence name='h'>"
         "<property name='code' scope='transport' expression=\"get-property('ERROR_CODE')\"/>"
         "<property name='text' scope='transport' expression=\"get-property('ERROR_MESSAGE')\"/>" +
         reply_with("x") + "</sequence>");
  ask();
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("code", "0")));
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>(
                                  "text", "Sequence named gone cannot be found")));
}

TEST_F(FlowTest, ABackendFailureRunsTheFaultSequenceWithItsCode) {  // MED-046
  deploy("<proxy name='P'><target>" + address("b") + "<faultSequence><property name='code' scope='transport' "
         "expression=\"get-property('ERROR_CODE')\"/>" + reply_with("sorry") + "</faultSequence></target></proxy>");
  sender.refuse(code::kConnectFailed);
  ask(at("/services/P"));
  EXPECT_THAT(client.body, testing::HasSubstr("sorry"));
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("code", "101503")));
}

TEST_F(FlowTest, AFaultThatNobodyAnswersNeverLeavesTheClientHanging) {
  deploy("<proxy name='P'><target>" + address("b") + "</target></proxy><proxy name='Q'><target>" + address("c") +
         "</target></proxy>");
  sender.refuse(code::kConnectFailed);
  EXPECT_EQ(ask(at("/services/P")).status, 502);
  sender.script.emplace_back(nullptr, Fault(101507, "no answer"));
  sender.script.back().second.base_code = code::kTimeout;
  EXPECT_EQ(ask(at("/services/Q")).status, 504);
}

TEST_F(FlowTest, AMediationFaultWithoutFaultSequenceIs202) {  // MED-016
  deploy("<sequence name='main'><in><sequence key='{string(\"gone\")}'/></in></sequence>");
  ask();
  EXPECT_EQ(client.status, 202);
}

TEST_F(FlowTest, PreMediateCanEndTheRequest) {  // MED-018, SRV-072
  deploy("<sequence name='pre-mediate'><drop/></sequence><proxy name='P'><target>" + address("b") + "</target></proxy>");
  ask(at("/services/P"));
  EXPECT_EQ(client.status, 202);
  EXPECT_TRUE(sender.requests.empty());
}

TEST_F(FlowTest, LoopbackRunsTheOutPath) {  // MED-039
  deploy("<proxy name='P'><target><inSequence><loopback/></inSequence><outSequence>" + reply_with("looped") +
         "</outSequence></target></proxy>");
  ask(at("/services/P"));
  EXPECT_THAT(client.body, testing::HasSubstr("looped"));
}

TEST_F(FlowTest, ResponseAsAStringMakesARequestAResponse) {  // MED-040
  deploy("<sequence name='main'><in><property name='RESPONSE' value='true'/><send/></in></sequence>");
  ask();
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.body, kSoap);
}

TEST_F(FlowTest, PropertiesOfTheRequestAreThereInTheResponse) {  // MED-027
  deploy("<sequence name='main'><in><property name='kept' value='yes'/><send>" + address("b") +
         "</send></in><out><property name='kept' scope='transport' expression=\"get-property('kept')\"/><send/></out></sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask();
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("kept", "yes")));
}

TEST_F(FlowTest, OutOnlyIsAcknowledgedAtOnceAndItsAnswerIsDiscarded) {  // MED-050, MED-248
  deploy("<sequence name='main'><in><property name='OUT_ONLY' value='true'/><send>" + address("b") +
         "</send></in><out><send/></out></sequence>");
  sender.answer(200, "<a/>", "application/xml");
  ask();
  EXPECT_EQ(client.status, 202);
  EXPECT_EQ(client.replies, 1);
  EXPECT_EQ(sender.requests.size(), 1u);
}

TEST_F(FlowTest, SequencesNestedForEverFault) {  // REL-026
  deploy("<sequence name='main'><in><property name='next' value='a'/><sequence key='{get-property(\"next\")}'/></in></sequence>"
         "<sequence name='a'><sequence key='{get-property(\"next\")}'/></sequence>");
  ask();
  EXPECT_EQ(client.status, 202);
}

TEST_F(FlowTest, RespondSendsBackTheBodyButNotTheClientsOwnHeaders) {  // MED-037
  deploy("<proxy name='P'><target><inSequence><property name='X-Set' value='1' scope='transport'/><respond/></inSequence></target></proxy>");
  Request request;
  request.target = "/services/P";
  request.headers.emplace_back("User-Agent", "tester");
  ask(request);
  EXPECT_EQ(client.body, kSoap);
  EXPECT_THAT(client.headers, testing::Contains(std::pair<std::string, std::string>("X-Set", "1")));
  for (const auto& [name, value] : client.headers) EXPECT_NE(name, "User-Agent");
}

}  // namespace
}  // namespace myelin::test
