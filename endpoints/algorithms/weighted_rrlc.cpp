// WeightedRRLCAlgorithm: weighted round robin whose weights follow the open connections (endpoints
// reference, 4.5). Connections are the messages in flight; a recalculation counts those of its moment,
// members that are not ready lose their turn, and weights that have all become 0 count as 1.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/ports/algorithm.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin {
namespace {

constexpr std::string_view kRounds = "loadbalance.weightedRRLC.roundsPerRecal";
constexpr std::int64_t kMost = 1'000'000'000;

class WeightedRRLC final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint& group) override {
    for (const Member& member : members) {
      const std::string child = " of child " + std::to_string(states_.size() + 1);
      if (!member.endpoint) return "members are not supported, only endpoints";
      if (!member.weight_is_set) return "loadbalance.weight" + child + " is missing";  // EP-123
      if (member.weight <= 0 || member.weight > kMost) return "loadbalance.weight" + child + " is no whole number above 0";
      State state;
      state.member = states_.size();
      if (!read(*member.endpoint, "loadbalance.weight.min", state.least) ||
          !read(*member.endpoint, "loadbalance.weight.max", state.most))
        return "loadbalance.weight.min or .max" + child + " is no whole number";
      state.initial = static_cast<std::uint32_t>(member.weight);
      states_.push_back(state);
    }
    std::optional<std::int64_t> rounds;
    if (!read(group, kRounds, rounds)) return std::string(kRounds) + " is no whole number";
    rounds_ = rounds.value_or(1);
    std::stable_sort(states_.begin(), states_.end(), [](const State& a, const State& b) { return a.initial > b.initial; });
    current_ = std::vector<std::atomic<std::uint32_t>>(states_.size());
    for (std::size_t i = 0; i < states_.size(); ++i) current_[i].store(states_[i].initial, std::memory_order_relaxed);
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    if (states_.empty() || candidates.size() != states_.size()) return std::nullopt;
    Turn seen = turn_.load(std::memory_order_relaxed);
    for (std::uint32_t rounds = 0;;) {
      if (const auto then = search(seen, candidates, rounds < 2 ? 0 : 1)) {
        if (turn_.compare_exchange_weak(seen, *then, std::memory_order_relaxed)) return states_[then->state].member;
        continue;
      }
      if (rounds == 3 || !any_ready(candidates)) return std::nullopt;
      const Turn first{};
      if (!turn_.compare_exchange_strong(seen, first, std::memory_order_relaxed)) continue;
      ++rounds;
      end_of_round(candidates);
      seen = first;
    }
  }

 private:
  struct State {
    std::size_t member = 0;
    std::uint32_t initial = 1;
    std::optional<std::int64_t> least, most;
  };
  /// Whose turn it is and how many it has had in this round, in one word. {0, 0} begins a round.
  struct Turn {
    std::uint32_t state = 0;
    std::uint32_t used = 0;
  };

  /// False: the property is there and holds no number.
  static bool read(const Endpoint& endpoint, std::string_view name, std::optional<std::int64_t>& to) {
    const EndpointProperty* property = endpoint.find_property(name);
    if (!property) return true;
    if (!property->expression) to = text::parse_long(text::trim(property->value));
    return to.has_value();
  }

  bool any_ready(const Candidates& candidates) const noexcept {
    for (std::size_t i = 0; i < states_.size(); ++i)
      if (candidates.ready(i)) return true;
    return false;
  }

  /// The next turn in this round; each has at least `least` turns.
  std::optional<Turn> search(Turn turn, const Candidates& candidates, std::uint32_t least) const noexcept {
    for (; turn.state < states_.size(); ++turn.state, turn.used = 0) {
      const std::uint32_t turns = std::max(current_[turn.state].load(std::memory_order_relaxed), least);
      if (turn.used < turns && candidates.ready(states_[turn.state].member)) return Turn{turn.state, turn.used + 1};
    }
    return std::nullopt;
  }

  /// By the one thread that began the new round. Others may already pick in it by the old weights.
  void end_of_round(const Candidates& candidates) noexcept {
    if (rounds_ <= 0 || (round_.fetch_add(1, std::memory_order_relaxed) + 1) % rounds_ != 0) return;
    double weights = 0, connections = 0;
    for (const State& state : states_) {
      weights += candidates.weight(state.member);
      connections += candidates.in_flight(state.member);
    }
    if (connections == 0) return;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const double weight = candidates.weight(states_[i].member);
      const double share = weight / weights - candidates.in_flight(states_[i].member) / connections;
      current_[i].store(recalculated(states_[i], weight, share, share * connections), std::memory_order_relaxed);
    }
  }

  /// `missing`: connections it has too few (or, below 0, too many) for its weight. EP-124, EP-125.
  static std::uint32_t recalculated(const State& state, double weight, double share, double missing) noexcept {
    const double below = std::floor(missing);
    double current = weight + (below - missing >= -0.5 ? below : std::ceil(missing));
    if (share < 0) current = std::max(current, state.least ? static_cast<double>(*state.least) : weight - 2);
    else current = std::min(current, state.most ? static_cast<double>(*state.most) : weight + 2);
    return static_cast<std::uint32_t>(std::clamp(current, 0.0, static_cast<double>(kMost)));
  }

  std::vector<State> states_;  ///< by weight, the heaviest first
  std::vector<std::atomic<std::uint32_t>> current_;
  std::int64_t rounds_ = 1;    ///< from one recalculation to the next; 0 or less: never
  std::atomic<std::int64_t> round_{0};
  std::atomic<Turn> turn_{};
};

MYELIN_ALGORITHM(WeightedRRLC, "org.apache.synapse.endpoints.algorithms.WeightedRRLCAlgorithm");

}  // namespace
}  // namespace myelin
