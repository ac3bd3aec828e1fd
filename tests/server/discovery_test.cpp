// Lists change and configurations are deployed while many clients ask: nothing is lost, and nobody is sent
// to a member that has left.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

class DiscoveryUnderLoad : public testing::Test {
 protected:
  DiscoveryUnderLoad() {
    for (Backend* backend : {&a, &b, &c}) backend->behave(Behaviour::replying(backend->name()));
    server.threads = 2;
    // Not below the configuration: a list is none.
    list({&a, &b, &c});
  }

  void list(std::initializer_list<const Backend*> backends) {
    std::string text;
    for (const Backend* one : backends) text += one->address() + "/ id=" + one->name() + "\n";
    write_file(folder.path() / "members.new", text);
    std::filesystem::rename(folder.path() / "members.new", folder.path() / "members");
  }
  std::string configuration(std::string_view header) const {
    return main_sequence("<header name=\"X-Version\" scope=\"transport\" value=\"" + std::string(header) +
                         "\"/><send><endpoint name=\"farm\"><loadbalance><discovery provider=\"file\" refresh=\"100\">"
                         "<parameter name=\"path\">" + (folder.path() / "members").string() +
                         "</parameter></discovery></loadbalance></endpoint></send>");
  }

  TemporaryFolder folder;
  Backend a{"A"}, b{"B"}, c{"C"};
  Myelin server;
};

// GW-136, GW-137
TEST_F(DiscoveryUnderLoad, ChangesAndRedeploysLoseNothing) {
  server.set("http.keep_alive_requests=100000000");  // a client goes on for as long as it takes
  server.write("synapse.xml", configuration("0"));
  ASSERT_TRUE(server.start());
  std::atomic<bool> over{false};
  std::map<std::string, int> answers;
  std::mutex mutex;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      auto client = std::make_unique<HttpClient>(server.client());
      while (!over) {
        const auto answer = client->get("/");
        if (!answer.keeps_alive()) client = std::make_unique<HttpClient>(server.client());  // after 10,000 requests
        const std::lock_guard lock(mutex);
        ++answers[answer.complete && answer.status() == 200 ? answer.body : answer.start + answer.trouble];
      }
    });
  for (int round = 1; round <= 5; ++round) {
    list({&a, &b});
    EXPECT_TRUE(server.await_log("farm has 2 members: -C")) << round;
    server.write("synapse.xml", configuration(std::to_string(round)));
    server.deploy();
    list({&c});
    EXPECT_TRUE(c.await(c.count() + 20)) << round;
    list({&a, &b, &c});
    EXPECT_TRUE(a.await(a.count() + 20)) << round;
  }
  over = true;
  for (std::thread& client : clients) client.join();
  for (const auto& [body, count] : answers) EXPECT_TRUE(body == "A" || body == "B" || body == "C") << body << ": " << count;
  EXPECT_EQ(server.stop(), 0);
}

// A registry that does not answer keeps nobody waiting at the end.
TEST_F(DiscoveryUnderLoad, ShutdownDoesNotWaitForARegistry) {
  Backend registry("registry");
  registry.behave(Behaviour::of(Behaviour::Kind::hang));
  server.set("discovery.patience=50");
  server.write("synapse.xml", main_sequence("<send><endpoint><loadbalance><discovery provider=\"consul\"><parameter name=\"url\">" +
                                            registry.address() + "</parameter><parameter name=\"service\">s</parameter>"
                                            "</discovery></loadbalance></endpoint></send>"));
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(registry.await(1));
  EXPECT_EQ(server.stop(Millis(5'000)), 0);
}

// While one deployment waits for a registry that stays silent, others are deployed and the admin port answers.
TEST_F(DiscoveryUnderLoad, ASilentRegistryHoldsUpNobodyElse) {
  Backend registry("registry");
  registry.behave(Behaviour::of(Behaviour::Kind::hang));
  server.threads = 1;  // the admin port's shard serves messages too
  server.set("discovery.patience=60000");
  const auto sends = [](std::string_view endpoint) { return main_sequence("<send>" + std::string(endpoint) + "</send>"); };
  server.write("synapse.xml", sends("<endpoint><address uri=\"" + a.address() + "/\"/></endpoint>"));
  ASSERT_TRUE(server.start());
  server.write("synapse.xml", sends("<endpoint><loadbalance><discovery provider=\"consul\"><parameter name=\"url\">" +
                                    registry.address() + "</parameter><parameter name=\"service\">s</parameter>"
                                    "</discovery></loadbalance></endpoint>"));
  std::string waited;
  std::thread waiting([&] { waited = server.deploy(); });
  EXPECT_TRUE(registry.await(1));
  EXPECT_EQ(server.get("/").body, "A") << "it goes on with what was deployed";
  EXPECT_EQ(server.admin("GET", "/healthz").status(), 200);
  server.write("synapse.xml", sends("<endpoint><address uri=\"" + b.address() + "/\"/></endpoint>"));
  EXPECT_NE(server.deploy().find("\"errors\":0"), std::string::npos);
  EXPECT_EQ(server.get("/").body, "B");
  waiting.join();  // its changes were taken over with the later ones
  EXPECT_NE(waited.find("\"errors\":0"), std::string::npos) << waited;
  EXPECT_EQ(server.get("/").body, "B");
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace myelin::test
