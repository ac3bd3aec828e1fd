// Which endpoints are checked when, on shards whose time stands still unless it is advanced.

#include "engine/runtime/health_runner.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "engine/ports/health.hpp"

namespace myelin {
namespace {

class Target final : public Leaf {
 public:
  explicit Target(const std::string& host) {
    key = name = host;
    health_check = std::make_shared<HealthCheck>();
    health_check->type = HealthCheck::Type::tcp;
    health_check->url = "http://" + host + "/";
    health_check->interval = Duration(60'000);
    health_check->timeout = Duration(5'000);
    health_record = std::make_shared<HealthRecord>();
    health_record->begin(health_check->rules);
  }
  std::string_view kind() const noexcept override { return "address"; }
  bool ready(TimePoint, Use) const override { return true; }
  Choice choose(Delivery&, Message&) const override { return *this; }
  Result<void> prepare(Message&, OutgoingRequest&) const override { return {}; }
  void succeeded(int, TimePoint, TimePoint) const override {}
  void failed(const Fault&, TimePoint, TimePoint) const override {}
  bool allows_failover(int, int) const noexcept override { return true; }
};

class Found final : public Endpoint {
 public:
  std::vector<std::shared_ptr<const Endpoint>> members;
  bool may_change = true;

  std::string_view kind() const noexcept override { return "loadbalance"; }
  bool ready(TimePoint, Use) const override { return true; }
  Choice choose(Delivery&, Message&) const override { return Fault(); }
  bool changes() const noexcept override { return may_change; }
  std::vector<std::shared_ptr<const Endpoint>> children() const override { return members; }
};

/// A shard without a network: connections succeed, or wait for `release`.
class Network final : public Sender {
 public:
  bool holds = false;
  std::map<std::string, int> probes;
  int waits = 0;
  Signal release;

  Task<Result<BackendResponse*>> send(const OutgoingRequest&) override { co_return Fault("no HTTP here"); }
  Task<Result<void>> probe(const OutgoingRequest& request) override {
    ++probes[std::string(request.url.host)];
    if (holds) co_await release;
    co_return Result<void>();
  }
  Task<bool> wait(Signal& signal, Duration time) override {
    ++waits;
    waiting_ = &signal;
    due_ = Clock::now() + time;
    co_await signal;
    waiting_ = nullptr;
    co_return signal.is_set();
  }
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }

  /// Carries out what was posted and what is due.
  void turn() {
    for (; !posted_.empty(); posted_.pop_front()) posted_.front()();
    while (waiting_ && due_ <= Clock::now()) std::exchange(waiting_, nullptr)->interrupt();
  }

 private:
  std::deque<std::function<void()>> posted_;
  Signal* waiting_ = nullptr;
  TimePoint due_{};
};

class HealthRunnerTest : public testing::Test {
 protected:
  void follow(const Endpoint& root) {
    auto deployment = std::make_shared<Deployment>();
    deployment->endpoint_roots = {&root};
    runner.follow(deployment);
    turn();
  }
  void turn() {
    first.turn();
    second.turn();
  }
  void advance(int milliseconds) {
    Clock::advance(Duration(milliseconds));
    turn();
  }
  int probes(const std::string& host) { return first.probes[host] + second.probes[host]; }

