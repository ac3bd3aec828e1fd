// policy="weightedRoundRobin": turns by weight, interleaved: weights 3,1 give A B A A (gateways
// reference, 3.4). The class WeightedRoundRobin gives each member its turns in a row instead.

#include "endpoints/common/turns.hpp"

namespace myelin {
namespace {

class WeightedInterleaved final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint&) override {
    turns_.configure(members);
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    return turns_.next(candidates, [&](std::size_t member) { return candidates.ready(member); });
  }

 private:
  endpoints::Turns turns_;
};

MYELIN_POLICY(WeightedInterleaved, "weightedRoundRobin", "");

}  // namespace
}  // namespace myelin
