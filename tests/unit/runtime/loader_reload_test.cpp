// What changes, and what does not, when a configuration is loaded again (server reference, 1.6).
#include "loader_fixture.hpp"

namespace myelin {
namespace {

std::string sequence(const std::string& name, const std::string& content) {
  return "<sequence " + kNs + " name=\"" + name + "\">" + content + "</sequence>";
}

class LoaderReload : public ConfigurationTest {
 protected:
  /// The kinds of mediators in a sequence; "-" when there is none.
  static std::string kinds(const std::shared_ptr<const Deployment>& deployment, const std::string& name) {
    const auto* list = deployment ? dynamic_cast<const List*>(deployment->sequence(name)) : nullptr;
    if (!list) return "-";
    std::string kinds;
    for (const auto& child : list->children()) kinds += (kinds.empty() ? "" : " ") + std::string(child->kind());
    return kinds;
  }
};

TEST_F(LoaderReload, TakesChangesOver) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  EXPECT_EQ(kinds(load(), "a"), "log");
  write("sequences/a.xml", sequence("a", "<log/><drop/>"));
  write("sequences/b.xml", sequence("b", "<drop/>"));
  const auto deployment = load();
  EXPECT_EQ(kinds(deployment, "a"), "log drop");
  EXPECT_EQ(kinds(deployment, "b"), "drop");
}

TEST_F(LoaderReload, KeepsTheOldContentOfABrokenFile) {  // SRV-026, REL-150, REL-155
  write("sequences/a.xml", sequence("a", "<log/>"));
  write("sequences/b.xml", sequence("b", "<log/>"));
  ASSERT_TRUE(load());
  write("sequences/a.xml", "<sequence");
  write("sequences/b.xml", sequence("b", "<drop/>"));
  auto deployment = load();
  EXPECT_EQ(kinds(deployment, "a"), "log");
  EXPECT_EQ(kinds(deployment, "b"), "drop") << "a bad file blocks no other";
  EXPECT_TRUE(told("sequences/a.xml:1:")) << all();
  write("sequences/a.xml", sequence("a", "<lgo/>"));
  deployment = load();
  EXPECT_EQ(kinds(deployment, "a"), "log");
  EXPECT_TRUE(told("unknown mediator"));
  deployment = load();
  EXPECT_EQ(kinds(deployment, "a"), "log") << "as often as it is tried";
  EXPECT_TRUE(told("unknown mediator")) << "and it is said again";
  write("sequences/a.xml", sequence("a", "<drop/>"));
  EXPECT_EQ(kinds(load(), "a"), "drop");
  EXPECT_EQ(all(), "");
}

TEST_F(LoaderReload, IgnoresANewBrokenFile) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  ASSERT_TRUE(load());
  write("sequences/new.xml", sequence("new", "<lgo/>"));
  const auto deployment = load();
  EXPECT_EQ(kinds(deployment, "a"), "log");
  EXPECT_EQ(kinds(deployment, "new"), "-");
}

TEST_F(LoaderReload, UndeploysARemovedFile) {  // SRV-027
  write("sequences/a.xml", sequence("a", "<log/>"));
  write("sequences/b.xml", sequence("b", "<sequence key=\"a\"/>"));
  ASSERT_TRUE(load());
  EXPECT_EQ(all(), "");
  remove("sequences/a.xml");
  EXPECT_EQ(kinds(load(), "a"), "-");
  EXPECT_TRUE(told("sequence 'a' is defined by no loaded file"));
}

TEST_F(LoaderReload, RestoresMainAndFault) {  // SRV-028
  write("sequences/main.xml", sequence("main", "<drop/>"));
  EXPECT_EQ(kinds(load(), "main"), "drop");
  remove("sequences/main.xml");
  EXPECT_EQ(kinds(load(), "main"), "log drop");
}

TEST_F(LoaderReload, KeepsTheOldContentWhenTheNewDoesNotLink) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  write("sequences/b.xml", sequence("b", "<log/>"));
  ASSERT_TRUE(load());
  write("sequences/a.xml", sequence("a", "<sequence key=\"a\"/>"));
  write("sequences/b.xml", sequence("b", "<drop/>"));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(kinds(deployment, "a"), "log");
  EXPECT_EQ(kinds(deployment, "b"), "drop");
  EXPECT_TRUE(told("sequence 'a' runs itself"));
}

