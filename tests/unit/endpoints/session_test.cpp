#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <random>
#include <set>
#include <thread>

#include "endpoints/sessions/table.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;
using endpoints::SessionTable;

class SessionTest : public EndpointTest {
 protected:
  static std::string group(const std::string& children, std::string_view session, std::string_view inside = "") {
    return "<endpoint><session type='" + std::string(session) + "'>" + std::string(inside) + "</session><loadbalance>" +
           children + "</loadbalance></endpoint>";
  }
  static std::string with(std::string_view attributes, std::string_view inside = "") {
    return "<endpoint><session " + std::string(attributes) + ">" + std::string(inside) + "</session><loadbalance>" + abc() +
           "</loadbalance></endpoint>";
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

TEST_F(SessionTest, TheDefaultTimeout) {  // EP-160, GW-093
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

TEST_F(SessionTest, TheTypeIsAKnownOne) {  // EP-040
  EXPECT_FALSE(is_error(group(abc(), "SimpleClientSession")));
  EXPECT_FALSE(is_error(group(abc(), "SOAP")));
  EXPECT_FALSE(is_error(group(abc(), "SourceIP")));
  EXPECT_TRUE(is_error(group(abc(), "cookies")));
  EXPECT_NE(all_problems().find("cookie"), std::string::npos);
  EXPECT_TRUE(is_error("<endpoint><session/><loadbalance>" + abc() + "</loadbalance></endpoint>"));
}

TEST_F(SessionTest, ATypeThatNeedsANameSaysSo) {
  for (const char* type : {"cookie", "header", "query"}) {
    EXPECT_TRUE(is_error(group(abc(), type))) << type;
    EXPECT_NE(all_problems().find("'name'"), std::string::npos) << all_problems();
    EXPECT_FALSE(is_error(with(std::string("type='") + type + "' name='sid'"))) << all_problems();
  }
  EXPECT_TRUE(is_error(with("type='cookie' name='a b'")));
  EXPECT_TRUE(is_error(with("type='header' name='X:Y'")));
  EXPECT_TRUE(is_error(with("type='affinity' name='a;b'")));
  EXPECT_TRUE(is_error(with("type='http' onFailure='retry'")));
  is_error(with("type='http' name='sid'"));
  EXPECT_EQ(problems.all().size(), 1U) << "an attribute that means nothing here";
}

TEST_F(SessionTest, TheTimeoutIsANumber) {  // EP-041
  EXPECT_TRUE(is_error(group(abc(), "http", "<sessionTimeout>2 minutes</sessionTimeout>")));
  EXPECT_FALSE(is_error(group(abc(), "http", "<sessionTimeout> 2000 </sessionTimeout>")));
}

// --- other ids ----------------------------------------------------------------------------------------------

TEST_F(SessionTest, ACookieOfAnyName) {
  const auto endpoint = linked(with("type='cookie' name='sid'"));
  EXPECT_EQ(exchange(*endpoint, "", "sid=1; Path=/"), "a");
  EXPECT_EQ(ask(*endpoint, "x=y; sid=1"), "a");
  EXPECT_EQ(message.headers.get("Cookie"), "x=y; sid=1");
  EXPECT_EQ(ask(*endpoint, "sid=1"), "a");
  EXPECT_EQ(exchange(*endpoint, "SID=1; xsid=1; sid2=1", "other=sid=1; sid=3"), "b") << "only exactly that name";
  EXPECT_EQ(ask(*endpoint, "sid=3"), "c");
  EXPECT_EQ(ask(*endpoint, "x=y; sid=3; z=1"), "a");
  EXPECT_EQ(message.headers.get("Cookie"), "x=y; z=1") << "the first message of a session loses it";
  EXPECT_EQ(exchange(*endpoint, "", "sid=; Max-Age=0"), "b");
  EXPECT_EQ(ask(*endpoint, "sid="), "c") << "nothing is no id";
}

TEST_F(SessionTest, AHeaderOfTheRequest) {
  const auto endpoint = linked(with("type='header' name='X-Session'"));
  const auto ask_with = [&](std::string_view id) {
    fresh(message);
    message.headers.add("x-session", id);
    return short_name(sent_to(*endpoint, message));
  };
  EXPECT_EQ(ask_with("one"), "a");
  EXPECT_EQ(ask_with(" one "), "a");
  EXPECT_EQ(ask_with("two"), "b");
  EXPECT_EQ(ask_with("one"), "a");
  EXPECT_EQ(message.headers.get("X-Session"), "one");
  EXPECT_EQ(ask_with(""), "c");
  EXPECT_EQ(ask_with(""), "a") << "without an id there is no session";
}

TEST_F(SessionTest, AQueryParameter) {
  const auto endpoint = linked(with("type='query' name='s id'"));
  const auto ask_for = [&](std::string_view target) {
    fresh(message, "GET", target);
    return short_name(sent_to(*endpoint, message));
  };
  EXPECT_EQ(ask_for("/x?a=b&s+id=o%6Ee"), "a");
  EXPECT_EQ(ask_for("/y?s%20id=one&z"), "a");
  EXPECT_EQ(ask_for("/y?s+id=two"), "b");
  EXPECT_EQ(ask_for("/x?s+id=one"), "a");
  EXPECT_EQ(ask_for("/x?s+id=&xs+id=one"), "c");
  EXPECT_EQ(ask_for("/x"), "a");
}

TEST_F(SessionTest, TheClientsAddress) {
  const auto endpoint = linked(group(abc(), "sourceIp"));
  const auto ask_from = [&](std::string_view address) {
    fresh(message);
    message.incoming.remote_address = address;
    return short_name(sent_to(*endpoint, message));
  };
  EXPECT_EQ(ask_from("192.0.2.1"), "a");
  EXPECT_EQ(ask_from("192.0.2.2"), "b");
  EXPECT_EQ(ask_from("192.0.2.1"), "a");
  EXPECT_EQ(ask_from("2001:db8::1"), "c");
  EXPECT_EQ(ask_from("192.0.2.2"), "b");
}

// --- renew and rebind ---------------------------------------------------------------------------------------

TEST_F(SessionTest, RenewCountsFromTheLastUse) {
  const auto endpoint = linked(with("type='http' renew='true'", timeout(1000)));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  for (int i = 0; i < 5; ++i) {
    Clock::advance(600ms);
    EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1", "JSESSIONID=1"), "a");
  }
  Clock::advance(1001ms);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");

  const auto by_client = linked(with("type='header' name='X' renew='true'", timeout(1000)), "other");
  const auto ask_with = [&](std::string_view id) {
    fresh(message);
    message.headers.add("X", id);
    return short_name(sent_to(*by_client, message));
  };
  EXPECT_EQ(ask_with("1"), "a");
  Clock::advance(900ms);
  EXPECT_EQ(ask_with("1"), "a");
  Clock::advance(900ms);
  EXPECT_EQ(ask_with("1"), "a");
  Clock::advance(1001ms);
  EXPECT_EQ(ask_with("1"), "b");
}

TEST_F(SessionTest, ASessionMovesFromAChildThatIsNotReady) {
  const auto endpoint = linked(with("type='http' onFailure='rebind'"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(trial(*endpoint, "b"), "bc") << "b is suspended now";
  endpoint->children()[0]->set_switch(Switch::off);
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1"), "c");
  EXPECT_EQ(message.headers.get("Cookie"), std::nullopt) << "the answer's headers";
  endpoint->children()[0]->set_switch(Switch::on);
  Clock::advance(31s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "c") << "it has moved, and stays";
  EXPECT_EQ(message.headers.get("Cookie"), "JSESSIONID=1");
}

TEST_F(SessionTest, ASessionMovesFromAChildThatFails) {
  const auto endpoint = linked(with("type='http' onFailure='rebind'"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "a");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b");
  EXPECT_EQ(message.headers.get("Cookie"), "JSESSIONID=1") << "the new child may know the session";
  answer();
  Clock::advance(31s);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
}

TEST_F(SessionTest, AMovedSessionTakesTheIdOfItsNewChild) {
  const auto endpoint = linked(with("type='http' onFailure='rebind'"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  endpoint->children()[0]->set_switch(Switch::off);
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1", "JSESSIONID=2"), "b");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "b");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "b");
}

TEST_F(SessionTest, WhenNobodyIsLeftTheFaultIsThatOfTheLastChild) {
  const auto endpoint = linked(with("type='header' name='X' onFailure='rebind'"));
  const auto ask_with = [&](std::string_view id) {
    fresh(message);
    message.headers.add("X", id);
    return short_name(sent_to(*endpoint, message));
  };
  EXPECT_EQ(ask_with("1"), "a");
  EXPECT_EQ(ask_with("1"), "a");
  ASSERT_TRUE(fail(message));
  ASSERT_TRUE(fail(message));
  Fault fault = refused();
  EXPECT_FALSE(fail(message, fault));
  EXPECT_EQ(fault.code, code::kConnectFailed);
  EXPECT_EQ(ask_with("1"), "fault 303000");
}

TEST_F(SessionTest, AFailureThatForbidsFailoverMovesNoSession) {
  const std::string definition = "<suspendOnFailure><errorCodes>1</errorCodes></suspendOnFailure>"
                                 "<retryConfig><disabledErrorCodes>101503</disabledErrorCodes></retryConfig>";
  const auto endpoint = linked("<endpoint><session type='header' name='X' onFailure='rebind'/><loadbalance>" +
                               leaf('a', definition) + leaf('b', definition) + "</loadbalance></endpoint>");
  for (int i = 0; i < 2; ++i) {
    fresh(message);
    message.headers.add("X", "1");
    EXPECT_EQ(short_name(sent_to(*endpoint, message)), "a");
    if (i == 0) continue;
    EXPECT_FALSE(fail(message));
  }
  fresh(message);
  message.headers.add("X", "1");
  EXPECT_EQ(short_name(sent_to(*endpoint, message)), "a");
}

TEST_F(SessionTest, ANestedSessionMovesAtTheLevelThatFails) {
  const auto endpoint = linked("<endpoint><session type='http' onFailure='rebind'/><loadbalance>" +
                               group(leaf('a') + leaf('b'), "http") + group(leaf('c') + leaf('d'), "http") +
                               "</loadbalance></endpoint>");
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "a");
  const auto inner = endpoint->children()[0];
  inner->children()[0]->set_switch(Switch::off);
  EXPECT_EQ(exchange(*endpoint, "JSESSIONID=1"), "b") << "its sibling first";
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "b");
  inner->children()[1]->set_switch(Switch::off);
  const std::string moved = exchange(*endpoint, "JSESSIONID=1");
  EXPECT_TRUE(moved == "c" || moved == "d") << moved;
  inner->set_switch(Switch::on);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), moved);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), moved);
}

// --- draining -------------------------------------------------------------------------------------------------

TEST_F(SessionTest, ADrainingChildKeepsItsSessionsAndGetsNoNewOnes) {
  define("E", "<endpoint name='E'><address uri='http://e/'/></endpoint>");
  link_all();
  const auto endpoint = linked(group("<endpoint key='E'/>" + leaf('b'), "http"));
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=1"), "e");
  EXPECT_EQ(exchange(*endpoint, "", "JSESSIONID=2"), "b");
  artifacts.endpoints["E"]->set_switch(Switch::drain);
  endpoint->children()[1]->set_switch(Switch::drain);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "e");
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=2"), "b");
  EXPECT_EQ(ask(*endpoint), "fault 303000");
  artifacts.endpoints["E"]->set_switch(Switch::off);
  EXPECT_EQ(ask(*endpoint, "JSESSIONID=1"), "fault 309001");
}

// --- redeploys --------------------------------------------------------------------------------------------------

TEST_F(SessionTest, ARedeployThatShiftsTheChildrenLeavesSessionsWhereTheyAre) {
  EXPECT_EQ(exchange(*linked(group(leaf('b') + leaf('c'), "http")), "", "JSESSIONID=1"), "b");
  const auto after = linked(group(abc(), "http"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*after, "JSESSIONID=1"), "b");
}

// --- sessions without a table -------------------------------------------------------------------------------

class AffinityTest : public SessionTest {
 protected:
  AffinityTest() { artifacts.settings["session.affinity.key"] = "0123456789abcdef0123456789abcdef"; }
  /// An exchange in which the client comes with that cookie; the one it is given, or "".
  std::string given(const Endpoint& endpoint, std::string_view cookie = "", std::string_view scheme = "http") {
    const std::string host = ask(endpoint, cookie);
    message.incoming.scheme = scheme;
    answer();
    host_ = host;
    set_cookie_ = std::string(message.headers.get("Set-Cookie").value_or(""));
    return set_cookie_.substr(0, set_cookie_.find(';'));
  }
  std::string host_, set_cookie_;
};

TEST_F(AffinityTest, AnAnswerBindsItsClient) {
  const auto endpoint = linked(group(abc(), "affinity"));
  const std::string cookie = given(*endpoint);
  EXPECT_EQ(host_, "a");
  EXPECT_TRUE(cookie.starts_with("MYELINID=")) << cookie;
  EXPECT_EQ(set_cookie_, cookie + "; Path=/; HttpOnly; SameSite=Lax");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(given(*endpoint, "x=y; " + cookie + "; z=1"), "") << "it has one already";
    EXPECT_EQ(host_, "a");
  }
  given(*endpoint, "", "https");
  EXPECT_EQ(host_, "b");
  EXPECT_TRUE(set_cookie_.ends_with("; Secure")) << set_cookie_;
}

