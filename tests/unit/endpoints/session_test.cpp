#include "endpoints/sessions/table.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;
using endpoints::SessionPath;
using endpoints::SessionTable;

class SessionTest : public EndpointTest {
 protected:
  static std::string group(const std::string& children, std::string_view session, std::string_view inside = "") {
    return "<endpoint><session type='" + std::string(session) + "'>" + std::string(inside) + "</session><loadbalance>" +
           children + "</loadbalance></endpoint>";
  }
  static std::string abc() { return leaf('a') + leaf('b') + leaf('c'); }
  static std::string timeout(int ms) { return "<sessionTimeout>" + std::to_string(ms) + "</sessionTimeout>"; }

  /// Chooses for a request with that Cookie; the host's letter, or "fault CODE".
  std::string ask(const Endpoint& endpoint, std::string_view cookie = "") {
    fresh(message);
    if (!cookie.empty()) message.headers.add("Cookie", message.copy(cookie));
    return short_name(sent_to(endpoint, message));
  }
  void answer(std::string_view set_cookie = "") {
    message.headers.clear();
    if (!set_cookie.empty()) message.headers.add("Set-Cookie", message.copy(set_cookie));
    respond(message);
  }
  /// A whole exchange.
  std::string exchange(const Endpoint& endpoint, std::string_view cookie, std::string_view set_cookie = "") {
    const std::string host = ask(endpoint, cookie);
    if (host.size() == 1) answer(set_cookie);
    return host;
  }
  static std::string short_name(const std::string& address) {
    return address.starts_with("http://") ? address.substr(7, 1) : address;
  }

  /// The same with a simple client session.
  std::string ask_client(const Endpoint& endpoint, std::string_view id) {
    fresh(message);
    message.payload.assign("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header>"
                           "<y:ClientID xmlns:y='http://ws.apache.org/ns/synapse'> " + std::string(id) +
                               " </y:ClientID></s:Header><s:Body><x/></s:Body></s:Envelope>", "text/xml");
    return short_name(sent_to(endpoint, message));
  }

  Message message;
};

// --- client-initiated -----------------------------------------------------------------------------------

TEST_F(SessionTest, AClientIdGoesToOneChildBeforeAnyAnswer) {  // EP-149
  const auto endpoint = linked(group(abc(), "simpleClientSession"));
  EXPECT_EQ(endpoint->need(), Need::header);
  EXPECT_EQ(ask_client(*endpoint, "one"), "a");
  EXPECT_EQ(ask_client(*endpoint, "one"), "a");
  EXPECT_EQ(ask_client(*endpoint, "two"), "b");
  EXPECT_EQ(ask_client(*endpoint, "one"), "a");
  EXPECT_EQ(ask_client(*endpoint, "two"), "b");
}

TEST_F(SessionTest, AFailedFirstMessageBindsTheNextChild) {  // EP-158
  const auto endpoint = linked(group(abc(), "simpleClientSession"));
  EXPECT_EQ(ask_client(*endpoint, "one"), "a");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b");
  EXPECT_EQ(ask_client(*endpoint, "one"), "b");
}

TEST_F(SessionTest, AMessageThatFailsEverywhereLeavesNoSession) {
  const auto endpoint = linked(group(leaf('a', "<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure>") +
                                         leaf('b', "<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure>"),
                                     "simpleClientSession"));
  EXPECT_EQ(ask_client(*endpoint, "one"), "a");
  ASSERT_TRUE(fail(message));
  Fault fault = refused();
  EXPECT_FALSE(fail(message, fault));
  EXPECT_EQ(fault.code, code::kConnectFailed);
  EXPECT_EQ(ask_client(*endpoint, "one"), "b") << "a new choice: the rotation goes on";
}

// --- cookies --------------------------------------------------------------------------------------------

TEST_F(SessionTest, ACookieOfTheAnswerPinsLaterRequests) {  // EP-150, EP-151
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(endpoint->need(), Need::nothing);
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1; Path=/x; HttpOnly"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "k=v; JSESSIONID=1; z=2"), "a");
  message.headers.add("Host", "proxy:80");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "b");
}

TEST_F(SessionTest, OtherServersSessionCookiesCountToo) {  // EP-152
  const auto endpoint = linked(group(abc(), "http"));
  for (const char* cookie : {"PHPSESSID=p", "phpMyAdmin=m", "wordpress_test_cookie=w", "XJSESSIONIDY=x"}) {
    const std::string host = exchange(*endpoint, "", cookie);
    EXPECT_EQ(ask(*endpoint, cookie), host) << cookie;
  }
  exchange(*endpoint, "", "other=1");
  EXPECT_EQ(ask(*endpoint, "other=1"), "c");
  EXPECT_EQ(ask(*endpoint, "other=1"), "a") << "no session cookie: the rotation goes on";
}