TEST_F(LoaderReload, KeepsTheOldContentWhenANameIsTaken) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  write("sequences/b.xml", sequence("b", "<log/>"));
  ASSERT_TRUE(load());
  write("sequences/b.xml", sequence("a", "<drop/>"));
  const auto deployment = load();
  ASSERT_TRUE(deployment) << all();
  EXPECT_EQ(kinds(deployment, "a"), "log");
  EXPECT_EQ(kinds(deployment, "b"), "log");
  EXPECT_TRUE(told("a second sequence 'a'"));
}

TEST_F(LoaderReload, RecoversFromABadStart) {
  write("sequences/a.xml", sequence("a", "<lgo/>"));
  EXPECT_FALSE(load());
  write("sequences/a.xml", sequence("a", "<log/>"));
  EXPECT_EQ(kinds(load(), "a"), "log");
}

TEST_F(LoaderReload, WrongSettingsChangeNothing) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  write("myelin.properties", "server.threads=1\n");
  EXPECT_EQ(load()->setting("server.threads"), "1");
  write("myelin.properties", "server.threads=x\n");
  const auto deployment = load();
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->setting("server.threads"), "1");
  EXPECT_TRUE(told("server.threads is 'x'"));
}

TEST_F(LoaderReload, TheFolderMayVanish) {
  write("sequences/a.xml", sequence("a", "<log/>"));
  ASSERT_TRUE(load());
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(load()) << "the old deployment keeps serving";
  EXPECT_FALSE(problems.empty());
}

TEST_F(LoaderReload, AnOldDeploymentOutlivesTheNext) {  // REL-151
  write("sequences/a.xml", sequence("a", "<log/>"));
  const auto old = load();
  write("sequences/a.xml", sequence("a", "<drop/>"));
  const auto next = load();
  loader.reset();
  EXPECT_EQ(kinds(old, "a"), "log");
  EXPECT_EQ(kinds(next, "a"), "drop");
}


TEST_F(LoaderReload, RegistryResourcesAreReadAgain) {  // SRV-032, SRV-036
  const auto registry = [](const std::string& duration) {
    return definitions("<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'><parameter name='root'>file:../registry/"
                       "</parameter><parameter name='cachableDuration'>" + duration + "</parameter></registry>"
                       "<sequence name='main'><sequence key='s.xml'/></sequence>");
  };
  path = folder / "conf";
  write("conf/synapse.xml", registry("0"));
  write("registry/s.xml", "<sequence " + kNs + "><log/></sequence>");
  EXPECT_EQ(kinds(load(), "s.xml"), "log");
  EXPECT_EQ(loader->registry_folder(), std::filesystem::canonical(folder / "registry"));
  write("registry/s.xml", "<sequence " + kNs + "><drop/></sequence>");
  EXPECT_EQ(kinds(load(), "s.xml"), "drop");
  write("conf/synapse.xml", registry("-1"));
  EXPECT_TRUE(load());
  EXPECT_EQ(loader->registry_folder(), "") << "resources that never expire are not watched";
}

TEST_F(LoaderReload, ARegistryInsideTheConfigurationIsWatchedAnyway) {
  write("synapse.xml", definitions("<registry provider='org.apache.synapse.registry.url.SimpleURLRegistry'><parameter name='root'>file:registry"
                                   "</parameter></registry>"));
  write("registry/s.xml", "<sequence " + kNs + "><log/></sequence>");
  EXPECT_TRUE(load()) << all();
  EXPECT_EQ(loader->registry_folder(), "");
}

TEST_F(LoaderReload, StateKeysStayTheSame) {  // REL-156
  const auto keys = [](const Deployment& deployment) {
    std::vector<std::string> found;
    for (const auto& child : deployment.endpoint("lb")->children()) found.push_back(child->key);
    return found;
  };
  const std::string members = "<loadbalance><endpoint><default/></endpoint><endpoint name=\"m\"><default/></endpoint></loadbalance></endpoint>";
  write("endpoints/lb.xml", "<endpoint " + kNs + " name=\"lb\">" + members);
  const auto before = keys(*load());
  write("endpoints/a.xml", "<endpoint " + kNs + " name=\"a\"><default/></endpoint>");
  EXPECT_EQ(keys(*load()), before);
}

}  // namespace
}  // namespace myelin