TEST_F(AffinityTest, TheBackendDoesNotSeeTheCookie) {
  const auto endpoint = linked(with("type='affinity' name='stick'"));
  const std::string cookie = given(*endpoint);
  ask(*endpoint, "x=y; " + cookie + "; z=1");
  EXPECT_EQ(message.headers.get("Cookie"), "x=y; z=1");
  ask(*endpoint, "stick=rubbish");
  EXPECT_FALSE(message.headers.find("Cookie"));
}

TEST_F(AffinityTest, WhatIsNotGenuineIsBalancedAnew) {
  const auto endpoint = linked(group(abc(), "affinity"));
  const std::string cookie = given(*endpoint);
  const std::string value = cookie.substr(cookie.find('=') + 1);
  std::vector<std::string> bad{"", "=", "A", value + "A", value.substr(1), value.substr(0, 32), std::string(4000, 'A')};
  for (std::size_t i = 0; i < value.size(); ++i) {
    bad.push_back(value);
    bad.back()[i] = value[i] == 'A' ? 'B' : 'A';
  }
  // A letter may hold bits of no byte; then it reads as the same value.
  std::set<std::string> hosts;
  std::size_t accepted = 0;
  for (const std::string& other : bad) {
    if (given(*endpoint, "MYELINID=" + other).empty()) ++accepted;
    else hosts.insert(host_);
  }
  EXPECT_LE(accepted, 1U);
  EXPECT_EQ(hosts.size(), 3U) << "they are spread like everybody's";
}

