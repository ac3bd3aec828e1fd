// What a user is told about a mistake, word for word and with its place. The content of every case
// stands on line 2 of a synapse.xml.
#include "loader_fixture.hpp"

namespace myelin {
namespace {

struct Mistake {
  const char* name;
  const char* content;
  const char* said;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class Mistakes : public ConfigurationTest, public testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, AreExplainedAtTheirPlace) {
  write("synapse.xml", definitions(GetParam().content));
  load();
  std::string said;
  for (const std::string& line : problems) said += line.substr(std::string("synapse.xml:").size()) + '\n';
  EXPECT_EQ(said, std::string(GetParam().said) + '\n');
}

#define ENDPOINT_KINDS "address, wsdl, default, loadbalance, dynamicLoadbalance, serviceDynamicLoadbalance, failover, recipientlist, switch, http or class"

const Mistake kMistakes[] = {
    // mediators
    {"UnknownMediator", "<sequence name='a'><lgo/></sequence>",
     "2:20: error: unknown mediator {http://ws.apache.org/ns/synapse}lgo; did you mean 'log'?"},  // MED-002
    {"UnknownMediatorFarFromAll", "<sequence name='a'>\n  <fetchAndStoreEverything/></sequence>",
     "3:3: error: unknown mediator {http://ws.apache.org/ns/synapse}fetchAndStoreEverything"},
    {"MediatorOfAnotherNamespace", "<sequence name='a'><log xmlns='urn:x'/></sequence>",
     "2:20: error: unknown mediator {urn:x}log; mediators are in namespace http://ws.apache.org/ns/synapse"},  // MED-001
    {"ConnectorCall", "<sequence name='a'><lib.op/></sequence>",
     "2:20: error: unknown mediator {http://ws.apache.org/ns/synapse}lib.op"},  // MED-004
    {"MediatorOfALaterVersion", "<sequence name='a'><smooks config-key='k'/></sequence>",
     "2:20: error: <smooks> is known but not supported by this version"},
    {"TextBetweenMediators", "<sequence name='a'>stray<log/></sequence>",
     "2:1: warning: text in <sequence> is ignored; mediators are allowed"},
    // sequences
    {"SequenceWithoutName", "<sequence><log/></sequence>", "2:1: error: missing attribute 'name' on <sequence>"},  // SRV-106
    {"SequenceWithBlankName", "<sequence name=' '/>", "2:11: error: attribute 'name' on <sequence> is empty"},
    {"SequenceAttribute", "<sequence name='a' onErorr='b'/>",
     "2:20: warning: unknown attribute 'onErorr' on <sequence>; did you mean 'onError'?"},
    {"SequenceOnErrorUnresolved", "<sequence name='fault'/><sequence name='a' onError='falt'/>",
     "2:25: warning: sequence 'falt' is defined by no loaded file; did you mean 'fault'?"},  // SRV-107
    // endpoints
    {"EndpointWithoutName", "<endpoint><address uri='http://h/'/></endpoint>",
     "2:1: error: missing attribute 'name' on <endpoint>"},  // EP-008
    {"EndpointOfNoKind", "<endpoint name='e'/>",
     "2:1: error: Invalid endpoint configuration: <endpoint> has no kind; allowed: attribute key, key-expression or "
     "template, or child " ENDPOINT_KINDS},  // EP-001
    {"EndpointOfUnknownKind", "<endpoint name='e'><adress uri='http://h/'/></endpoint>",
     "2:20: error: Invalid endpoint configuration: found <adress>; did you mean 'address'?"},
    {"EndpointOfForeignKind", "<endpoint name='e'><address xmlns='urn:x' uri='http://h/'/></endpoint>",
     "2:20: error: Invalid endpoint configuration: found {urn:x}address; elements are in namespace "
     "http://ws.apache.org/ns/synapse"},  // EP-007
    {"EndpointAttribute", "<endpoint name='e' onEror='f'><address uri='http://h/'/></endpoint>",
     "2:20: warning: unknown attribute 'onEror' on <endpoint>; did you mean 'onError'?"},  // EP-005
    {"EndpointChild", "<endpoint name='e'><address uri='http://h/'/><propperty name='a' value='b'/></endpoint>",
     "2:46: warning: unknown element <propperty> in <endpoint>; did you mean 'property'?"},
    {"TwoKinds", "<endpoint name='e'><default/><address uri='http://h/'/></endpoint>",
     "2:20: warning: <default> is ignored; <address> selects the kind"},  // EP-002
    {"KindBesideKey", "<endpoint name='d'><default/></endpoint><endpoint name='e' key='d'><default/></endpoint>",
     "2:68: warning: <default> is ignored; attribute 'key' selects the kind"},  // EP-002
    {"SessionBesideFailover",
     "<endpoint name='e'><failover><endpoint><default/></endpoint></failover><session type='http'/></endpoint>",
     "2:72: warning: <session> is ignored; only load balancing has sessions"},
    {"OldSpelling", "<endpoint name='e'><loadBalance><endpoint><default/></endpoint></loadBalance></endpoint>",
     "2:20: warning: <loadBalance> is read as <loadbalance>; write <loadbalance>"},  // EP-004
    {"PropertyWithoutValue", "<endpoint name='e'><default/><property name='p'/></endpoint>",
     "2:30: error: <property> without a value; attribute 'value' or 'expression' is needed"},  // EP-030
    {"PropertyWithBlankValue", "<endpoint name='e'><default/><property name='p' value=''/></endpoint>",
     "2:49: error: attribute 'value' on <property> is empty"},  // EP-030
    {"PropertyWithBlankExpression", "<endpoint name='e'><default/><property name='p' expression=' '/></endpoint>",
     "2:49: error: attribute 'expression' on <property> is empty; an expression is needed"},
    {"PropertyWithoutName", "<endpoint name='e'><default/><property value='v'/></endpoint>",
     "2:30: error: missing attribute 'name' on <property>"},
    {"PropertyScope", "<endpoint name='e'><default/><property name='p' value='v' scope='operation'/></endpoint>",
     "2:59: error: attribute 'scope' on <property> is 'operation'; allowed: default, axis2, axis2-client or transport"},  // EP-031
    {"UnresolvedEndpoint", "<endpoint name='backend'><default/></endpoint><endpoint name='e' key='backed'/>",
     "2:47: warning: endpoint 'backed' is defined by no loaded file; did you mean 'backend'?"},
    // proxies
    {"ProxyWithoutName", "<proxy><target inSequence='main'/></proxy>", "2:1: error: missing attribute 'name' on <proxy>"},
    {"ProxyWithoutTarget", "<proxy name='p'/>", "2:1: error: proxy 'p' has no <target>; one is needed"},
    {"ProxyToNowhere", "<proxy name='p'><target outSequence='main'/></proxy>",
     "2:17: error: <target> of proxy 'p' leads nowhere; an inSequence or an endpoint is needed"},  // SRV-051
    {"ProxyTargetKey", "<proxy name='p'><target endpoint='x'/></proxy>",
     "2:25: warning: endpoint 'x' is defined by no loaded file"},
    {"ProxySequenceKey", "<proxy name='p'><target inSequence='mian' faultSequence='nix'/></proxy>",
     "2:25: warning: sequence 'mian' is defined by no loaded file; did you mean 'main'?\n"
     "2:43: warning: sequence 'nix' is defined by no loaded file"},
    {"ProxyTransport", "<proxy name='p' transports='http jms'><target inSequence='main'/></proxy>",
     "2:17: warning: transport 'jms' is ignored; http and https are supported"},
    {"ProxyAttributeBeatsChild", "<proxy name='p'><target inSequence='main'><inSequence/></target></proxy>",
     "2:43: warning: <inSequence> is ignored; attribute 'inSequence' is used"},  // SRV-053
    {"ProxyEndpointAttributeBeatsChild",
     "<endpoint name='e'><default/></endpoint><proxy name='p'><target endpoint='e'><endpoint><default/></endpoint></target></proxy>",
     "2:78: warning: <endpoint> is ignored; attribute 'endpoint' is used"},  // SRV-053
    {"ProxyPolicyType", "<proxy name='p'><target inSequence='main'/><policy key='k' type='inn'/></proxy>",
     "2:60: error: attribute 'type' on <policy> is 'inn'; did you mean 'in'?\n"
     "2:44: warning: <policy> has no effect; policies are not applied by this version"},  // SRV-069
    {"ProxyWsdl", "<proxy name='p'><target inSequence='main'/><publishWSDL/></proxy>",
     "2:44: error: <publishWSDL> names no WSDL; attribute 'key', 'uri' or 'endpoint' or an inline WSDL is needed"},
    {"ProxyWsdlResource", "<proxy name='p'><target inSequence='main'/><publishWSDL key='k'><resource location='l'/></publishWSDL></proxy>",
     "2:65: error: missing attribute 'key' on <resource>"},
    {"ProxyChild", "<proxy name='p'><taget/><target inSequence='main'/></proxy>",
     "2:17: warning: unknown element <taget> in <proxy>; did you mean 'target'?"},
    {"ProxySecurity", "<proxy name='p'><target inSequence='main'/><enableSec/></proxy>",
     "2:44: warning: <enableSec> has no effect; it is not supported by this version"},
    // APIs
    {"ApiWithoutContext", "<api name='a'><resource/></api>", "2:1: error: missing attribute 'context' on <api>"},
    {"ApiContext", "<api name='a' context='x'><resource/></api>",
     "2:15: error: attribute 'context' on <api> is 'x'; it begins with '/'"},  // SRV-075
    {"ApiWithoutResource", "<api name='a' context='/x'/>", "2:1: error: api 'a' has no <resource>; one is needed"},  // SRV-076
    {"ApiVersionWithoutType", "<api name='a' context='/x' version='1'><resource/></api>",
     "2:28: error: attribute 'version' on <api> without 'version-type'; url or context is needed"},  // SRV-077
    {"ApiVersionType", "<api name='a' context='/x' version='1' version-type='path'><resource/></api>",
     "2:40: error: attribute 'version-type' on <api> is 'path'; allowed: url or context"},
    {"ApiTransport", "<api name='a' context='/x' transports='ws'><resource/></api>",
     "2:28: error: attribute 'transports' on <api> is 'ws'; allowed: http or https; without it both are served"},  // SRV-083
    {"ApiPort", "<api name='a' context='/x' port='http'><resource/></api>",
     "2:28: error: attribute 'port' on <api> is 'http'; a whole number is needed"},
    {"ApiMethod", "<api name='a' context='/x'><resource methods='GET get'/></api>",
     "2:38: error: method 'get' on <resource>; did you mean 'GET'?"},  // SRV-085
    {"ApiTwoDefaultResources", "<api name='a' context='/x'><resource methods='GET'/><resource methods='POST'/></api>",
     "2:53: error: a second resource without uri-template and url-mapping in api 'a'; one is allowed"},  // SRV-088
    {"ApiSameTemplate", "<api name='a' context='/x'><resource uri-template='/a' methods='GET PUT'/><resource uri-template='/a' methods='PUT'/></api>",
     "2:75: error: a second resource for '/a' in api 'a'; resources of one pattern need different methods"},
    {"ApiTemplateBeginsWithVariable", "<api name='a' context='/x'><resource uri-template='{a}'/></api>",
     "2:38: error: attribute 'uri-template' on <resource> is '{a}'; a uri-template begins with a literal"},
    {"ApiTemplateOperator", "<api name='a' context='/x'><resource uri-template='/a{?q}'/></api>",
     "2:38: error: attribute 'uri-template' on <resource> is '/a{?q}'; the operator '?' in '{?q}' is not supported"},
    {"ApiTemplateBrace", "<api name='a' context='/x'><resource uri-template='/a{q'/></api>",
     "2:38: error: attribute 'uri-template' on <resource> is '/a{q'; a brace is not closed or not opened"},
    {"ApiMapping", "<api name='a' context='/x'><resource url-mapping='a'/></api>",
     "2:38: error: attribute 'url-mapping' on <resource> is 'a'; a url-mapping is /exact, /prefix/* or *.extension"},
    {"ApiMappingAndTemplate", "<api name='a' context='/x'><resource url-mapping='/a' uri-template='/b'/></api>",
     "2:55: warning: attribute 'uri-template' is ignored; url-mapping is used"},
    {"ApiProtocol", "<api name='a' context='/x'><resource protocol='ftp'/></api>",
     "2:38: error: attribute 'protocol' on <resource> is 'ftp'; allowed: http or https"},
    {"ApiContentType", "<api name='a' context='/x'><resource content-type='xml'/></api>",
     "2:38: error: attribute 'content-type' on <resource> is 'xml'; a media type like text/xml is needed"},
    {"ApiUserAgent", "<api name='a' context='/x'><resource user-agent='['/></api>",
     "2:38: error: attribute 'user-agent' on <resource> is '['; a regular expression is needed"},
    {"ApiInbound", "<api name='a' context='/x' binds-to='other'><resource/></api>",
     "2:28: error: attribute 'binds-to' on <api> is 'other'; inbound endpoints are not supported by this version; allowed: default"},
    {"ApiHandlers", "<api name='a' context='/x'><resource/><handlers><handler class='x'/></handlers></api>",
     "2:39: error: <handlers> is known but not supported by this version"},
    // local entries and the rest
    {"EntryWithoutKey", "<localEntry>x</localEntry>", "2:1: error: missing attribute 'key' on <localEntry>"},  // SRV-039
    {"EntryWithMalformedSource", "<localEntry key='k' src='gopher://x'/>",
     "2:21: error: attribute 'src' on <localEntry> is 'gopher://x'; a file:, http: or https: URI is needed"},  // SRV-039
    {"EntryWithoutFile", "<localEntry key='k' src='file:nothing.xml'/>", "2:21: error: file:nothing.xml is no file"},
    {"EntryHoldsABadEndpoint", "<localEntry key='k'><endpoint><adress/></endpoint></localEntry>",
     "2:31: error: Invalid endpoint configuration: found <adress>; did you mean 'address'?"},
    {"EntryWithTwoValues", "<localEntry key='k'><a xmlns=''/><b xmlns=''/></localEntry>",
     "2:34: warning: a second element in <localEntry> is ignored; one is the value"},
    {"Task", "<task name='t' class='c'/>", "2:1: error: <task> is known but not supported by this version"},
    {"RegistryWithoutRoot", "<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'/>",
     "2:1: error: the registry has no root; <parameter name=\"root\"> is needed"},
    {"RegistryWithoutProvider", "<registry/>", "2:1: error: missing attribute 'provider' on <registry>"},
    {"RegistryDuration",
     "<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'><parameter name='root'>file:.</parameter>"
     "<parameter name='cachableDuration'>15s</parameter></registry>",
     "2:113: error: cachableDuration is '15s'; a whole number is needed"},
    {"RegistryOfAnotherKind", "<registry provider='x.Y'/>",
     "2:1: warning: the registry x.Y is known but not supported by this version; its keys stay unresolved"},
    {"RegistryOverHttp",
     "<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'><parameter name='root'>http://h/</parameter></registry>",
     "2:1: warning: the registry root 'http://h/' is not read; its keys stay unresolved; file: roots are supported"},
    // cycles
    {"SequenceRunsItself", "<sequence name='a'><log/><sequence key='a'/></sequence>",
     "2:36: error: sequence 'a' runs itself: a -> a; a reference that leads back needs a condition"},
    {"SequencesRunOneAnother",
     "<sequence name='a'><sequence key='b'/></sequence>\n<sequence name='b'><in><sequence key='c'/></in></sequence>\n"
     "<sequence name='c'><sequence key='a'/></sequence>",
     "4:30: error: sequence 'a' runs itself: a -> b -> c -> a; a reference that leads back needs a condition"},
};

INSTANTIATE_TEST_SUITE_P(All, Mistakes, testing::ValuesIn(kMistakes), [](const auto& one) { return one.param.name; });

class MoreMistakes : public ConfigurationTest {};

TEST_F(MoreMistakes, AllAreToldAtOnce) {
  write("synapse.xml", definitions("<sequence name='a'><lgo/><sned/></sequence>\n<proxy name='p'/>"));
  write("endpoints/e.xml", "<endpoint " + kNs + "/>");
  write("endpoints/f.xml", "<endpoint");
  EXPECT_FALSE(load());
  EXPECT_EQ(problems.size(), 6u) << all();
}

TEST_F(MoreMistakes, SamplesOfRecursionThatEndIsAllowed) {
  write("synapse.xml", definitions("<sequence name='a'><filter xpath='true()'><then><sequence key='a'/></then></filter></sequence>\n"
                                   "<sequence name='b'><in><sequence key='c'/></in></sequence>\n"
                                   "<sequence name='c'><out><sequence key='b'/></out></sequence>"));
  EXPECT_TRUE(load()) << all();
  EXPECT_EQ(all(), "");
}

TEST_F(MoreMistakes, UnresolvedKeysAreErrorsWhenStrict) {
  write("synapse.xml", definitions("<proxy name='p'><target inSequence='nix'/></proxy>"));
  EXPECT_TRUE(load());
  options.strict = true;
  loader.reset();
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:2:25: error: sequence 'nix' is defined by no loaded file\n");
}

TEST_F(MoreMistakes, NothingIsFetchedByACheck) {  // REL-153
  options.offline = true;
  write("synapse.xml", definitions("<localEntry key='a' src='http://127.0.0.1:1/x'/>\n<localEntry key='b' src='file:gone'/>"));
  EXPECT_TRUE(load());
  EXPECT_EQ(all(),
            "synapse.xml:2:21: warning: 'http://127.0.0.1:1/x' was not fetched\n"
            "synapse.xml:3:21: warning: file:gone is no file\n");
}

}  // namespace
}  // namespace myelin
