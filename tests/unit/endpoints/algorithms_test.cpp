#include <array>
#include <atomic>
#include <numeric>
#include <thread>

#include "engine/base/hash.hpp"
#include "engine/base/random.hpp"
#include "engine/ports/algorithm.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

constexpr std::string_view kClasses = "org.apache.synapse.endpoints.algorithms.";

/// Members that a test sets as it likes; named a, b, c ...
class Fakes final : public Candidates {
 public:
  explicit Fakes(std::vector<std::uint32_t> weights_of_members) : weights(std::move(weights_of_members)) {
    up.assign(weights.size(), true);
    busy.assign(weights.size(), 0);
    times.assign(weights.size(), 0);
  }
  std::size_t size() const noexcept override { return weights.size(); }
  bool ready(std::size_t member) const override { return up[member]; }
  std::uint32_t weight(std::size_t member) const noexcept override { return weights[member]; }
  std::uint32_t in_flight(std::size_t member) const noexcept override { return busy[member]; }
  std::uint32_t latency(std::size_t member) const noexcept override { return times[member]; }
  std::uint64_t hash_key() const override { return key; }

  std::vector<std::uint32_t> weights, busy, times;
  std::vector<char> up;
  std::uint64_t key = 0;
};

class AlgorithmsTest : public EndpointTest {
 protected:
  /// The algorithm of that policy, configured for members m0, m1 ... or with those identities.
  std::unique_ptr<Algorithm> policy(std::string_view name, const Fakes& fakes, std::vector<std::string> identities = {}) {
    const PolicyFactory* factory = Policies::instance().find(name);
    EXPECT_TRUE(factory) << name;
    auto algorithm = factory->make();
    if (identities.empty())
      for (std::size_t i = 0; i < fakes.size(); ++i) identities.push_back("m" + std::to_string(i));
    std::vector<Member> members;
    for (std::size_t i = 0; i < fakes.size(); ++i) {
      members.push_back({nullptr, fakes.weights[i], true, {}});
      members.back().identity = identities[i];
    }
    EXPECT_EQ(algorithm->configure(members, *group_), "");
    return algorithm;
  }
  std::size_t pick(Algorithm& algorithm, const Fakes& fakes) {
    const auto picked = algorithm.pick(fakes, message_);
    return picked ? *picked : 99;
  }
  /// Letters of the members picked; '-': none.
  std::string picks(Algorithm& algorithm, const Fakes& fakes, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
      const auto picked = algorithm.pick(fakes, message_);
      all += picked ? static_cast<char>('a' + *picked) : '-';
    }
    return all;
  }
  std::vector<int> counts(Algorithm& algorithm, const Fakes& fakes, int times) {
    std::vector<int> all(fakes.size());
    for (int i = 0; i < times; ++i) ++all.at(pick(algorithm, fakes));
    return all;
  }
  /// The same by four threads together, each with messages of its own.
  static std::vector<int> counts_of_threads(Algorithm& algorithm, const Fakes& fakes, int each) {
    std::vector<std::atomic<int>> all(fakes.size());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        Message message;
        for (int i = 0; i < each; ++i)
          if (const auto picked = algorithm.pick(fakes, message)) ++all[*picked];
      });
    for (auto& thread : threads) thread.join();
    return {all.begin(), all.end()};
  }
  static std::vector<int> sorted(std::vector<int> numbers) {
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  /// A group of leaves a, b, c ... with those weights.
  std::unique_ptr<Endpoint> group(std::string_view attributes, const std::vector<std::string>& weights,
                                  std::string_view more = "", std::string scope = "sequence:main") {
    std::string children;
    for (std::size_t i = 0; i < weights.size(); ++i)
      children += leaf(static_cast<char>('a' + i), "", weights[i].empty() ? "" : weight(weights[i]));
    return linked("<endpoint><loadbalance " + std::string(attributes) + ">" + children + "</loadbalance>" +
                  std::string(more) + "</endpoint>", std::move(scope));
  }
  static std::string weight(const std::string& value) {
    return "<property name='loadbalance.weight' value='" + value + "'/>";
  }
  static void busy(const Endpoint& group, std::size_t child, int messages) {
    for (int i = 0; i < messages; ++i) group.children()[child]->condition().begin();
  }

  Message message_;
  std::unique_ptr<Endpoint> group_ = build("<endpoint><loadbalance>" + leaf('a') + "</loadbalance></endpoint>", "none");
};