TEST_F(AffinityTest, ItEndsWithItsLifetimeOfUse) {
  const auto absolute = linked(group(abc(), "affinity", timeout(1000)));
  const std::string cookie = given(*absolute);
  Clock::advance(900ms);
  EXPECT_EQ(given(*absolute, cookie), "");
  EXPECT_EQ(host_, "a");
  Clock::advance(200ms);
  EXPECT_NE(given(*absolute, cookie), "");
  EXPECT_EQ(host_, "b");

  const auto renewed = linked(with("type='affinity' renew='true'", timeout(1000)), "renewed");
  std::string latest = given(*renewed);
  for (int i = 0; i < 4; ++i) {
    Clock::advance(600ms);
    latest = given(*renewed, latest);
    EXPECT_NE(latest, "");
    EXPECT_EQ(host_, "a");
  }
}

TEST_F(AffinityTest, EveryServerOfAFleetUnderstandsIt) {
  const std::string config = group(abc(), "affinity");
  std::string cookie = given(*linked(config));
  ASSERT_EQ(host_, "a");
  StateStore elsewhere;
  xml::Problems none;
  const auto there = [&] {
    std::string text = config;
    text.insert(9, " xmlns='http://ws.apache.org/ns/synapse'");
    documents.push_back(xml::read(text, "there.xml", none));
    Build builder(none, elsewhere, artifacts, ".", "sequence:main");
    auto endpoint = builder.endpoint(*documents.back()->root);
    Linker linker(artifacts, none);
    linker.states = &elsewhere;
    endpoint->link(linker);
    return endpoint;
  };
  const auto twin = there();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(given(*twin, cookie), "");
    EXPECT_EQ(host_, "a");
  }
  EXPECT_NE(given(*linked(config, "elsewhere"), cookie), "") << "another endpoint's";
  artifacts.settings["session.affinity.key"] = "another key, another key, another";
  EXPECT_NE(given(*there(), cookie), "");
}

