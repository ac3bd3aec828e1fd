// What the loader makes of correct configurations.
#include "engine/runtime/deployment.hpp"

#include "loader_fixture.hpp"

namespace myelin {
namespace {

class DeploymentTest : public ConfigurationTest {
 protected:
  std::shared_ptr<const Deployment> deploy(const std::string& content) {
    write("synapse.xml", definitions(content));
    auto deployment = load();
    EXPECT_TRUE(deployment) << all();
    EXPECT_EQ(all(), "");
    return deployment ? deployment : std::make_shared<Deployment>();
  }
};

const std::string kAddress = "<endpoint><address uri='http://127.0.0.1:1/'/></endpoint>";

TEST_F(DeploymentTest, TrimsTextEntries) {  // SRV-040, SRV-031
  const auto deployment = deploy("<localEntry key='k'>  a b\n</localEntry>");
  ASSERT_TRUE(deployment->entry("k"));
  EXPECT_EQ(deployment->entry("k")->value, "a b");
  EXPECT_EQ(deployment->entry("k")->type, LocalEntry::Type::text);
}

TEST_F(DeploymentTest, KeepsXmlEntries) {
  const auto deployment = deploy("<localEntry key='k'><description>d</description><x xmlns=''>1</x></localEntry>");
  EXPECT_EQ(deployment->entry("k")->value, "<x xmlns=\"\">1</x>");
  EXPECT_EQ(deployment->entry("k")->type, LocalEntry::Type::xml);
}

TEST_F(DeploymentTest, ReadsEntriesFromFiles) {
  write("values/x.xml", "<?xml version='1.0'?><!-- c --><x>1</x>");
  write("values/t.txt", "plain text\n");
  const auto deployment = deploy("<localEntry key='x' src='file:values/x.xml'/><localEntry key='t' src='file:./values/t.txt'/>"
                                 "<localEntry key='a' src='file://" + (folder / "values/t.txt").string() + "'/>");
  EXPECT_EQ(deployment->entry("x")->value, "<x>1</x>");
  EXPECT_EQ(deployment->entry("x")->type, LocalEntry::Type::xml);
  EXPECT_EQ(deployment->entry("t")->value, "plain text\n");
  EXPECT_EQ(deployment->entry("a")->value, "plain text\n");
}

TEST_F(DeploymentTest, FindsTheFilesOfTheSamples) {
  write("resources/x.xml", "<x/>");
  write("conf/synapse.xml", definitions("<localEntry key='x' src='file:repository/conf/sample/resources/x.xml'/>"));
  path = folder / "conf";
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(deployment->entry("x")->value, "<x/>");
}

TEST_F(DeploymentTest, UsesEntriesAsSequencesAndEndpoints) {  // SRV-038
  write("e.txt", "<endpoint " + kNs + "><address uri='http://127.0.0.1:1/'/></endpoint>");
  const auto deployment = deploy("<localEntry key='e'>" + kAddress + "</localEntry>"
                                 "<localEntry key='f' src='file:e.txt'/>"
                                 "<localEntry key='s'><sequence><send><endpoint key='f'/></send></sequence></localEntry>"
                                 "<proxy name='p'><target endpoint='e' inSequence='s'/></proxy>");
  const Proxy* proxy = deployment->proxy("p");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->endpoint, deployment->endpoint("e"));
  EXPECT_TRUE(proxy->endpoint);
  EXPECT_EQ(proxy->in, deployment->sequence("s"));
  EXPECT_TRUE(proxy->in);
  EXPECT_TRUE(deployment->endpoint("f"));
}

TEST_F(DeploymentTest, KnowsTheServer) {  // SRV-041
  const auto deployment = deploy("");
  ASSERT_TRUE(deployment->entry("SERVER_HOST"));
  ASSERT_TRUE(deployment->entry("SERVER_IP"));
  EXPECT_FALSE(deployment->entry("SERVER_HOST")->value.empty());
  EXPECT_NE(deployment->entry("SERVER_IP")->value.find('.'), std::string::npos);
}

TEST_F(DeploymentTest, ResolvesKeysInTheRegistry) {  // SRV-032
  write("registry/endpoint/e.xml", "<endpoint " + kNs + "><address uri='http://127.0.0.1:1/'/></endpoint>");
  write("registry/s.xml", "<sequence " + kNs + " name='s'><send><endpoint key='endpoint/e.xml'/></send></sequence>");
  const auto deployment = deploy("<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'>"
                                 "<parameter name='root'>file:registry</parameter><parameter name='cachableDuration'>0</parameter></registry>"
                                 "<sequence name='main'><sequence key='s.xml'/></sequence>");
  EXPECT_TRUE(deployment->sequence("s.xml"));
  EXPECT_TRUE(deployment->endpoint("endpoint/e.xml"));
  EXPECT_EQ(deployment->size(), 1u);
}

TEST_F(DeploymentTest, ABadRegistryResourceIsNoEndpoint) {
  write("registry/e.xml", "<endpoint " + kNs + ">\n<adress/></endpoint>");
  write("synapse.xml", definitions("<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'><parameter name='root'>file:registry</parameter></registry>\n"
                                   "<sequence name='main'><send><endpoint key='e.xml'/></send></sequence>"));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_FALSE(deployment->endpoint("e.xml"));
  EXPECT_EQ(all(),
            "registry/e.xml:2:1: warning: Invalid endpoint configuration: found <adress>; did you mean 'address'?\n"
            "synapse.xml:3:29: warning: endpoint 'e.xml' is defined by no loaded file\n");
}

TEST_F(DeploymentTest, BindsProxies) {
  const auto deployment = deploy(
      "<sequence name='in'/><sequence name='out'/><sequence name='f'/><localEntry key='k'>w</localEntry><localEntry key='r'>x</localEntry>"
      "<proxy name='P' transports='https' startOnLoad='false'><target inSequence='in' outSequence='out' faultSequence='f'>" + kAddress + "</target>"
      "<publishWSDL key='k' uri='u' preservePolicy='false'><resource location='l' key='r'/></publishWSDL>"
      "<parameter name='a'> b </parameter><parameter name='x'><y xmlns=''/></parameter></proxy>");
  const Proxy* proxy = deployment->proxy("P");
  ASSERT_TRUE(proxy);
  EXPECT_FALSE(proxy->http);  // SRV-058
  EXPECT_TRUE(proxy->https);
  EXPECT_FALSE(proxy->running);  // SRV-059
  EXPECT_EQ(proxy->in, deployment->sequence("in"));
  EXPECT_EQ(proxy->out, deployment->sequence("out"));
  EXPECT_EQ(proxy->fault, deployment->sequence("f"));
  EXPECT_EQ(proxy->endpoint, proxy->own_endpoint.get());
  EXPECT_EQ(proxy->wsdl_key, "k");
  EXPECT_EQ(proxy->wsdl_uri, "u");
  const std::vector<std::pair<std::string, std::string>> parameters{{"a", "b"}, {"x", "<y xmlns=\"\"/>"}};
  EXPECT_EQ(proxy->parameters, parameters);
}

TEST_F(DeploymentTest, AProxyWithOnlyAnEndpointHasNoFlows) {  // SRV-052
  const auto deployment = deploy("<proxy name='P'><target>" + kAddress + "</target></proxy>");
  const Proxy* proxy = deployment->proxy("P");
  EXPECT_FALSE(proxy->has_in());
  EXPECT_FALSE(proxy->has_out());
  EXPECT_TRUE(proxy->has_endpoint());
  EXPECT_TRUE(proxy->http && proxy->https && proxy->running);
}

TEST_F(DeploymentTest, FindsProxiesByEndpointName) {  // SRV-068
  const auto deployment = deploy("<proxy name='P'><target>" + kAddress + "</target></proxy>"
                                 "<proxy name='Q.x'><target>" + kAddress + "</target></proxy>");
  EXPECT_EQ(deployment->proxy("P.PHttpSoap11Endpoint"), deployment->proxy("P"));
  EXPECT_EQ(deployment->proxy("Q.x")->name, "Q.x");
  EXPECT_FALSE(deployment->proxy("P2"));
}

TEST_F(DeploymentTest, StopsProxiesPinnedElsewhere) {  // SRV-060
  const std::string target = "<target>" + kAddress + "</target></proxy>";
  write("myelin.properties", "server.name=one\n");
  const auto deployment = deploy("<proxy name='here' pinnedServers='two, one'>" + target + "<proxy name='there' pinnedServers='two'>" + target);
  EXPECT_TRUE(deployment->proxy("here")->running);
  EXPECT_FALSE(deployment->proxy("there")->running);
}

TEST_F(DeploymentTest, BindsApis) {
  const auto deployment = deploy(
      "<api name='a' context='/x//' hostname='h' port='8280' transports='https'>"
      "<resource methods='GET POST' uri-template='/o/{id}' protocol='http' content-type='text/xml' user-agent='.*c.*' inSequence='main'>"
      "<outSequence><log/></outSequence></resource><resource/></api>");
  ASSERT_EQ(deployment->apis.size(), 1u);
  const Api& api = *deployment->apis[0];
  EXPECT_EQ(api.context, "/x");  // SRV-075
  EXPECT_EQ(api.hostname, "h");
  EXPECT_EQ(api.port, 8280);
  EXPECT_FALSE(api.http);
  ASSERT_EQ(api.resources.size(), 2u);
  const Resource& resource = *api.resources[0];
  EXPECT_EQ(resource.methods, (std::vector<std::string>{"GET", "POST"}));
  EXPECT_EQ(resource.pattern.kind, UriPattern::Kind::uri_template);
  EXPECT_EQ(resource.https, false);
  EXPECT_EQ(resource.content_type, "text/xml");
  EXPECT_EQ(resource.in, deployment->sequence("main"));
  EXPECT_EQ(resource.out, resource.own_out.get());
  EXPECT_TRUE(resource.out);
  EXPECT_FALSE(api.resources[1]->https);
  EXPECT_EQ(api.resources[1]->pattern.kind, UriPattern::Kind::fallback);
}

TEST_F(DeploymentTest, NamesAndPlacesVersionedApis) {  // SRV-078, SRV-079
  const auto deployment = deploy(
      "<api name='a' context='/x' version='1.0' version-type='url'><resource/></api>"
      "<api name='b' context='/y/{version}/z' version='2' version-type='context'><resource/></api>");
  std::map<std::string, const Api*> apis;
  for (const auto& api : deployment->apis) apis[api->name] = api.get();
  ASSERT_TRUE(apis.contains("a:v1.0"));
  EXPECT_EQ(apis["a:v1.0"]->versioning, Api::Versioning::url);
  EXPECT_EQ(apis["a:v1.0"]->context, "/x");
  ASSERT_TRUE(apis.contains("b:v2"));
  EXPECT_EQ(apis["b:v2"]->context, "/y/2/z");
}

TEST_F(DeploymentTest, OrdersApisByContext) {  // SRV-080, SRV-081
  const auto deployment = deploy("<api name='root' context='/'><resource/></api><api name='short' context='/a'><resource/></api>"
                                 "<api name='long' context='/a/b'><resource/></api>");
  std::string names;
  for (const auto& api : deployment->apis) names += api->name + ' ';
  EXPECT_EQ(names, "long short root ");
}

TEST_F(DeploymentTest, ReadsTheTransportsOfBothDialects) {  // SRV-083
  const std::string api = "<api name='a' context='/x' transport='http'><resource/></api>";
  EXPECT_FALSE(deploy(api)->apis.at(0)->https);
  write("myelin.properties", "synapse.dialect=apache\n");
  EXPECT_FALSE(deploy(api)->apis.at(0)->https);
}

TEST_F(DeploymentTest, KnowsTheWellKnownSequences) {
  const auto deployment = deploy("<sequence name='pre-mediate'/><sequence name='_resource_mismatch_handler_'/>"
                                 "<sequence name='_method_not_allowed_handler_'/>");
  EXPECT_EQ(deployment->pre_mediate, deployment->sequence("pre-mediate"));
  EXPECT_EQ(deployment->resource_mismatch, deployment->sequence("_resource_mismatch_handler_"));
  EXPECT_EQ(deployment->method_not_allowed, deployment->sequence("_method_not_allowed_handler_"));
  EXPECT_TRUE(deployment->pre_mediate && deployment->resource_mismatch && deployment->method_not_allowed);
}

TEST_F(DeploymentTest, EndpointsHaveTheirNamesPropertiesAndKeys) {
  const auto deployment = deploy(
      "<endpoint name=' e ' onError='fault'><address uri='http://127.0.0.1:1/'/><description> d </description>"
      "<property name='p' value='1'/><property name='q' expression=\"get-property('x')\" scope='axis2'/>"
      "<property name='p' value='2' scope='transport'/></endpoint>"
      "<endpoint name='lb'><loadbalance><endpoint name='m'><address uri='http://127.0.0.1:1/'/></endpoint>"
      "<endpoint><address uri='http://127.0.0.1:2/'/></endpoint></loadbalance></endpoint>");
  const Endpoint* endpoint = deployment->endpoint("e");  // EP-009
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->description, "d");
  EXPECT_EQ(endpoint->key, "endpoint:e");
  EXPECT_EQ(endpoint->where.line, 2);
  EXPECT_EQ(dynamic_cast<const Leaf*>(endpoint)->on_error, "fault");
  ASSERT_EQ(endpoint->properties.size(), 2u);  // EP-032
  EXPECT_EQ(endpoint->properties[0].value, "2");
  EXPECT_EQ(endpoint->properties[0].scope, EndpointProperty::Scope::transport);
  EXPECT_TRUE(endpoint->properties[1].expression);
  const auto members = deployment->endpoint("lb")->children();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0]->key, "endpoint:lb/m");
  EXPECT_NE(members[0]->key, members[1]->key);
}

TEST_F(DeploymentTest, SessionAndBalancingMayComeInAnyOrder) {  // EP-003
  const std::string session = "<session type='http'/>";
  const std::string group = "<loadbalance><endpoint><default/></endpoint></loadbalance>";
  const auto deployment = deploy("<endpoint name='a'>" + session + group + "</endpoint><endpoint name='b'>" + group + session + "</endpoint>");
  EXPECT_EQ(deployment->endpoint("a")->kind(), deployment->endpoint("b")->kind());
}

}  // namespace
}  // namespace myelin