// --- random ---------------------------------------------------------------------------------------------

/// Sum of squared deviations over the expectation. With 4 members (3 degrees of freedom) it is above 50
/// once in 10^10 runs.
double chi_square(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST_F(AlgorithmsTest, RandomIsUniform) {  // GW-099
  const Fakes fakes({1, 1, 1, 1});
  const auto random = policy("random", fakes);
  EXPECT_LT(chi_square(counts(*random, fakes, 40'000), 10'000), 50);
}

TEST_F(AlgorithmsTest, RandomIsUniformOverTheReady) {
  Fakes fakes(std::vector<std::uint32_t>(100, 1));
  fakes.up.assign(100, false);
  for (const std::size_t up : {7, 8, 50, 99}) fakes.up[up] = true;
  const auto random = policy("random", fakes);
  const auto all = counts(*random, fakes, 40'000);
  EXPECT_LT(chi_square({all[7], all[8], all[50], all[99]}, 10'000), 50);
  fakes.up.assign(100, false);
  EXPECT_EQ(picks(*random, fakes, 1), "-");
}

// --- weighted, interleaved ------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, WeightedRoundRobinIsInterleaved) {  // GW-096, GW-097
  const std::pair<std::vector<std::uint32_t>, std::string> table[] = {
      {{3, 1}, "abaaabaaabaa"},
      {{1, 3}, "abbbabbb"},
      {{9, 1}, "abaaaaaaaaabaaaaaaaa"},
      {{1, 1, 1}, "abcabc"},
      {{3, 2, 1}, "abcabaabcaba"},
      {{5}, "aaaaaaa"},
  };
  for (const auto& [weights, order] : table) {
    const Fakes fakes(weights);
    EXPECT_EQ(picks(*policy("weightedRoundRobin", fakes), fakes, static_cast<int>(order.size())), order);
  }
}

TEST_F(AlgorithmsTest, WeightedRoundRobinPassesOverTheUnready) {
  Fakes fakes({3, 1, 2});
  const auto algorithm = policy("weightedRoundRobin", fakes);
  EXPECT_EQ(picks(*algorithm, fakes, 2), "ab");
  fakes.up[0] = false;
  EXPECT_EQ(picks(*algorithm, fakes, 6), "ccbccb") << "the cycle goes on, and the next ones hold b and c alone";
  fakes.up[2] = false;
  EXPECT_EQ(picks(*algorithm, fakes, 3), "bbb");
  fakes.up[1] = false;
  EXPECT_EQ(picks(*algorithm, fakes, 2), "--");
  fakes.up.assign(3, true);
  EXPECT_EQ(picks(*algorithm, fakes, 10), "cacaabcaca") << "where it stood, then whole cycles";
}

TEST_F(AlgorithmsTest, WeightsSetWhileRunningAreFollowed) {
  Fakes fakes({1, 1});
  const auto interleaved = policy("weightedRoundRobin", fakes);
  EXPECT_EQ(picks(*interleaved, fakes, 4), "abab");
  fakes.weights = {1, 3};
  EXPECT_EQ(picks(*interleaved, fakes, 8), "abbbabbb");
  fakes.weights = {2, 1};
  EXPECT_EQ(picks(*interleaved, fakes, 6), "abaaba");

  const auto bursty = group("algorithm='" + std::string(kClasses) + "WeightedRoundRobin'", {"2", "1"});
  EXPECT_EQ(trials(*bursty, 3), "aab");
  bursty->children()[1]->condition().set_weight(3);
  EXPECT_EQ(trials(*bursty, 7), "bbaabbb");
}

TEST_F(AlgorithmsTest, HugeWeightsCostNothing) {
  const Fakes fakes({2'000'000'000, 1});
  EXPECT_EQ(picks(*policy("weightedRoundRobin", fakes), fakes, 5), "abaaa");
}

TEST_F(AlgorithmsTest, ABadWeightCountsAsOne) {  // GW-100
  EXPECT_EQ(trials(*group("policy='weightedRoundRobin'", {"2", "0", "-3"}), 8), "abcaabca");
}

TEST_F(AlgorithmsTest, ShortNamesTakeTheAttributeToo) {
  const auto endpoint = linked("<endpoint><loadbalance policy='weightedRoundRobin'>"
                               "<endpoint weight='3'><address uri='http://a/'/></endpoint>" + leaf('b') +
                               "</loadbalance></endpoint>");
  EXPECT_EQ(trials(*endpoint, 8), "abaaabaa");
}

// --- weighted random ----------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, WeightedRandomIsExactInEveryCycle) {  // GW-098
  const Fakes fakes({2, 1, 1});
  const auto algorithm = policy("weightedRandom", fakes);
  std::set<std::string> orders;
  for (int cycle = 0; cycle < 400; ++cycle) {
    std::string order = picks(*algorithm, fakes, 4);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order, "aabc");
  }
  EXPECT_EQ(orders.size(), 12U) << "every order comes up";
}

TEST_F(AlgorithmsTest, WeightedRandomPassesOverTheUnready) {
  Fakes fakes({2, 5, 1});
  const auto algorithm = policy("weightedRandom", fakes);
  fakes.up[1] = false;
  for (int cycle = 0; cycle < 20; ++cycle) {
    std::string order = picks(*algorithm, fakes, 3);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order, "aac");
  }
  fakes.up.assign(3, false);
  EXPECT_EQ(picks(*algorithm, fakes, 1), "-");
  fakes.weights = {1, 1, 4};
  fakes.up.assign(3, true);
  counts(*algorithm, fakes, 8);  // what is left of the bag filled before
  EXPECT_EQ(counts(*algorithm, fakes, 6), (std::vector<int>{1, 1, 4})) << "the next bag holds the new weights";
}

TEST_F(AlgorithmsTest, WeightedRandomWithManyMembers) {
  std::vector<std::uint32_t> weights(777);
  std::iota(weights.begin(), weights.end(), 1U);
  const Fakes fakes(weights);
  const auto algorithm = policy("weightedRandom", fakes);
  EXPECT_EQ(counts(*algorithm, fakes, 777 * 778 / 2), std::vector<int>(weights.begin(), weights.end()));
}

// --- across threads -----------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, CyclesAreExactAcrossThreads) {
  const Fakes fakes({5, 2, 1});
  for (const std::string_view name : {"weightedRoundRobin", "weightedRandom", "leastConnections", "leastResponseTime"})
    EXPECT_EQ(counts_of_threads(*policy(name, fakes), fakes, 2000), (std::vector<int>{5000, 2000, 1000})) << name;
}

TEST_F(AlgorithmsTest, TheClassesAreExactAcrossThreadsToo) {
  for (const std::string name : {"WeightedRoundRobin", "WeightedRRLCAlgorithm"}) {
    const AlgorithmFactory* factory = Algorithms::instance().find(std::string(kClasses) + name);
    ASSERT_TRUE(factory) << name;
    const auto algorithm = (*factory)();
    const auto leaves = group("", {"5", "2", "1"});
    std::vector<Member> members;
    const auto children = leaves->children();
    for (const auto& child : children) members.push_back({child.get(), members.empty() ? 5 : 3 - static_cast<int>(members.size()), true, {}});
    ASSERT_EQ(algorithm->configure(members, *leaves), "");
    EXPECT_EQ(counts_of_threads(*algorithm, Fakes({5, 2, 1}), 2000), (std::vector<int>{5000, 2000, 1000})) << name;
  }
}

// --- least connections --------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, LeastConnectionsTakesTheIdlestForItsWeight) {
  Fakes fakes({1, 1, 1});
  const auto algorithm = policy("leastConnections", fakes);
  EXPECT_EQ(picks(*algorithm, fakes, 6), "abcabc") << "among equals it rotates";
  fakes.busy = {3, 1, 2};
  EXPECT_EQ(picks(*algorithm, fakes, 3), "bbb");
  fakes.up[1] = false;
  EXPECT_EQ(picks(*algorithm, fakes, 2), "cc");
  fakes.up.assign(3, false);
  EXPECT_EQ(picks(*algorithm, fakes, 1), "-");

  Fakes weighted({3, 1});
  const auto by_weight = policy("leastConnections", weighted);
  EXPECT_EQ(picks(*by_weight, weighted, 4), "abaa");
  weighted.busy = {5, 2};
  EXPECT_EQ(picks(*by_weight, weighted, 2), "aa");
  weighted.busy = {7, 2};
  EXPECT_EQ(picks(*by_weight, weighted, 2), "bb");
}

TEST_F(AlgorithmsTest, OfManyMembersTheBestOfSomeIsTaken) {
  Fakes fakes(std::vector<std::uint32_t>(200, 1));
  for (std::size_t i = 0; i < 200; ++i) fakes.busy[i] = i < 100 ? 1 : 1000;
  for (const std::string_view name : {"leastConnections", "leastResponseTime"}) {
    fakes.times = name == "leastConnections" ? fakes.times : std::vector<std::uint32_t>(200, 500);
    const auto algorithm = policy(name, fakes);
    std::set<std::size_t> chosen;
    int from_the_idle = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::size_t member = pick(*algorithm, fakes);
      chosen.insert(member);
      from_the_idle += member < 100;
    }
    EXPECT_GE(from_the_idle, 1960) << name << ": 32 draws without an idle one happen once in 4 billion";
    EXPECT_GT(chosen.size(), 80U) << name;
  }
  fakes.up.assign(200, false);
  fakes.up[137] = true;
  EXPECT_EQ(pick(*policy("leastConnections", fakes), fakes), 137U) << "one that few draws find";
}