TEST_F(AffinityTest, AChildThatIsGoneOrNotReady) {
  const std::string cookie = given(*linked(group(abc(), "affinity")));
  const auto fewer = linked(group(leaf('b') + leaf('c'), "affinity"));
  EXPECT_NE(given(*fewer, cookie), "");
  const auto same = linked(group(abc(), "affinity"));
  same->children()[0]->set_switch(Switch::off);
  EXPECT_EQ(ask(*same, cookie), "fault 309001");
  const auto moving = linked(with("type='affinity' onFailure='rebind'"));
  const std::string moved = given(*moving, cookie);
  EXPECT_NE(moved, "");
  const std::string where = host_;
  same->children()[0]->set_switch(Switch::on);
  EXPECT_EQ(given(*moving, moved), "");
  EXPECT_EQ(host_, where);
}

TEST_F(AffinityTest, TheGroupBehindADeadOneFindsItsCookie) {
  const auto endpoint = linked("<endpoint><failover>" + group(leaf('a'), "affinity") + group(leaf('b') + leaf('c') + leaf('d'), "affinity") +
                               "</failover></endpoint>");
  ASSERT_EQ(ask(*endpoint), "a");
  ASSERT_TRUE(fail(message));
  EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b");
  answer();
  const std::string cookie{message.headers.get("Set-Cookie").value_or("")};
  for (int i = 0; i < 2; ++i) {
    Clock::advance(31s);
    EXPECT_EQ(ask(*endpoint, cookie.substr(0, cookie.find(';'))), "a");
    ASSERT_TRUE(fail(message));
    EXPECT_EQ(short_name(address_of(*delivery.leaf, message)), "b") << "though a's group had taken it out";
  }
}

