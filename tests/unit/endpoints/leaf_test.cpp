#include "endpoints/common/leaf.hpp"

#include <cstdlib>

#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;
using endpoints::is_link_local;
using endpoints::join_postfix;
using endpoints::Phase;
using endpoints::SendingLeaf;

class LeafTest : public EndpointTest {
 protected:
  std::unique_ptr<Endpoint> address(std::string_view uri, std::string_view attributes = "", std::string_view inside = "",
                                    std::string_view properties = "") {
    return linked("<endpoint><address uri='" + std::string(uri) + "' " + std::string(attributes) + ">" +
                  std::string(inside) + "</address>" + std::string(properties) + "</endpoint>");
  }
  std::string sent(const Endpoint& endpoint, std::string_view method, std::string_view postfix) {
    fresh(message, method);
    message.postfix = postfix;
    message.has_postfix = true;
    return sent_to(endpoint, message);
  }
  static SendingLeaf& as_leaf(Endpoint& endpoint) { return dynamic_cast<SendingLeaf&>(endpoint); }
  void fail_root(Endpoint& endpoint) {
    as_leaf(endpoint).failed(refused(), Clock::now(), Clock::now());
  }

  Message message;
};

// --- addresses --------------------------------------------------------------------------------------

TEST_F(LeafTest, TheUriIsTrimmed) {  // EP-012
  EXPECT_EQ(sent_to(*address(" http://h:81/p ")), "http://h:81/p");
}

TEST_F(LeafTest, PlaceholdersStandForProperties) {  // EP-050
  const auto endpoint = address("http://${host}/${what}/x");
  fresh(message);
  message.properties.set("host", "h");
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/${what}/x");
  message.properties.set("what", "w");
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/w/x");
}

TEST_F(LeafTest, TheEnvironmentGivesAddresses) {  // EP-013, EP-014
  ::setenv("MYELIN_TEST_ADDRESS", "http://env/", 1);
  EXPECT_EQ(sent_to(*address("$SYSTEM:MYELIN_TEST_ADDRESS/x")), "http://env/");
  EXPECT_TRUE(is_error("<endpoint><address uri='$SYSTEM:MYELIN_TEST_UNSET'/></endpoint>"));
  artifacts.apache = true;
  EXPECT_EQ(sent_to(*address("$SYSTEM:x:MYELIN_TEST_ADDRESS")), "http://env/");
  artifacts.apache = false;
  artifacts.settings["backend"] = "http://configured/";
  EXPECT_EQ(sent_to(*address("${configs.backend}/x")), "http://configured/");
  EXPECT_EQ(sent_to(*address("$FILE:backend")), "http://configured/");
}

TEST_F(LeafTest, ADynamicUrlWinsOnce) {
  const auto endpoint = address("http://h/");
  fresh(message);
  message.properties.set("DYNAMIC_URL_VALUE", "http://other/x");
  EXPECT_EQ(sent_to(*endpoint, message), "http://other/x");
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/");
}

TEST_F(LeafTest, AnAddressThatIsNoUrlFaults) {
  const auto endpoint = address("jms:/queue");
  EXPECT_EQ(sent_to(*endpoint).substr(0, 7), "fault 0");
}

TEST_F(LeafTest, LinkLocalAddressesOfRequestDataAreRefused) {  // REL-084
  for (const auto* host : {"169.254.169.254", "0xa9fea9fe", "2852039166", "fe80::1", "FEBF::2", "::ffff:169.254.1.1"})
    EXPECT_TRUE(is_link_local(host)) << host;
  for (const auto* host : {"169.253.0.1", "10.0.0.1", "::1", "example.com", "fec0::1"})
    EXPECT_FALSE(is_link_local(host)) << host;
  const auto open = address("http://${host}/");
  fresh(message);
  message.properties.set("host", "169.254.169.254");
  EXPECT_EQ(sent_to(*open, message).substr(0, 5), "fault");
  EXPECT_EQ(sent_to(*address("http://169.254.169.254/${host}/x"), message), "http://169.254.169.254/169.254.169.254/x")
      << "a host that the configuration names is allowed";
  artifacts.settings["endpoint.allow_link_local"] = "true";
  EXPECT_EQ(sent_to(*address("http://${host}/"), message), "http://169.254.169.254/");
}