  Network first, second;
  HealthRunner runner{{&first, &second}};
};

TEST_F(HealthRunnerTest, EachEndpointIsCheckedByOneShardAtItsOwnTimes) {
  Found group;
  for (int i = 0; i < 40; ++i) group.members.push_back(std::make_shared<Target>("h" + std::to_string(i)));
  follow(group);
  advance(1'000);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(probes("h" + std::to_string(i)), 1) << i;
  EXPECT_GT(first.probes.size(), 5u);
  EXPECT_GT(second.probes.size(), 5u);
  advance(60'000);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(probes("h" + std::to_string(i)), 2) << i;
}

TEST_F(HealthRunnerTest, StartsAtAnOffsetWithinTheJitterThatIsTheSameEachTime) {
  const auto offsets = [] {
    Network network;
    Found group;
    for (int i = 0; i < 10; ++i) group.members.push_back(std::make_shared<Target>("h" + std::to_string(i)));
    auto deployment = std::make_shared<Deployment>();
    deployment->endpoint_roots = {&group};
    HealthRunner alone{{&network}};
    alone.follow(deployment);
    network.turn();
    std::string counts;
    for (int step = 0; step < 3; ++step) {
      counts += std::to_string(network.probes.size()) + ' ';
      Clock::advance(Duration(440));
      network.turn();
    }
    return counts + std::to_string(network.probes.size());
  };
  const std::string once = offsets();
  EXPECT_TRUE(once.ends_with(" 10")) << once;
  EXPECT_FALSE(once.starts_with("10")) << once;
  EXPECT_EQ(once, offsets());
}

// GW-136
TEST_F(HealthRunnerTest, ChildrenThatAppearAreCheckedAndThoseThatVanishAreNot) {
  Found group;
  group.members = {std::make_shared<Target>("a")};
  follow(group);
  advance(1'000);
  group.members.push_back(std::make_shared<Target>("b"));
  advance(1'000);
  advance(1'000);
  EXPECT_EQ(probes("b"), 1);
  group.members.erase(group.members.begin());
  advance(1'000);
  advance(60'000);
  EXPECT_EQ(probes("a"), 1);
  EXPECT_EQ(probes("b"), 2);
}

TEST_F(HealthRunnerTest, CheckUnderWayIsNotJoinedByAnother) {
  Found group;
  auto target = std::make_shared<Target>("a");
  group.members = {target};
  first.holds = second.holds = true;
  follow(group);
  advance(1'000);
  advance(60'000);
  advance(60'000);
  EXPECT_EQ(probes("a"), 1);
  first.holds = second.holds = false;
  first.release.set();
  second.release.set();
  advance(60'000);
  EXPECT_EQ(probes("a"), 2);
  EXPECT_EQ(target->health_record->passed(), 2u);
}

TEST_F(HealthRunnerTest, UnchangedEndpointKeepsItsRhythmOverARedeploy) {
  Found group;
  auto target = std::make_shared<Target>("a");
  group.members = {target};
  follow(group);
  advance(1'000);
  advance(30'000);
  follow(group);
  advance(1'000);
  EXPECT_EQ(probes("a"), 1);
  advance(29'000);
  EXPECT_EQ(probes("a"), 2);
  target->health_check = std::make_shared<HealthCheck>();
  target->health_check->type = HealthCheck::Type::tcp;
  target->health_check->url = "http://a/";
  follow(group);
  advance(1'000);
  EXPECT_EQ(probes("a"), 3);
}

TEST_F(HealthRunnerTest, ForgetsTheStateOfEndpointsThatAreNoLongerChecked) {
  Found group;
  auto target = std::make_shared<Target>("a");
  group.members = {target};
  target->condition().set_health(Health::down);
  target->health_check = nullptr;
  follow(group);
  EXPECT_EQ(target->condition().health(), Health::unknown);
}

TEST_F(HealthRunnerTest, NoTimerRunsWhileThereIsNothingToCheck) {
  Found group;
  group.may_change = false;
  follow(group);
  EXPECT_EQ(first.waits + second.waits, 0);
  group.members = {std::make_shared<Target>("a")};
  follow(group);
  advance(1'000);
  EXPECT_EQ(probes("a"), 1);
}

TEST_F(HealthRunnerTest, StopGivesUpWhatIsUnderWayAndStartsNothingMore) {
  Found group;
  group.members = {std::make_shared<Target>("a"), std::make_shared<Target>("b")};
  std::weak_ptr<const Endpoint> held = group.members.front();
  first.holds = second.holds = true;
  follow(group);
  advance(1'000);
  runner.stop();
  for (Network* network : {&first, &second}) network->turn();
  group.members.clear();
  EXPECT_TRUE(held.expired());
  follow(group);
  EXPECT_EQ(probes("a"), 1);
}

}  // namespace
}  // namespace myelin