TEST_F(AffinityTest, NestedGroupsAreCarriedToo) {
  const auto endpoint = linked(group(group(leaf('a') + leaf('b'), "http") + group(leaf('c') + leaf('d'), "http"), "affinity"));
  const std::string first = given(*endpoint);
  const std::string second = given(*endpoint);
  EXPECT_EQ(host_, "c");
  const std::string third = given(*endpoint);
  EXPECT_EQ(host_, "b");
  for (const auto& [cookie, host] : {std::pair{first, "a"}, {second, "c"}, {third, "b"}}) {
    EXPECT_EQ(given(*endpoint, cookie), "");
    EXPECT_EQ(host_, host);
  }
}

TEST_F(AffinityTest, WithoutAKeyThereIsAWarning) {
  EXPECT_FALSE(is_error(group(abc(), "affinity")));
  EXPECT_TRUE(problems.all().empty());
  artifacts.settings["session.affinity.key"] = "short";
  EXPECT_FALSE(is_error(group(abc(), "affinity")));
  EXPECT_EQ(problems.all().size(), 1U);
  artifacts.settings.clear();
  const auto endpoint = linked(group(abc(), "affinity"));
  EXPECT_NE(all_problems().find("session.affinity.key is not set"), std::string::npos);
  const std::string cookie = given(*endpoint);
  EXPECT_EQ(given(*linked(group(abc(), "affinity")), cookie), "") << "a redeploy keeps the process's key";
}

// --- the table --------------------------------------------------------------------------------------------

std::string id_of(int number) { return "id" + std::to_string(number); }