TEST_F(AlgorithmsTest, InFlightIsThatOfWhateverIsBelow) {
  define("E", "<endpoint name='E'><address uri='http://e/'/></endpoint>");
  link_all();
  const auto endpoint = linked("<endpoint><loadbalance policy='leastConnections'><endpoint key='E'/>"
                               "<endpoint><failover>" + leaf('f') + leaf('g') + "</failover></endpoint>" + leaf('a') +
                               "</loadbalance></endpoint>");
  artifacts.endpoints["E"]->condition().begin();
  endpoint->children()[1]->children()[1]->condition().begin();
  EXPECT_EQ(trials(*endpoint, 3), "aaa");
}

// --- least response time --------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, LeastResponseTimeTakesTheFastestWithNewcomersFirst) {
  Fakes fakes({1, 1, 1});
  const auto algorithm = policy("leastResponseTime", fakes);
  EXPECT_EQ(picks(*algorithm, fakes, 3), "abc");
  fakes.times = {4000, 1000, 0};
  EXPECT_EQ(picks(*algorithm, fakes, 2), "cc");
  fakes.busy = {0, 0, 1};
  EXPECT_EQ(picks(*algorithm, fakes, 2), "bb") << "a newcomer that is still to answer is as good as the fastest";
  fakes.times = {4000, 1000, 2000};
  fakes.busy = {0, 4, 1};
  EXPECT_EQ(picks(*algorithm, fakes, 4), "caca") << "4000, 5000 and 2 * 2000";
  fakes.weights = {1, 9, 1};
  EXPECT_EQ(picks(*algorithm, fakes, 2), "bb");
}

