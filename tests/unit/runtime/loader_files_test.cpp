// Which files a configuration consists of, and what each may hold (server reference, 1.1 to 1.5).
#include "loader_fixture.hpp"

namespace myelin {
namespace {

const std::string kEndpoint = "<address uri=\"http://127.0.0.1:1/\"/>";

std::string endpoint(const std::string& name) { return "<endpoint " + kNs + " name=\"" + name + "\">" + kEndpoint + "</endpoint>"; }
std::string sequence(const std::string& name, const std::string& content = "<log/>") {
  return "<sequence " + kNs + " name=\"" + name + "\">" + content + "</sequence>";
}
std::string proxy(const std::string& name) {
  return "<proxy " + kNs + " name=\"" + name + "\"><target><endpoint>" + kEndpoint + "</endpoint></target></proxy>";
}

class LoaderFiles : public ConfigurationTest {};

TEST_F(LoaderFiles, LoadsDefinitions) {  // SRV-001
  write("synapse.xml", definitions("<sequence name=\"main\"><log/></sequence><description>d</description>"));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(all(), "");
  EXPECT_TRUE(deployment->sequence("main"));
  EXPECT_EQ(deployment->main.in, deployment->sequence("main"));
  EXPECT_EQ(deployment->size(), 1u);
}

TEST_F(LoaderFiles, RefusesAnotherRoot) {  // SRV-002
  write("synapse.xml", "<?xml version=\"1.0\"?>\n <synapse " + kNs + "/>");
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:2:2: error: the root element is <synapse>; <definitions> of namespace http://ws.apache.org/ns/synapse is needed\n");
  write("synapse.xml", "<definitions xmlns=\"http://synapse.apache.org/ns/2010/04/configuration\"/>");
  EXPECT_FALSE(load());
  EXPECT_TRUE(told("the root element is {http://synapse.apache.org/ns/2010/04/configuration}definitions"));
}

TEST_F(LoaderFiles, RefusesUnknownTopLevelElements) {  // SRV-003, MED-003
  write("myelin.properties", "failsafe.mode.enable=all\n");
  write("synapse.xml", definitions("<sequnce name=\"a\"/>\n<log/>\n<a xmlns=\"urn:a\"/>\n<b xmlns=\"\"/>"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(),
            "synapse.xml:2:1: error: Invalid configuration element at the top level: <sequnce>; did you mean 'sequence'?\n"
            "synapse.xml:3:1: error: Invalid configuration element at the top level: <log>; mediators stand in a <sequence>\n"
            "synapse.xml:4:1: error: Invalid configuration element at the top level: {urn:a}a; elements are in namespace "
            "http://ws.apache.org/ns/synapse\n"
            "synapse.xml:5:1: error: Invalid configuration element at the top level: <b> without a namespace; elements are in "
            "namespace http://ws.apache.org/ns/synapse\n");
}

TEST_F(LoaderFiles, RefusesASecondRegistry) {  // SRV-004
  const std::string one = "<registry provider=\"org.apache.synapse.registry.url.SimpleURLRegistry\"><parameter name=\"root\">file:.</parameter></registry>\n";
  write("synapse.xml", definitions(one + one));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:3:1: error: a second <registry>; one is allowed\n");
}

TEST_F(LoaderFiles, RefusesATopLevelReference) {  // SRV-005, MED-003
  write("myelin.properties", "failsafe.mode.enable=all\n");
  write("synapse.xml", definitions("<sequence key=\"a\"/>"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:2:11: error: a top-level <sequence> with a key; a definition with a name is needed\n");
}

TEST_F(LoaderFiles, MakesMainAndFault) {  // SRV-006, SRV-007
  write("synapse.xml", definitions(""));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  const auto kinds = [&](const std::string& name) {
    std::string found;
    const auto* list = dynamic_cast<const List*>(deployment->sequence(name));
    for (const auto& child : list->children()) found += std::string(child->kind()) + ' ';
    return found;
  };
  EXPECT_EQ(kinds("main"), "log drop ");
  EXPECT_EQ(kinds("fault"), "log drop ");
  EXPECT_EQ(deployment->fault, deployment->sequence("fault"));
  EXPECT_EQ(deployment->size(), 0u) << "what nobody wrote is not counted";
  EXPECT_FALSE(deployment->endpoints_only);
}

TEST_F(LoaderFiles, ReadsTheFoldersOfBothProducts) {
  write("synapse.xml", definitions("<sequence name=\"a\"><sequence key=\"b\"/></sequence>"));
  write("sequences/b.xml", sequence("b"));
  write("endpoints/e.xml", endpoint("e"));
  write("proxy-services/p.xml", proxy("p"));
  write("local-entries/l.xml", "<localEntry " + kNs + " key=\"l\"> text </localEntry>");
  write("api/x.xml", "<api " + kNs + " name=\"x\" context=\"/x\"><resource/></api>");
  write("synapse-config/endpoints/f.xml", endpoint("f"));
  write("synapse-configs/default/sequences/main.xml", sequence("main"));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(all(), "") << "SRV-008, SRV-010: keys resolve across files in any order";
  EXPECT_TRUE(deployment->endpoint("e"));
  EXPECT_TRUE(deployment->endpoint("f"));
  EXPECT_TRUE(deployment->proxy("p"));
  EXPECT_EQ(deployment->entry("l")->value, "text");
  EXPECT_EQ(deployment->apis.size(), 1u);
  EXPECT_EQ(deployment->size(), 8u);
}

TEST_F(LoaderFiles, IgnoresOtherFilesAndDeeperFolders) {  // SRV-011, SRV-012
  write("endpoints/e.xml", endpoint("e"));
  write("endpoints/e.xml.back", "<broken");
  write("endpoints/README.md", "<broken");
  write("endpoints/deeper/f.xml", "<broken");
  write("unknown-folder/f.xml", "<broken");
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(all(), "");
  EXPECT_EQ(deployment->size(), 1u);
}

TEST_F(LoaderFiles, WantsTheArtifactOfTheFolder) {
  write("endpoints/s.xml", sequence("s"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "endpoints/s.xml:1:1: error: the root element is <sequence>; <endpoint> of namespace "
                   "http://ws.apache.org/ns/synapse is needed\n");
}

TEST_F(LoaderFiles, IgnoresRegistryXmlWhenThereIsARegistry) {  // SRV-009
  const auto registry = [](const std::string& attributes, const std::string& root) {
    return "<registry " + attributes + " provider=\"org.apache.synapse.registry.url.SimpleURLRegistry\"><parameter name=\"root\">file:" + root + "</parameter></registry>";
  };
  write("synapse.xml", definitions(registry("", "one/") + "<sequence name=\"main\"><send><endpoint key=\"e.xml\"/></send></sequence>"));
  write("registry.xml", registry(kNs, "two/"));
  write("one/e.xml", "<endpoint " + kNs + ">" + kEndpoint + "</endpoint>");
  auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(all(), "");
  EXPECT_TRUE(deployment->endpoint("e.xml"));
}

TEST_F(LoaderFiles, SkipsWhatItKnowsButDoesNotHave) {  // SRV-013
  write("task-manager.xml", "<taskManager " + kNs + " provider=\"x\"/>");
  write("imports/i.xml", "<import " + kNs + " name=\"n\" package=\"p\" status=\"enabled\"/>");
  EXPECT_TRUE(load());
  EXPECT_TRUE(told("task-manager.xml:1:1: warning: <taskManager> is known but not supported by this version"));
  EXPECT_TRUE(told("imports/i.xml:1:1: warning: <import> is known but not supported by this version"));
  write("inbound-endpoints/in.xml", "<inboundEndpoint " + kNs + " name=\"i\"/>");
  loader.reset();
  EXPECT_FALSE(load());
  EXPECT_TRUE(told("inbound-endpoints/in.xml:1:1: error: <inboundEndpoint> is known but not supported by this version"));
}

TEST_F(LoaderFiles, RefusesNamesThatAreTaken) {  // SRV-015
  write("proxy-services/a.xml", proxy("p"));
  write("proxy-services/b.xml", proxy("p"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "proxy-services/b.xml:1:1: error: a second proxy 'p'; proxy of that name is at proxy-services/a.xml:1:1\n");
}

TEST_F(LoaderFiles, RefusesASecondArtifactOfOneName) {
  write("synapse.xml", definitions("<sequence name=\"a\"/>\n<sequence name=\" a \"/>\n<endpoint name=\"a\">" + kEndpoint + "</endpoint>"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:3:1: error: a second sequence 'a'; sequence of that name is at synapse.xml:2:1\n")
      << "in the WSO2 dialect kinds have names of their own";
}

TEST_F(LoaderFiles, SharesNamesAcrossKindsInTheApacheDialect) {  // SRV-014
  write("myelin.properties", "synapse.dialect=apache\n");
  write("synapse.xml", definitions("<sequence name=\"a\"/>\n<endpoint name=\"a\">" + kEndpoint + "</endpoint>"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:3:1: error: a second endpoint 'a'; sequence of that name is at synapse.xml:2:1\n");
}

TEST_F(LoaderFiles, GuardsTheNamesOfEntries) {  // SRV-014 (W)
  write("synapse.xml", definitions("<localEntry key=\"a\">x</localEntry>\n<sequence name=\"a\"/>"));
  EXPECT_FALSE(load());
  EXPECT_TRUE(told("synapse.xml:3:1: error: a second sequence 'a'; local entry of that name is at synapse.xml:2:1"));
}

TEST_F(LoaderFiles, RefusesTwoApisOfOneContext) {  // SRV-016
  write("synapse.xml", definitions("<api name=\"a\" context=\"/x\"><resource/></api>\n"
                                   "<api name=\"b\" context=\"/x/\"><resource/></api>\n"
                                   "<api name=\"c\" context=\"/x\" version=\"1\" version-type=\"url\"><resource/></api>"));
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "synapse.xml:3:1: error: a second api context '/x'; api context of that name is at synapse.xml:2:1\n");
}

TEST_F(LoaderFiles, DoesNotStartWithABadArtifact) {  // SRV-018
  write("synapse.xml", definitions("<proxy name=\"bad\"/>"));
  EXPECT_FALSE(load());
  write("myelin.properties", "failsafe.mode.enable=endpoints\n");
  EXPECT_FALSE(load());
}

TEST_F(LoaderFiles, SkipsBadArtifactsOfToleratedCategories) {  // SRV-017, SRV-019
  write("synapse.xml", definitions("<proxy name=\"bad\"/>\n<sequence name=\"good\"/>"));
  write("endpoints/e.xml", "<endpoint");
  for (const std::string value : {"proxyservices,endpoints", "all"}) {
    write("myelin.properties", "failsafe.mode.enable=" + value + "\n");
    loader.reset();
    const auto deployment = load();
    ASSERT_TRUE(deployment) << value << all();
    EXPECT_TRUE(deployment->sequence("good"));
    EXPECT_FALSE(deployment->proxy("bad"));
    EXPECT_TRUE(told("synapse.xml:2:1: warning: proxy 'bad' has no <target>, so this proxy is skipped")) << all();
    EXPECT_TRUE(told("endpoints/e.xml:1:")) << all();
  }
}

TEST_F(LoaderFiles, ComparesCategoriesExactly) {  // SRV-020
  write("synapse.xml", definitions("<endpoint name=\"bad\"/>"));
  write("myelin.properties", "failsafe.mode.enable=proxyservices, endpoints\n");
  EXPECT_FALSE(load());
}

TEST_F(LoaderFiles, LoadsOneFile) {
  write("main.xml", definitions("<sequence name=\"main\"><log/></sequence>"));
  write("endpoints/broken.xml", "<not-read");
  path = folder / "main.xml";
  EXPECT_TRUE(load()) << all();
  write("artifact.xml", endpoint("e"));
  path = folder / "artifact.xml";
  loader.reset();
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_TRUE(deployment->endpoint("e"));
  write("artifact.xml", "<html/>");
  EXPECT_TRUE(load()) << "the old content stays";
  EXPECT_TRUE(told("the root element is <html> without a namespace; <definitions> or one artifact"));
  path = folder / "nothing.xml";
  loader.reset();
  EXPECT_FALSE(load());
  EXPECT_EQ(all(), "nothing.xml: error: there is no such file or folder\n");
}

TEST_F(LoaderFiles, ServesEndpointsThatStandAlone) {
  write("endpoints/a.xml", endpoint("a"));
  write("b.xml", endpoint("b"));
  write("log4j.xml", "<?xml version=\"1.0\"?>\n<configuration/>");
  write("sequences/fault.xml", sequence("fault"));
  auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_TRUE(deployment->endpoints_only);
  ASSERT_EQ(deployment->endpoint_services.size(), 2u);
  const Service& service = *deployment->endpoint_services.at("b");
  EXPECT_EQ(service.kind, Service::Kind::endpoint);
  EXPECT_EQ(service.endpoint, deployment->endpoint("b"));
  write("sequences/main.xml", sequence("main"));
  deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_FALSE(deployment->endpoints_only);
  EXPECT_TRUE(deployment->endpoint_services.empty());
}

TEST_F(LoaderFiles, WarnsOfDefinitionsThatAreNotLoaded) {
  write("other.xml", definitions("<sequence name=\"x\"/>"));
  write("typed.xml", "<!DOCTYPE a><a/>");
  EXPECT_TRUE(load());
  EXPECT_EQ(all(),
            "other.xml:1:1: warning: this file is not loaded; of several <definitions> only synapse.xml is\n"
            "typed.xml:1:1: warning: a DOCTYPE is not allowed\n");
}

TEST_F(LoaderFiles, LoadsTheShippedConfiguration) {
  path = std::filesystem::path(MYELIN_SOURCE_DIR) / "conf";
  options.strict = true;
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(all(), "");
  EXPECT_TRUE(deployment->endpoints_only) << "an endpoint dropped into conf/endpoints is served at once";
}

TEST_F(LoaderFiles, RefusesWrongSettings) {
  write("myelin.properties", "server.threads=x\n");
  write("synapse.xml", definitions(""));
  EXPECT_FALSE(load());
  EXPECT_TRUE(told("myelin.properties:1:16: error"));
}

TEST_F(LoaderFiles, PutsTheCommandLineAboveTheFiles) {
  write("myelin.properties", "log.level=info\n");
  loader = std::make_unique<Loader>(folder, states, options);
  loader->overrides.set("log.level", "debug");
  EXPECT_EQ(load()->setting("log.level"), "debug");
}

}  // namespace
}  // namespace myelin