TEST(SessionTableTest, TheLeastRecentlyUsedGoesFirst) {  // REL-128
  const TimePoint now = Clock::now();
  SessionTable table(200'000);  // some 780 in each stripe: which ids share one, chance decides
  for (int i = 0; i < 200'000; ++i) table.bind(id_of(i), {1}, now + 1h, now);
  EXPECT_EQ(table.size(), 200'000U);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(table.find(id_of(i), now)) << i;
  for (int i = 200'000; i < 300'000; ++i) table.bind(id_of(i), {1}, now + 1h, now);
  EXPECT_EQ(table.size(), 200'000U);
  int used = 0, newest = 0, oldest = 0;
  for (int i = 0; i < 1000; ++i) {
    used += table.find(id_of(i), now) != nullptr;
    newest += table.find(id_of(299'000 + i), now) != nullptr;
    oldest += table.find(id_of(1000 + i), now) != nullptr;
  }
  EXPECT_EQ(newest, 1000);
  EXPECT_EQ(used, 1000);
  EXPECT_LT(oldest, 50);
}

TEST(SessionTableTest, ATinyTableHoldsThatMany) {  // REL-128
  const TimePoint now = Clock::now();
  SessionTable table(3);
  for (int i = 0; i < 200; ++i) {
    table.bind(id_of(i), {1}, now + 1h, now);
    ASSERT_EQ(table.size(), std::min<std::size_t>(static_cast<std::size_t>(i) + 1, 3));
    ASSERT_TRUE(table.find(id_of(i), now));
  }
}

TEST(SessionTableTest, LongIdsAreNotKept) {  // REL-128
  const TimePoint now = Clock::now();
  SessionTable table;
  table.bind(std::string(257, 'x'), {1}, now + 1h, now);
  table.bind("", {1}, now + 1h, now);
  EXPECT_EQ(table.size(), 0U);
  table.bind(std::string(256, 'x'), {1}, now + 1h, now);
  EXPECT_EQ(table.size(), 1U);
}

TEST(SessionTableTest, TheDeadMakeRoom) {
  const TimePoint now = Clock::now();
  SessionTable table;
  for (int i = 0; i < 50'000; ++i) table.bind(id_of(i), {1}, now + 1s, now);
  for (int i = 0; i < 20'000; ++i) table.bind("new" + std::to_string(i), {1}, now + 9s, now + 2s);
  EXPECT_LT(table.size(), 22'000U);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(table.find("new" + std::to_string(i), now + 2s));
}

TEST(SessionTableTest, DoesWhatAMapDoes) {
  struct Bound {
    SessionPath path;
    TimePoint expires;
  };
  std::map<std::string, Bound> model;
  SessionTable table;
  std::mt19937 random(7);
  TimePoint now = Clock::now();
  for (int i = 0; i < 200'000; ++i) {
    const std::string id = id_of(static_cast<int>(random() % 3000));
    const auto known = model.find(id);
    switch (random() % 8) {
      case 0: case 1: {
        const Bound bound{{random() % 5, random() % 2}, now + std::chrono::milliseconds(random() % 5000)};
        model[id] = bound;
        table.bind(id, bound.path, bound.expires, now);
        break;
      }
      case 2:
        model.erase(id);
        table.unbind(id);
        break;
      case 3:
        // One that is over may have been purged or not; it is not to be revived.
        if (known != model.end() && known->second.expires >= now) {
          known->second.expires = now + 9s;
          table.extend(id, now + 9s);
        }
        break;
      default: {
        const SessionPath* path = table.find(id, now);
        const bool lives = known != model.end() && known->second.expires >= now;
        ASSERT_EQ(path != nullptr, lives) << id;
        if (!lives) {
          model.erase(id);
          break;
        }
        ASSERT_EQ(*path, known->second.path);
        now += std::chrono::microseconds(random() % 500);
      }
    }
  }
}

TEST(SessionTableTest, ExpiryIsExact) {  // EP-159
  const TimePoint now = Clock::now();
  SessionTable table;
  table.bind("x", {1}, now + 1ms, now);
  EXPECT_TRUE(table.find("x", now + 1ms));
  EXPECT_FALSE(table.find("x", now + 1ms + 1ns));
  EXPECT_EQ(table.size(), 0U);
}

TEST(SessionTableTest, ThreadsMayShareIt) {
  const TimePoint now = Clock::now();
  SessionTable table(5000);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) {
        const std::string id = std::to_string(t) + id_of(i);
        table.bind(id, {t}, now + 1h, now);
        const SessionPath* path = table.find(id, now);
        if (path && *path != SessionPath{t}) ++wrong;
        if (i % 3 == 0) table.unbind(id);
        table.find(id_of(i), now);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(table.size(), 5000U);
  EXPECT_GE(table.size(), 4900U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(SessionTableTest, AMillionSessionsTakeUnder200Megabytes) {  // REL-128
  const auto in_use = [] {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  const TimePoint now = Clock::now();
  auto table = std::make_unique<SessionTable>();
  char id[41];
  for (int i = 0; i < 1'000'000; ++i) {
    std::snprintf(id, sizeof id, "JSESSIONID=%029d", i);
    table->bind(std::string_view(id, 40), {7}, now + 1h, now);
  }
  EXPECT_EQ(table->size(), 1'000'000U);
  const std::size_t taken = in_use() - before;
  RecordProperty("bytes", static_cast<int>(taken));
  EXPECT_LT(taken, 100U << 20);
  EXPECT_GT(taken, 30U << 20) << "that cannot be a million";
}
#endif

}  // namespace
}  // namespace myelin::test