TEST_F(SessionTest, EverySetCookieIsLookedAt) {
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(ask(*endpoint), "a");
  message.headers.clear();
  message.headers.add("Set-Cookie", "lang=de");
  message.headers.add("Set-Cookie", "JSESSIONID=1");
  respond(message);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
}

TEST_F(SessionTest, ANewSessionStripsSessionCookiesAlone) {  // EP-153
  const auto endpoint = linked(group(abc(), "http"));
  ask(*endpoint, "a=1; JSESSIONID=gone; b=2");
  EXPECT_EQ(message.headers.get("Cookie"), "a=1; b=2");
  ask(*endpoint, "JSESSIONID=gone");
  EXPECT_FALSE(message.headers.find("Cookie"));
  exchange(*endpoint, "", "JSESSIONID=1");
  ask(*endpoint, "a=1; JSESSIONID=1");
  EXPECT_EQ(message.headers.get("Cookie"), "a=1; JSESSIONID=1") << "a known one goes to its backend";
}

TEST_F(SessionTest, AChildThatIsNotReadyIsFault309001) {  // EP-156
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  fail(message);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "fault 309001");
  Clock::advance(30s);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a") << "the session was kept";
}

TEST_F(SessionTest, AnEstablishedSessionDoesNotFailOver) {  // EP-157
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  Fault fault = refused();
  EXPECT_FALSE(fail(message, fault));
  EXPECT_EQ(fault.code, 309003);
  EXPECT_EQ(fault.base_code, code::kConnectFailed);
}

TEST_F(SessionTest, ASessionExpiresThoughItIsUsed) {  // EP-159
  const auto endpoint = linked(group(abc(), "http", timeout(1000)));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  Clock::advance(600ms);
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1", "JSESSIONID=1"), "a");
  Clock::advance(600ms);
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1"), "b");
}

TEST_F(SessionTest, TheDefaultTimeout) {  // EP-160
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  Clock::advance(119s);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  Clock::advance(2s);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
  artifacts.settings["synapse.sal.endpoints.sesssion.timeout.default"] = "1000";
  const auto configured = linked(group(abc(), "http"), "configured");
  EXPECT_EQ(exchange(*configured, "", "JSESSIONID=1"), "a");
  Clock::advance(1001ms);
  EXPECT_EQ(ask(*configured, "JSESSIONID=1"), "b");
}

TEST_F(SessionTest, NestedGroupsTakeTheLeastTimeoutAndPinTheWholePath) {  // EP-161, EP-162
  const auto endpoint = linked(group(group(leaf('a') + leaf('b'), "http", timeout(1000)) +
                                         group(leaf('c') + leaf('d'), "http", timeout(9000)),
                                     "http", timeout(5000)));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=2"), "c");
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=3"), "b");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
    EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "c");
    EXPECT_EQ(ask(*endpoint, "JSESSIONID=3"), "b");
  }
  Clock::advance(1001ms);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "c");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "d") << "expired: a new choice";
  Clock::advance(4s);
  EXPECT_NE(ask(*endpoint, "JSESSIONID=2"), "c");
}

TEST_F(SessionTest, AFailureInANestedGroupBindsTheNewPath) {  // EP-158
  const auto endpoint =
      linked(group(group(leaf('a') + leaf('b'), "http") + group(leaf('c') + leaf('d'), "http"), "http"));
  EXPECT_EQ(ask(*endpoint), "a");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "c");
  answer("JSESSIONID=1");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "c");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "c");
}

