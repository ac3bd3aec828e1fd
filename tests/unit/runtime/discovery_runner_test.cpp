// The runner with real deployments and lists in files: it follows redeploys, shares its questions and ends
// when it is told to.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/ports/state.hpp"
#include "engine/runtime/discovery_runner.hpp"
#include "engine/runtime/loader.hpp"

namespace myelin {
namespace {

namespace fs = std::filesystem;

/// A registry that takes questions and answers none.
class Silent final : public DiscoveryProvider {
 public:
  Result<Polled> poll(Cancellation& cancellation) override {
    while (cancellation.wait(Duration(3'600'000))) {
    }
    return Fault("cancelled");
  }
};

DiscoveryKind silent() {
  DiscoveryKind kind;
  kind.check = [](DiscoverySource&, const fs::path&) { return std::string(); };
  kind.make = [](const DiscoverySource&) -> std::unique_ptr<DiscoveryProvider> { return std::make_unique<Silent>(); };
  return kind;
}
MYELIN_DISCOVERY("silent", silent);

class DiscoveryRunnerTest : public testing::Test {
 protected:
  DiscoveryRunnerTest() {
    fs::create_directories(folder / "conf");
    loader.emplace(folder / "conf", states, Loader::Options());
  }
  ~DiscoveryRunnerTest() override { fs::remove_all(folder); }

  static std::string group(std::string_view name, std::string_view path, std::string_view refresh = "100") {
    return "<endpoint name='" + std::string(name) + "'><loadbalance><discovery provider='file' refresh='" +
           std::string(refresh) + "'><parameter name='path'>" + std::string(path) + "</parameter></discovery></loadbalance></endpoint>";
  }
  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder / "new") << text;
    fs::rename(folder / "new", folder / name);
  }
  std::shared_ptr<const Deployment> load(const std::string& endpoints) {
    write("conf/synapse.xml", "<definitions xmlns='http://ws.apache.org/ns/synapse'>" + endpoints + "</definitions>");
    xml::Problems problems;
    auto deployment = loader->load(problems);
    for (const auto& problem : problems.all()) ADD_FAILURE() << problem.text();
    return deployment;
  }
  static void await(const DiscoveryRunner::FirstAnswers& answers, Duration patience = Duration(20'000)) {
    for (const auto& answer : answers) answer->await(patience);
  }
  static std::size_t members(const Deployment& deployment, std::string_view name) {
    return deployment.endpoint(name)->children().size();
  }
  /// Time passes by itself: the lists are read every 100 ms.
  static bool becomes(const Deployment& deployment, std::string_view name, std::size_t count) {
    const TimePoint until = Clock::now() + Duration(20'000);
    while (members(deployment, name) != count && Clock::now() < until) std::this_thread::yield();
    return members(deployment, name) == count;
  }

  const fs::path folder = fs::temp_directory_path() / ("discovery-runner-" + std::to_string(getpid()));
  StateStore states;
  std::optional<Loader> loader;
};

TEST_F(DiscoveryRunnerTest, TheFirstListIsWaitedFor) {
  write("one", "a:1\nb:1");
  const auto deployment = load(group("g", "../one") + group("h", "../one") + group("i", "../none"));
  ASSERT_EQ(deployment->discoverers.size(), 3u);
  DiscoveryRunner runner;
  await(runner.follow(deployment));
  EXPECT_EQ(members(*deployment, "g"), 2u);
  EXPECT_EQ(members(*deployment, "h"), 2u);
  EXPECT_EQ(members(*deployment, "i"), 0u) << "asked and failed";
}

TEST_F(DiscoveryRunnerTest, ARedeployHasTheListAndGoesOn) {
  write("one", "a:1\nb:1");
  auto old = load(group("g", "../one"));
  DiscoveryRunner runner;
  await(runner.follow(old));
  fs::remove(folder / "one");
  const auto next = load(group("g", "../one") + group("other", "../two"));
  EXPECT_EQ(members(*next, "g"), 2u) << "before anybody asks";
  runner.follow(next);
  old.reset();
  write("one", "a:1\nb:1\nc:1");
  write("two", "x:1");
  EXPECT_TRUE(becomes(*next, "g", 3));
  EXPECT_TRUE(becomes(*next, "other", 1));
}

TEST_F(DiscoveryRunnerTest, WhatNobodyWantsIsNotAskedAnyMore) {
  write("one", "a:1");
  const auto old = load(group("g", "../one"));
  DiscoveryRunner runner;
  await(runner.follow(old));
  const auto next = load(group("g", "../two"));
  write("two", "x:1");
  await(runner.follow(next));
  write("one", "a:1\nb:1");
  write("two", "x:1\ny:1");
  EXPECT_TRUE(becomes(*next, "g", 2));
  EXPECT_EQ(members(*old, "g"), 1u);
  EXPECT_EQ(old.use_count(), 1) << "the runner lets a deployment go";
}

TEST_F(DiscoveryRunnerTest, ASilentRegistryIsWaitedForOnceAndByThoseWhoWantToKnow) {
  const std::string group = "<endpoint name='g'><loadbalance><discovery provider='silent'/></loadbalance></endpoint>";
  DiscoveryRunner runner;
  const auto first = runner.follow(load(group));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_FALSE(first[0]->told());
  const auto second = runner.follow(load(group));
  ASSERT_EQ(second.size(), 1u) << "it has still not answered";
  EXPECT_EQ(second[0], first[0]);
  Clock::advance(Duration(1000));
  await(second, Duration(1000));  // it has been asked for so long already
  EXPECT_FALSE(second[0]->told());
  EXPECT_TRUE(runner.follow(load("<endpoint name='g'><address uri='http://a/'/></endpoint>")).empty());
  await(first);
  EXPECT_TRUE(first[0]->told()) << "nobody wants to know any more";
  runner.stop();
  EXPECT_TRUE(runner.follow(load(group)).empty());
}

// Lists change, deployments come and go, and messages ask: run under the sanitizers too.
TEST_F(DiscoveryRunnerTest, DeploymentsComeAndGoWhileListsChange) {
  write("one", "a:1");
  DiscoveryRunner runner;
  auto deployment = load(group("g", "../one"));
  std::shared_ptr<const Deployment> serving = deployment;
  std::mutex mutex;
  std::atomic<bool> over{false};
  std::thread shard([&] {
    while (!over) {
      std::shared_ptr<const Deployment> mine;
      {
        const std::lock_guard lock(mutex);
        mine = serving;
      }
      mine->endpoint("g")->ready(Clock::now());
      mine->endpoint("g")->children();
    }
  });
  for (int round = 0; round < 20; ++round) {
    await(runner.follow(deployment));
    {
      const std::lock_guard lock(mutex);
      serving = deployment;
    }
    write("one", round % 2 == 0 ? "a:1\nb:1" : "b:1");
    if (round % 4 == 0) {
      EXPECT_TRUE(becomes(*deployment, "g", 2));
    }
    deployment = load(group("g", "../one", round % 3 == 0 ? "100" : "150"));
  }
  over = true;
  shard.join();
  runner.stop();
}

}  // namespace
}  // namespace myelin
