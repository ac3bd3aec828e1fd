// Weighted round robin: each member as often in a row as its `loadbalance.weight` says, passing over
// those that are not ready (endpoints reference, 4.4; EP-118..122).

#include <array>
#include <atomic>
#include <limits>

#include "engine/ports/algorithm.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin {
namespace {

/// Whose turn it is and how many turns it has had, in one word, so that a pick is one exchange.
struct Turn {
  std::uint32_t member = 0;
  std::uint32_t used = 0;
};

class WeightedRoundRobin final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint& group) override {
    members_ = 0;
    for (const Member& member : members) {
      if (!member.endpoint) return "members are not supported, only endpoints";
      if (member.weight <= 0 || member.weight > std::numeric_limits<std::int32_t>::max())  // EP-120
        return "loadbalance.weight of child " + std::to_string(members_ + 1) + " is no whole number above 0";
      ++members_;
    }
    const EndpointProperty* per_thread = group.find_property("loadbalance.threadLocal");
    per_thread_ = per_thread && !per_thread->expression && per_thread->value == "true";
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    if (members_ == 0 || candidates.size() != members_) return std::nullopt;
    std::atomic<Turn>& shared = turns_[per_thread_ ? worker() : 0].turn;
    Turn seen = shared.load(std::memory_order_relaxed);
    for (;;) {
      const auto turn = next_ready(seen, candidates);
      if (!turn) return std::nullopt;
      if (shared.compare_exchange_weak(seen, *turn, std::memory_order_relaxed)) return turn->member;
    }
  }

 private:
  /// The turn after `seen` that falls on a ready member; one that is passed over loses its rest.
  std::optional<Turn> next_ready(Turn turn, const Candidates& candidates) const noexcept {
    for (std::size_t tries = 0; tries <= members_; ++tries) {
      if (turn.used < candidates.weight(turn.member) && candidates.ready(turn.member)) {
        ++turn.used;
        return turn;
      }
      turn.member = static_cast<std::uint32_t>((turn.member + 1) % members_);
      turn.used = 0;
    }
    return std::nullopt;
  }

  /// A small number of the calling thread, EP-122.
  static std::size_t worker() noexcept {
    static std::atomic<std::size_t> count{0};
    thread_local const std::size_t mine = count.fetch_add(1, std::memory_order_relaxed);
    return mine % kWorkers;
  }

  static constexpr std::size_t kWorkers = 64;
  struct alignas(64) Padded {
    std::atomic<Turn> turn{};
  };

  std::size_t members_ = 0;
  bool per_thread_ = false;
  std::array<Padded, kWorkers> turns_;
};

MYELIN_ALGORITHM(WeightedRoundRobin, "org.apache.synapse.endpoints.algorithms.WeightedRoundRobin");

}  // namespace
}  // namespace myelin
