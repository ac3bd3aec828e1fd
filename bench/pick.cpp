// What choosing a member costs: every algorithm with 3 and with 1,000 members. "pick" is the algorithm
// alone over members that are all ready; "choose" is a whole load-balance endpoint as a message sees it,
// with suspension, switch and counters of its leaves. Prints a Markdown table.
//
// usage: bench_pick [ROUNDS]   (nanoseconds are the least of five runs of ROUNDS picks, default 200000)

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/hash.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/algorithm.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/reader.hpp"

namespace myelin {
namespace {

class Nothing final : public Artifacts {
 public:
  const Mediator* sequence(std::string_view) const override { return nullptr; }
  const Endpoint* endpoint(std::string_view) const override { return nullptr; }
  const LocalEntry* entry(std::string_view) const override { return nullptr; }
  std::string_view setting(std::string_view) const override { return {}; }
  bool apache_dialect() const noexcept override { return false; }
};

class AllReady final : public Candidates {
 public:
  explicit AllReady(std::size_t members) : members_(members) {}
  std::size_t size() const noexcept override { return members_.size(); }
  bool ready(std::size_t member) const override { return members_[member].up; }
  std::uint32_t weight(std::size_t member) const noexcept override { return members_[member].weight; }
  std::uint32_t in_flight(std::size_t member) const noexcept override { return members_[member].busy; }
  std::uint32_t latency(std::size_t) const noexcept override { return 700; }
  std::uint64_t hash_key() const override { return key; }
  std::uint64_t key = 0;

 private:
  struct One {
    bool up = true;
    std::uint32_t weight = 1, busy = 0;
  };
  std::vector<One> members_;
};

struct Named {
  std::string name;       ///< policy or class
  std::string attribute;  ///< that selects it
  AlgorithmFactory make;
};

std::vector<Named> all_algorithms() {
  std::vector<Named> all;
  for (const std::string_view name : Policies::instance().names())
    all.push_back({std::string(name), "policy='" + std::string(name) + "'", Policies::instance().find(name)->make});
  for (const std::string_view name : Algorithms::instance().names())
    all.push_back({std::string(name.substr(name.rfind('.') + 1)), "algorithm='" + std::string(name) + "'",
                   *Algorithms::instance().find(name)});
  return all;
}

/// Nanoseconds per call, of the fastest of five runs.
template <class Call>
double cost(int rounds, Call call) {
  double least = 1e9;
  for (int run = 0; run < 5; ++run) {
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) call(i);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    least = std::min(least, took.count() / rounds);
  }
  return least;
}

std::string configuration(const Named& named, int members) {
  std::string xml = "<endpoint xmlns='http://ws.apache.org/ns/synapse'><loadbalance " + named.attribute + ">";
  for (int i = 0; i < members; ++i)
    xml += "<endpoint weight='1'><address uri='http://host" + std::to_string(i) + "/'/></endpoint>";
  return xml + "</loadbalance></endpoint>";
}

void measure(const Named& named, int members, int rounds) {
  xml::Problems problems;
  StateStore states;
  const Nothing artifacts;
  const auto document = xml::read(configuration(named, members), "bench.xml", problems);
  Build build(problems, states, artifacts, ".", "bench");
  const auto endpoint = build.endpoint(*document->root);
  Linker linker(artifacts, problems);
  linker.states = &states;
  if (endpoint) endpoint->link(linker);
  if (!endpoint || problems.has_errors()) std::abort();

  Message message;
  message.incoming.remote_address = "192.0.2.7";
  Delivery delivery;
  const Clock::Held held;  // as while a connection's turn lasts
  const double choose = cost(rounds, [&](int) {
    delivery.reset();
    if (endpoint->choose(delivery, message).failed()) std::abort();
  });

  const auto children = endpoint->children();
  std::vector<std::string> identities;
  for (const auto& child : children) identities.emplace_back(child->identity());
  std::vector<Member> described;
  for (std::size_t i = 0; i < children.size(); ++i) described.push_back({children[i].get(), 1, true, identities[i]});
  const auto algorithm = named.make();
  if (!algorithm->configure(described, *endpoint).empty()) std::abort();
  AllReady candidates(children.size());
  const double pick = cost(rounds, [&](int i) {
    candidates.key = mix_bits(static_cast<std::uint64_t>(i));
    if (!algorithm->pick(candidates, message)) std::abort();
  });
  std::printf("| %s | %d | %.0f | %.0f |\n", named.name.c_str(), members, pick, choose);
}

}  // namespace
}  // namespace myelin

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::max(std::atoi(arguments[1]), 1) : 200'000;
  std::printf("| algorithm | members | pick, ns | choose, ns |\n| --- | --- | --- | --- |\n");
  for (const auto& named : myelin::all_algorithms())
    for (const int members : {3, 1000}) myelin::measure(named, members, rounds);
}
