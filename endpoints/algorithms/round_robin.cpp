// Round robin: each member in turn, passing over those that are not ready (endpoints reference, 4.3).

#include <atomic>

#include "engine/ports/algorithm.hpp"

namespace myelin {
namespace {

class RoundRobin final : public Algorithm {
 public:
  std::string configure(std::span<const Member>, const Endpoint&) override { return {}; }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    const std::size_t members = candidates.size();
    if (members == 0) return std::nullopt;
    std::size_t start = cursor_.load(std::memory_order_relaxed);
    for (;;) {
      const auto chosen = first_ready(members, start, candidates);
      // The turn passes to the member after the one chosen. When nobody is ready the start drifts by
      // one, as with the incumbent (EP-111).
      const std::size_t next = ((chosen ? *chosen : start) + 1) % members;
      if (cursor_.compare_exchange_weak(start, next, std::memory_order_relaxed)) return chosen;
    }
  }

 private:
  static std::optional<std::size_t> first_ready(std::size_t members, std::size_t start, const Candidates& candidates) noexcept {
    for (std::size_t i = 0; i < members; ++i) {
      const std::size_t at = (start + i) % members;
      if (candidates.ready(at)) return at;
    }
    return std::nullopt;
  }

  // Shared by all shards on purpose: clients observe one rotation, not one per core.
  std::atomic<std::size_t> cursor_{0};
};

MYELIN_ALGORITHM(RoundRobin, "org.apache.synapse.endpoints.algorithms.RoundRobin");
MYELIN_POLICY(RoundRobin, "roundRobin", "org.apache.synapse.endpoints.algorithms.RoundRobin");

}  // namespace
}  // namespace myelin
