// policy="weightedRandom": draws from a bag that holds each member as often as its weight says, without
// putting back, so that every cycle has the exact proportion (gateways reference, 3.4).

#include <bit>
#include <mutex>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/ports/algorithm.hpp"

namespace myelin {
namespace {

/// How many units of each member are left; sums over ranges of members in a tree (Fenwick's), so that a
/// draw costs the logarithm of their number.
class Bag {
 public:
  void resize(std::size_t members) {
    left_.assign(members, 0);
    sums_.assign(members + 1, 0);
  }
  std::uint64_t total() const noexcept { return total_; }
  std::uint32_t left(std::size_t member) const noexcept { return left_[member]; }

  void refill(const Candidates& candidates) noexcept {
    total_ = 0;
    for (std::size_t i = 0; i < left_.size(); ++i) total_ += left_[i] = candidates.weight(i);
    for (std::size_t i = 1; i < sums_.size(); ++i) {
      sums_[i] = left_[i - 1];
      for (std::size_t part = 1; part < (i & (~i + 1)); part *= 2) sums_[i] += sums_[i - part];
    }
  }
  void take(std::size_t member) noexcept {
    --left_[member];
    --total_;
    for (std::size_t i = member + 1; i < sums_.size(); i += i & (~i + 1)) --sums_[i];
  }
  /// The member that owns unit number `unit` of total().
  std::size_t owner(std::uint64_t unit) const noexcept {
    std::size_t at = 0;
    for (std::size_t step = std::bit_floor(left_.size()); step > 0; step /= 2)
      if (at + step < sums_.size() && sums_[at + step] <= unit) unit -= sums_[at += step];
    return at;
  }

 private:
  std::vector<std::uint32_t> left_;
  std::vector<std::uint64_t> sums_;
  std::uint64_t total_ = 0;
};

std::uint64_t random_unit(std::uint64_t bound) noexcept {
  return bound <= UINT32_MAX ? random_below(static_cast<std::uint32_t>(bound)) : random_bits() % bound;
}

class WeightedRandom final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint&) override {
    bag_.resize(members.size());
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    // Exact cycles need one bag for all shards; it is held for a draw.
    const std::lock_guard lock(mutex_);
    for (int tries = 0; tries < 8 && bag_.total() > 0; ++tries)
      if (const std::size_t member = bag_.owner(random_unit(bag_.total())); candidates.ready(member)) return taken(member);
    if (const auto member = among_ready(candidates)) return taken(*member);
    bag_.refill(candidates);
    if (const auto member = among_ready(candidates)) return taken(*member);
    return std::nullopt;
  }

 private:
  std::size_t taken(std::size_t member) noexcept {
    bag_.take(member);
    return member;
  }

  /// A draw from what the ready members have left; each replaces the one kept so far in proportion.
  std::optional<std::size_t> among_ready(const Candidates& candidates) const noexcept {
    std::optional<std::size_t> kept;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; bag_.total() > 0 && i < candidates.size(); ++i) {
      if (bag_.left(i) == 0 || !candidates.ready(i)) continue;
      seen += bag_.left(i);
      if (random_unit(seen) < bag_.left(i)) kept = i;
    }
    return kept;
  }

  std::mutex mutex_;
  Bag bag_;
};

MYELIN_POLICY(WeightedRandom, "weightedRandom", "");

}  // namespace
}  // namespace myelin
