// policy="leastConnections": the member with the fewest messages in flight for its weight. Among equals
// turns go round by weight; of more than 64 members the best of 32 drawn at random is taken.

#include "endpoints/common/contenders.hpp"
#include "endpoints/common/turns.hpp"

namespace myelin {
namespace {

class LeastConnections final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint&) override {
    turns_.configure(members);
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    const endpoints::Contenders contenders(candidates);
    const auto members = contenders.members();
    if (members.empty()) return std::nullopt;
    endpoints::Best best;
    Load least{};
    std::size_t chosen = 0;
    for (const std::uint32_t member : members) {
      const Load load{candidates.in_flight(member), candidates.weight(member)};
      if (member != members.front() && !load.below(least)) {
        if (!contenders.drawn() && !least.below(load)) best.also(member);
        continue;
      }
      least = load;
      chosen = member;
      if (!contenders.drawn()) best.only(member);
    }
    if (contenders.drawn()) return chosen;
    return turns_.next(candidates, [&](std::size_t member) { return best.has(member); });
  }

 private:
  /// Fractions are compared without dividing.
  struct Load {
    std::uint64_t in_flight = 0, weight = 1;
    bool below(const Load& other) const noexcept { return in_flight * other.weight < other.in_flight * weight; }
  };

  endpoints::Turns turns_;
};

MYELIN_POLICY(LeastConnections, "leastConnections", "");

}  // namespace
}  // namespace myelin