TEST_F(SessionTest, AGroupWithoutSessionChoosesAnewBelowThePinnedChild) {
  const auto endpoint = linked(group("<endpoint><loadbalance>" + leaf('a') + leaf('b') + "</loadbalance></endpoint>" +
                                         leaf('c'), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
}

TEST_F(SessionTest, ASessionGroupBelowAnotherKindOfGroupKeepsTheRestUnpinned) {
  const auto endpoint = linked(
      group("<endpoint><loadbalance>" + group(leaf('a') + leaf('b'), "http") + "</loadbalance></endpoint>" + leaf('c'), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
}

TEST_F(SessionTest, AFailoverAboveGoesToTheNextSessionGroup) {
  const auto endpoint = linked("<endpoint><failover>" + group(leaf('a'), "http") + group(leaf('b'), "http") +
                               "</failover></endpoint>");
  EXPECT_EQ(ask(*endpoint), "a");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b");
  answer("JSESSIONID=1");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
}

TEST_F(SessionTest, OneIdAtTwoEndpointsIsTwoSessions) {  // EP-163
  const auto first = linked(group(abc(), "http"), "first");
  const auto second = linked(group(abc(), "http"), "second");
  EXPECT_EQ(exchange(*first, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*second), "a");
  EXPECT_EQ(ask(*second, "JSESSIONID=1"), "b");
  EXPECT_EQ(ask(*first, "JSESSIONID=1"), "a");
}

TEST_F(SessionTest, ARotatedCookieIsLearnt) {  // EP-164
  const auto endpoint = linked(group(abc(), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1", "JSESSIONID=2"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "a");
}

TEST_F(SessionTest, SessionsSurviveARedeploy) {
  EXPECT_EQ(exchange(*linked(group(abc(), "http")), "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*linked(group(abc(), "http")), "JSESSIONID=1"), "a");
}

TEST_F(SessionTest, ASessionWhoseChildIsGoneStartsAnew) {
  const auto named = [](char name) {
    return "<endpoint name='" + std::string(1, name) + "'><address uri='http://" + name + "/'/></endpoint>";
  };
  EXPECT_EQ(exchange(*linked(group(named('a') + named('b'), "http")), "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*linked(group(named('x') + named('y'), "http")), "JSESSIONID=1").size(), 1U);
}

// --- soap -------------------------------------------------------------------------------------------------

TEST_F(SessionTest, AServiceGroupIdOfTheAnswerPinsRequests) {  // EP-155
  const auto endpoint = linked(group(abc(), "soap"));
  EXPECT_EQ(endpoint->need(), Need::header);
  EXPECT_EQ(endpoint->response_need(), Need::header);
  const std::string open = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' "
                           "xmlns:x='http://ws.apache.org/namespaces/axis2'><s:Header>";
  const std::string id = "<x:ServiceGroupId>urn:1</x:ServiceGroupId>", close = "</s:Header><s:Body/></s:Envelope>";
  const auto request_with = [&](const std::string& header) {
    fresh(message);
    message.payload.assign(open + header + close, "application/soap+xml");
    return short_name(sent_to(*endpoint, message));
  };
  EXPECT_EQ(request_with(""), "a");
  message.payload.assign(open + "<w:ReplyTo xmlns:w='http://www.w3.org/2005/08/addressing'><w:Address>x</w:Address>"
                                "<w:ReferenceParameters>" + id + "</w:ReferenceParameters></w:ReplyTo>" + close,
                         "application/soap+xml");
  respond(message);
  EXPECT_EQ(request_with(id), "a");
  EXPECT_EQ(request_with(id), "a");
  EXPECT_EQ(request_with("<x:ServiceGroupId>urn:2</x:ServiceGroupId>"), "b");
  EXPECT_EQ(request.bytes.find("urn:2"), std::string_view::npos) << "the first request of a session loses the block";
}

// --- reading ----------------------------------------------------------------------------------------------

TEST_F(SessionTest, SessionIsReadWhereverItStands) {  // EP-003
  EXPECT_EQ(linked(group(abc(), "http"))->kind(), "session-affinity loadbalance");
  EXPECT_EQ(linked("<endpoint><loadbalance>" + abc() + "</loadbalance><session type='http'/></endpoint>")->kind(),
            "session-affinity loadbalance");
}

TEST_F(SessionTest, TheTypeIsOneOfThree) {  // EP-040
  EXPECT_FALSE(is_error(group(abc(), "SimpleClientSession")));
  EXPECT_FALSE(is_error(group(abc(), "SOAP")));
  EXPECT_TRUE(is_error(group(abc(), "cookie")));
  EXPECT_TRUE(is_error("<endpoint><session/><loadbalance>" + abc() + "</loadbalance></endpoint>"));
}

TEST_F(SessionTest, TheTimeoutIsANumber) {  // EP-041
  EXPECT_TRUE(is_error(group(abc(), "http", "<sessionTimeout>2 minutes</sessionTimeout>")));
  EXPECT_FALSE(is_error(group(abc(), "http", "<sessionTimeout> 2000 </sessionTimeout>")));
}

// --- the table --------------------------------------------------------------------------------------------

TEST(SessionTableTest, TheLeastRecentlyUsedGoesFirst) {  // REL-128
  const TimePoint now = Clock::now();
  SessionTable table(16);  // one per stripe
  for (int i = 0; i < 200; ++i) table.bind("id" + std::to_string(i), {"a"}, now + 1h, now);
  EXPECT_LE(table.size(), 16U);
  EXPECT_TRUE(table.find("id199", now));
  EXPECT_FALSE(table.find("id0", now));
}

TEST(SessionTableTest, LongIdsAreNotKept) {  // REL-128
  const TimePoint now = Clock::now();
  SessionTable table;
  table.bind(std::string(257, 'x'), {"a"}, now + 1h, now);
  table.bind("", {"a"}, now + 1h, now);
  EXPECT_EQ(table.size(), 0U);
}

TEST(SessionTableTest, TheDeadMakeRoom) {
  const TimePoint now = Clock::now();
  SessionTable table;
  for (int i = 0; i < 1000; ++i) table.bind("id" + std::to_string(i), {"a"}, now + 1s, now);
  for (int i = 0; i < 1000; ++i) table.bind("new" + std::to_string(i), {"a"}, now + 9s, now + 2s);
  EXPECT_LT(table.size(), 1100U);
  EXPECT_FALSE(table.find("id1", now + 2s));
}

}  // namespace
}  // namespace myelin::test