TEST_F(LeafTest, DefaultSendsToTo) {  // EP-051, EP-052
  const auto endpoint = linked("<endpoint><default/></endpoint>");
  EXPECT_EQ(endpoint->need(), Need::header);
  fresh(message);
  message.addressing().to = "http://to/x";
  EXPECT_EQ(sent_to(*endpoint, message), "http://to/x");
  message.addressing().to = soap::kAnonymous;
  EXPECT_EQ(sent_to(*endpoint, message), "fault 303001");
  message.axis2.set("TransportURL", "http://transport/");
  EXPECT_EQ(sent_to(*endpoint, message), "http://transport/");
}

// --- the REST suffix --------------------------------------------------------------------------------

struct Joined {
  const char *target, *postfix, *expected;
};
class JoinTest : public testing::TestWithParam<Joined> {};
TEST_P(JoinTest, Joins) {  // EP-065
  Arena arena;
  EXPECT_EQ(join_postfix(GetParam().target, GetParam().postfix, arena), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Seams, JoinTest,
                         testing::Values(Joined{"/a/", "/b", "/a/b"}, Joined{"/a", "/b", "/a/b"}, Joined{"/a", "b", "/a/b"},
                                         Joined{"/a/", "b", "/a/b"}, Joined{"/a/", "?x=1", "/a?x=1"},
                                         Joined{"/a", "?x=1", "/a?x=1"}, Joined{"/a?k=v", "?x=1", "/a?k=v&x=1"},
                                         Joined{"", "/b", "/b"}, Joined{"/a", "", "/a"}));

TEST_F(LeafTest, TheSuffixIsAppendedForRest) {
  const auto endpoint = address("http://h/a");
  EXPECT_EQ(sent(*endpoint, "GET", "/b?x=1"), "http://h/a/b?x=1");
  EXPECT_EQ(sent(*endpoint, "PATCH", "/b"), "http://h/a/b");
  EXPECT_EQ(sent(*endpoint, "POST", "/b"), "http://h/a/b") << "a POST that is not SOAP";
  EXPECT_EQ(sent(*address("http://h/"), "GET", "?x=1"), "http://h/?x=1");
}

TEST_F(LeafTest, SoapMessagesTakeNoSuffix) {
  const auto endpoint = address("http://h/a");
  fresh(message);
  message.payload.assign("<x/>", "text/xml");
  message.headers.add("SOAPAction", "\"urn:x\"");
  message.postfix = "/b";
  message.has_postfix = true;
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/a");
  message.headers.remove("SOAPAction");
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/a/b");
  fresh(message);
  message.payload.assign("<x/>", "application/soap+xml");
  message.postfix = "/b";
  message.has_postfix = true;
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/a");
}

TEST_F(LeafTest, SoapFormatsNeverAppendTheSuffix) {  // EP-064
  EXPECT_EQ(sent(*address("http://h/a", "format='soap11'"), "GET", "/b"), "http://h/a");
  EXPECT_EQ(sent(*address("http://h/a", "format='soap12'"), "GET", "/b"), "http://h/a");
}

TEST_F(LeafTest, ASuffixWithLineBreaksIsRefused) {  // REL-080
  EXPECT_EQ(sent(*address("http://h/a"), "GET", "/b\r\nX: y").substr(0, 5), "fault");
  EXPECT_EQ(sent(*address("http://h/a"), "GET", "/b#c").substr(0, 5), "fault");  // REL-004, REL-061
}

// --- method, headers, switches -------------------------------------------------------------------------

TEST_F(LeafTest, TheMethod) {  // EP-066
  const auto method = [&](const Endpoint& endpoint) {
    EXPECT_EQ(sent_to(endpoint, message).substr(0, 5), "http:");
    return std::string(request.method);
  };
  fresh(message, "PUT");
  EXPECT_EQ(method(*address("http://h/")), "PUT");
  EXPECT_EQ(method(*address("http://h/", "format='get'")), "GET");
  EXPECT_EQ(method(*address("http://h/", "format='soap11'")), "POST");
  EXPECT_EQ(method(*address("http://h/", "format='soap12'")), "POST");
  fresh(message, "M-SEARCH.1");
  EXPECT_EQ(method(*address("http://h/")), "M-SEARCH.1") << "a token is a method; no client may suspend an endpoint by one";
  fresh(message, "PUT");
  message.axis2.set("HTTP_METHOD", "DELETE");
  EXPECT_EQ(method(*address("http://h/")), "DELETE");
  fresh(message, "");
  EXPECT_EQ(method(*address("http://h/")), "POST");
  message.axis2.set("HTTP_METHOD", "GET / HTTP/1.1\r\n");
  EXPECT_EQ(sent_to(*address("http://h/"), message).substr(0, 5), "fault");
}

TEST_F(LeafTest, ABodyIsNotSentWithAMethodThatWasChangedToGet) {
  const auto endpoint = address("http://h/");
  fresh(message, "POST");
  message.payload.assign("{}", "application/json");
  sent_to(*endpoint, message);
  EXPECT_TRUE(request.has_body);
  EXPECT_EQ(request.bytes, "{}");
  message.axis2.set("HTTP_METHOD", "GET");
  sent_to(*endpoint, message);
  EXPECT_FALSE(request.has_body);
  EXPECT_TRUE(request.drop_content_type);
  fresh(message, "GET");
  message.payload.assign("{}", "application/json");
  sent_to(*endpoint, message);
  EXPECT_TRUE(request.has_body) << "the client sent it so";
}

TEST_F(LeafTest, NoEntityBodyLeavesTheBodyOut) {
  const auto endpoint = address("http://h/");
  fresh(message, "POST");
  message.payload.assign("{}", "application/json");
  message.axis2.set("NO_ENTITY_BODY", true);
  sent_to(*endpoint, message);
  EXPECT_FALSE(request.has_body);
}

TEST_F(LeafTest, Axis2PropertiesShapeTheRequest) {
  const auto endpoint = address("http://h:81/p?q=1");
  fresh(message);
  sent_to(*endpoint, message);
  EXPECT_EQ(request.host, "h:81");
  EXPECT_EQ(request.target, "/p?q=1");
  EXPECT_FALSE(request.force_length || request.http10 || request.close);
  message.axis2.set("DISABLE_CHUNKING", true);
  message.axis2.set("NO_KEEPALIVE", "true");
  message.axis2.set("FULL_URI", "true");
  message.axis2.set("REQUEST_HOST_HEADER", "virtual");
  sent_to(*endpoint, message);
  EXPECT_TRUE(request.force_length);
  EXPECT_TRUE(request.close);
  EXPECT_EQ(request.host, "virtual");
  EXPECT_EQ(request.target, "http://h:81/p?q=1");
  EXPECT_EQ(request.url.target, "/p?q=1");
  message.axis2.set("FORCE_HTTP_1.0", "true");
  sent_to(*endpoint, message);
  EXPECT_TRUE(request.http10);
  for (const char* bad : {"a\r\nb", "a\"b", "../up", "#a"}) {  // REL-004
    message.axis2.set("REQUEST_HOST_HEADER", bad);
    EXPECT_EQ(sent_to(*endpoint, message).substr(0, 5), "fault") << bad;
  }
}

TEST_F(LeafTest, PropertiesGoToTheirScope) {  // EP-056, EP-057
  const auto endpoint = address("http://h/", "", "",
                                "<property name='a' value='1'/><property name='b' value='2' scope='axis2'/>"
                                "<property name='c' value='3' scope='axis2-client'/>"
                                "<property name='X-D' value='4' scope='transport'/>");
  for (int attempt = 0; attempt < 2; ++attempt) {
    fresh(message);
    sent_to(*endpoint, message);
    EXPECT_EQ(message.properties.text("a"), "1");
    EXPECT_EQ(message.axis2.text("b"), "2");
    EXPECT_EQ(message.client.text("c"), "3");
    EXPECT_EQ(request.headers->get("x-d"), "4");
  }
}

TEST_F(LeafTest, APropertyCanSetTheSuffixButNotTheFraming) {  // REL-081
  const auto endpoint = address("http://h/a", "format='rest'", "",
                                "<property name='REST_URL_POSTFIX' value='/own' scope='axis2'/>"
                                "<property name='Content-Length' value='3' scope='transport'/>");
  fresh(message);
  EXPECT_EQ(sent_to(*endpoint, message), "http://h/a/own");
  EXPECT_FALSE(message.headers.find("Content-Length"));
}

TEST_F(LeafTest, AHeaderWithAControlCharacterFaults) {  // REL-004, REL-080, REL-081
  const auto endpoint = address("http://h/", "", "", "<property name='X-D' expression='$ctx:evil' scope='transport'/>");
  for (const char* evil : {"a\r\nX: b", "a\x7f"}) {
    fresh(message);
    message.properties.set("evil", evil);
    EXPECT_EQ(sent_to(*endpoint, message).substr(0, 5), "fault");
  }
  const auto name = address("http://h/", "", "", "<property name='X D' value='x' scope='transport'/>");
  EXPECT_EQ(sent_to(*name, message).substr(0, 5), "fault");
}

TEST_F(LeafTest, TheTimeout) {  // EP-106
  const auto timeout = [&](std::string_view text) {
    const auto endpoint = address("http://h/", "", "<timeout><duration>" + std::string(text) + "</duration></timeout>");
    sent_to(*endpoint, message);
    return request.timeout;
  };
  fresh(message);
  EXPECT_EQ(timeout("1500"), 1500ms);
  EXPECT_TRUE(request.timeout_is_endpoints);
  message.properties.set("t", "700");
  EXPECT_EQ(timeout("{$ctx:t}"), 700ms);
  message.properties.set("t", "soon");
  EXPECT_EQ(timeout("{$ctx:t}"), 0ms);
  EXPECT_FALSE(request.timeout_is_endpoints);
  artifacts.settings["synapse.global_timeout_interval"] = "5000";
  message.properties.set("t", "700000");
  EXPECT_EQ(timeout("{$ctx:t}"), 5000ms);
}

// --- readiness -----------------------------------------------------------------------------------------

TEST_F(LeafTest, ARootLeafThatIsNotReadyFaults) {  // EP-068
  const auto endpoint = address("http://h/");
  fail_root(*endpoint);
  EXPECT_EQ(sent_to(*endpoint), "fault 303001");
  Clock::advance(30s);
  EXPECT_EQ(sent_to(*endpoint), "http://h/");
  as_leaf(*endpoint).succeeded(200, Clock::now(), Clock::now());
  EXPECT_EQ(as_leaf(*endpoint).suspension().phase(), Phase::active);  // EP-090: any answer is a success
}

TEST_F(LeafTest, ALeafInAGroupSendsWhateverItsState) {  // EP-069
  const auto group = linked("<endpoint><failover>" + leaf('a') + "</failover></endpoint>");
  const auto* child = dynamic_cast<const SendingLeaf*>(group->children()[0].get());
  child->failed(refused(), Clock::now(), Clock::now());
  EXPECT_FALSE(child->ready(Clock::now(), Use::fresh));
  EXPECT_EQ(sent_to(*child), "http://a/");
}

TEST_F(LeafTest, SuspensionSurvivesARedeployOfTheSameAddress) {
  fail_root(*address("http://h/"));
  EXPECT_EQ(sent_to(*address("http://h/")), "fault 303001");
  EXPECT_EQ(sent_to(*address("http://other/")), "http://other/");
}

TEST_F(LeafTest, AnUnknownOnErrorSequenceIsAWarning) {  // EP-067
  const auto endpoint = linked("<endpoint onError='missing'><address uri='http://h/'/></endpoint>");
  EXPECT_FALSE(problems.has_errors());
  EXPECT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(dynamic_cast<const Leaf&>(*endpoint).on_error, "missing");
}

TEST_F(LeafTest, TheHardLimitOfGroupsIsForTheirChildren) {  // EP-095
  artifacts.settings["maximum.failover.recursive.retries"] = "0";
  artifacts.settings["suspend.duration.on.maximum.recursive.failover"] = "9000";
  const auto group = linked("<endpoint><failover>" + leaf('a') + "</failover></endpoint>");
  const auto* child = dynamic_cast<const SendingLeaf*>(group->children()[0].get());
  EXPECT_EQ(child->definition.suspension.fault_limit, 0);
  EXPECT_EQ(child->definition.suspension.fault_limit_suspension, 9000);
  const auto root = address("http://h/");
  EXPECT_EQ(as_leaf(*root).definition.suspension.fault_limit, -1);
}

TEST_F(LeafTest, NeedsFollowFromTheDefinition) {
  EXPECT_EQ(address("http://h/")->need(), Need::nothing);
  EXPECT_EQ(address("http://h/", "format='soap12'")->need(), Need::body);
  EXPECT_EQ(address("http://h/", "", "", "<property name='PRESERVE_ENVELOPE' value='true'/>")->need(), Need::body);
  EXPECT_EQ(address("http://h/", "", "", "<property name='DISABLE_CHUNKING' value='true' scope='axis2'/>")->need(), Need::body);
}

// --- keys ---------------------------------------------------------------------------------------------

TEST_F(LeafTest, AKeyLeadsToANamedEndpoint) {  // EP-053, EP-054
  define("x", "<endpoint name='x'><address uri='http://x/'/></endpoint>");
  const auto endpoint = build("<endpoint key='x'/>");
  const auto missing = build("<endpoint key='nowhere'/>");
  link_all();
  link(*endpoint);
  link(*missing);
  EXPECT_EQ(sent_to(*endpoint), "http://x/");
  EXPECT_TRUE(endpoint->ready(Clock::now()));
  EXPECT_EQ(sent_to(*missing), "fault 305100");
  EXPECT_FALSE(missing->ready(Clock::now()));
  EXPECT_FALSE(problems.has_errors());
}

TEST_F(LeafTest, AKeyExpressionIsEvaluatedForEachMessage) {  // EP-055
  define("x", "<endpoint name='x'><address uri='http://x/'/></endpoint>");
  define("y", "<endpoint name='y'><address uri='http://y/'/></endpoint>");
  const auto endpoint = linked("<endpoint key-expression='$ctx:where'/>");
  link_all();
  EXPECT_TRUE(endpoint->ready(Clock::now()));
  for (const std::string name : {"x", "y"}) {
    fresh(message);
    message.properties.set("where", name);
    EXPECT_EQ(sent_to(*endpoint, message), "http://" + name + "/");
  }
  fresh(message);
  EXPECT_EQ(sent_to(*endpoint, message), "fault 305100");  // EP-054
}

TEST_F(LeafTest, KeysThatLeadBackAreAnError) {
  define("x", "<endpoint name='x'><failover><endpoint key='y'/></failover></endpoint>");
  define("y", "<endpoint name='y' key='x'/>");
  link_all();
  EXPECT_TRUE(problems.has_errors());
  EXPECT_FALSE(artifacts.endpoints["x"]->ready(Clock::now()));
  EXPECT_EQ(sent_to(*artifacts.endpoints["y"]), "fault 305100");
}

TEST_F(LeafTest, KeyExpressionsThatLeadBackFault) {
  define("x", "<endpoint name='x' key-expression='\"x\"'/>");
  link_all();
  EXPECT_EQ(sent_to(*artifacts.endpoints["x"]), "fault 305100");
}

TEST_F(LeafTest, ASuspendedTargetOfAKeyIsPassedOver) {
  define("x", "<endpoint name='x'><address uri='http://x/'/></endpoint>");
  const auto endpoint = build("<endpoint><failover><endpoint key='x'/>" + leaf('b') + "</failover></endpoint>");
  link_all();
  link(*endpoint);
  EXPECT_EQ(trial(*endpoint, "x"), "xb");
  EXPECT_EQ(trial(*endpoint), "b");
  Clock::advance(30s);
  EXPECT_EQ(sent_to(*endpoint), "http://x/");
  EXPECT_EQ(sent_to(*endpoint), "http://b/") << "one trial at a time";
}

}  // namespace
}  // namespace myelin::test