TEST_F(AlgorithmsTest, LeastResponseTimeLooksAround) {
  Fakes fakes({1, 1});
  fakes.times = {1000, 900'000};
  const auto algorithm = policy("leastResponseTime", fakes);
  const auto all = counts(*algorithm, fakes, 1000);
  EXPECT_EQ(all[0] + all[1], 1000);
  EXPECT_GE(all[1], 5) << "one that was slow once is asked again";
  EXPECT_LE(all[1], 10);
}

// --- hash -------------------------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, HashKeepsAKeyAndSpreadsKeys) {
  Fakes fakes({1, 1, 2});
  const auto algorithm = policy("hash", fakes);
  const auto twin = policy("hash", fakes);
  std::vector<int> all(3);
  for (std::uint64_t key = 0; key < 40'000; ++key) {
    fakes.key = key;
    const std::size_t member = pick(*algorithm, fakes);
    ++all[member];
    ASSERT_EQ(pick(*twin, fakes), member) << "another server chooses alike";
  }
  EXPECT_NEAR(all[0], 10'000, 1500);
  EXPECT_NEAR(all[1], 10'000, 1500);
  EXPECT_NEAR(all[2], 20'000, 2000);
}

TEST_F(AlgorithmsTest, AMemberThatGoesMovesItsShareAlone) {
  Fakes ten(std::vector<std::uint32_t>(10, 1)), nine(std::vector<std::uint32_t>(9, 1));
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back("http://host" + std::to_string(i) + "/");
  const auto before = policy("hash", ten, names);
  std::vector<std::string> fewer = names;
  fewer.erase(fewer.begin() + 4);
  const auto after = policy("hash", nine, fewer);
  int moved = 0;
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    ten.key = nine.key = stable_hash(std::to_string(key));
    const std::string& was = names[pick(*before, ten)];
    const std::string& is = fewer[pick(*after, nine)];
    if (was == is) continue;
    ++moved;
    ASSERT_EQ(was, names[4]);
  }
  EXPECT_NEAR(moved, 1000, 200);
}

TEST_F(AlgorithmsTest, KeysOfAnUnreadyMemberPassToTheNext) {
  Fakes fakes(std::vector<std::uint32_t>(10, 1));
  const auto algorithm = policy("hash", fakes);
  std::vector<int> heirs(10);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    fakes.key = key;
    fakes.up[4] = true;
    const std::size_t was = pick(*algorithm, fakes);
    fakes.up[4] = false;
    const std::size_t is = pick(*algorithm, fakes);
    if (was == 4) {
      ++heirs[is];
    } else {
      ASSERT_EQ(is, was);
    }
  }
  EXPECT_EQ(heirs[4], 0);
  EXPECT_GT(std::count_if(heirs.begin(), heirs.end(), [](int keys) { return keys > 20; }), 7) << "not all to one";
  fakes.up.assign(10, false);
  EXPECT_EQ(picks(*algorithm, fakes, 1), "-");
}

TEST_F(AlgorithmsTest, HashFindsTheFewOfMany) {
  Fakes fakes(std::vector<std::uint32_t>(1000, 1));
  const auto algorithm = policy("hash", fakes);
  fakes.up.assign(1000, false);
  fakes.up[3] = fakes.up[700] = true;
  std::vector<int> all(1000);
  for (fakes.key = 0; fakes.key < 2000; ++fakes.key) ++all.at(pick(*algorithm, fakes));
  EXPECT_NEAR(all[3], 1000, 200);
  EXPECT_NEAR(all[700], 1000, 200);
}

TEST_F(AlgorithmsTest, HashOfLargeWeightsIsBounded) {
  Fakes fakes({1'000'000'000, 1'000'000'000});
  const auto algorithm = policy("hash", fakes);
  int first = 0;
  for (fakes.key = 0; fakes.key < 10'000; ++fakes.key) first += pick(*algorithm, fakes) == 0;
  EXPECT_NEAR(first, 5000, 400);
}

TEST_F(AlgorithmsTest, ChildrenAreKnownByTheirAddressNotTheirPlace) {
  const std::string attributes = "policy='hash' hashKey='$trp:X-Key'";
  const auto all = linked("<endpoint><loadbalance " + attributes + ">" + leaf('a') + leaf('b') + leaf('c') + "</loadbalance></endpoint>");
  const auto fewer = linked("<endpoint><loadbalance " + attributes + ">" + leaf('b') + leaf('c') + "</loadbalance></endpoint>");
  for (int key = 0; key < 200; ++key) {
    const auto ask = [&](const Endpoint& endpoint) {
      Message message;
      fresh(message);
      message.headers.add("X-Key", message.copy("key" + std::to_string(key)));
      return sent_to(endpoint, message);
    };
    const std::string was = ask(*all), is = ask(*fewer);
    if (was == "http://a/") continue;
    ASSERT_EQ(is, was);
  }
}

// --- WeightedRRLCAlgorithm --------------------------------------------------------------------------------

class RrlcTest : public AlgorithmsTest {
 protected:
  std::unique_ptr<Endpoint> rrlc(const std::vector<std::string>& weights, std::string_view more = "") {
    return group("algorithm='" + std::string(kClasses) + "WeightedRRLCAlgorithm'", weights, more,
                 "sequence:" + std::to_string(++made_));
  }

 private:
  int made_ = 0;
};

TEST_F(RrlcTest, BeginsAsWeightedRoundRobinWithTheHeaviestFirst) {
  EXPECT_EQ(trials(*rrlc({"2", "5", "3"}), 12), "bbbbbcccaabb");
}

TEST_F(RrlcTest, WeightsFollowTheConnections) {  // EP-124, EP-125
  const auto busy_in_the_middle = rrlc({"5", "3", "2"});
  EXPECT_EQ(trials(*busy_in_the_middle, 10), "aaaaabbbcc");
  busy(*busy_in_the_middle, 0, 3);
  busy(*busy_in_the_middle, 1, 6);
  busy(*busy_in_the_middle, 2, 1);
  EXPECT_EQ(trials(*busy_in_the_middle, 22), "aaaaaaabcccaaaaaaabccc") << "7, 1, 3, and the same again";

  const auto busy_at_the_front = rrlc({"5", "3", "2"});
  trials(*busy_at_the_front, 10);
  busy(*busy_at_the_front, 0, 10);
  EXPECT_EQ(trials(*busy_at_the_front, 12), "aaabbbbbcccc") << "3, 5, 4";
}

TEST_F(RrlcTest, BoundsAndRoundsCanBeSet) {  // EP-125
  const auto endpoint = linked(
      "<endpoint><loadbalance algorithm='" + std::string(kClasses) + "WeightedRRLCAlgorithm'>" +
      leaf('a', "", weight("3") + "<property name='loadbalance.weight.min' value='2'/>") +
      leaf('b', "", weight("2") + "<property name='loadbalance.weight.max' value='3'/>") + "</loadbalance>"
      "<property name='loadbalance.weightedRRLC.roundsPerRecal' value='2'/></endpoint>");
  busy(*endpoint, 0, 50);
  EXPECT_EQ(trials(*endpoint, 15), "aaabbaaabbaabbb") << "two rounds as written, then min 2 and max 3";

  const auto never = rrlc({"3", "2"}, "<property name='loadbalance.weightedRRLC.roundsPerRecal' value='0'/>");
  busy(*never, 0, 50);
  EXPECT_EQ(trials(*never, 15), "aaabbaaabbaaabb");
}

TEST_F(RrlcTest, MembersThatAreNotReadyLoseTheirTurn) {  // EP-121
  const auto endpoint = rrlc({"3", "2", "1"});
  EXPECT_EQ(trial(*endpoint, "a"), "ab");
  EXPECT_EQ(trials(*endpoint, 5), "bcbbc");
  EXPECT_EQ(trial(*endpoint, "bc").back(), '!');
  EXPECT_EQ(trial(*endpoint), "-");
}

TEST_F(RrlcTest, AWeightOfZeroDoesNotHang) {
  const auto endpoint = rrlc({"1", "1"});
  EXPECT_EQ(trials(*endpoint, 2), "ab");
  busy(*endpoint, 0, 100);
  EXPECT_EQ(trials(*endpoint, 4), "bbbb") << "0 and 3";
  endpoint->children()[1]->condition().set_position(Switch::off);
  EXPECT_EQ(trials(*endpoint, 2), "aa") << "the only one left, whatever its weight";
}

TEST_F(RrlcTest, ABadPropertyIsAnError) {  // EP-123
  const auto refused = [&](const std::vector<std::string>& weights, std::string_view more = "") {
    problems = {};
    std::string children;
    for (std::size_t i = 0; i < weights.size(); ++i) children += leaf(static_cast<char>('a' + i), "", weights[i]);
    const auto endpoint = build("<endpoint><loadbalance algorithm='" + std::string(kClasses) + "WeightedRRLCAlgorithm'>" +
                                children + "</loadbalance>" + std::string(more) + "</endpoint>");
    if (endpoint) link(*endpoint);
    return problems.has_errors();
  };
  EXPECT_FALSE(refused({weight("1"), weight("2")}));
  EXPECT_TRUE(refused({weight("1"), ""}));
  EXPECT_FALSE(refused({weight("1"), ""}, weight("2"))) << "the group's weight is inherited";
  EXPECT_TRUE(refused({weight("0")}));
  EXPECT_TRUE(refused({weight("1") + "<property name='loadbalance.weight.max' value='many'/>"}));
  EXPECT_TRUE(refused({weight("1")}, "<property name='loadbalance.weightedRRLC.roundsPerRecal' value='x'/>"));
}

// --- reading ----------------------------------------------------------------------------------------------

TEST_F(AlgorithmsTest, ShortNamesAreMyelinsOwn) {  // GW-141
  const std::string random = "<endpoint><loadbalance policy='random'>" + leaf('a') + "</loadbalance></endpoint>";
  EXPECT_FALSE(is_error(random));
  EXPECT_TRUE(is_error("<endpoint><loadbalance policy='rand'>" + leaf('a') + "</loadbalance></endpoint>"));
  EXPECT_NE(all_problems().find("leastConnections"), std::string::npos);
  artifacts.settings["synapse.strict"] = "true";
  EXPECT_TRUE(is_error(random));
}

}  // namespace
}  // namespace myelin::test
