#pragma once
// Interleaved turns by weight: in round r of a cycle comes, in order, every member whose weight is at
// least r, so that weights 3,1 give A B A A (GW-096). Members that may not be used are passed over; a
// cycle ends when no usable member has turns left. Lock free, and strict across threads: the whole
// position is one word, and a pick is one exchange of it.

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/ports/algorithm.hpp"

namespace myelin::endpoints {

class Turns {
 public:
  /// Once, before the first next().
  void configure(std::span<const Member> members) {
    weights_ = std::vector<std::atomic<std::uint32_t>>(members.size());
    for (auto& weight : weights_) weight.store(1, std::memory_order_relaxed);
  }

  /// The member whose turn it is among those that `usable` admits.
  template <class Usable>
  std::optional<std::size_t> next(const Candidates& candidates, Usable usable) noexcept {
    Place seen = place_.load(std::memory_order_relaxed);
    for (;;) {
      const auto then = after(seen, usable);
      if (!then) return std::nullopt;
      const std::size_t chosen = then->member - 1;
      if (outdated(candidates, chosen, then->round)) continue;
      if (place_.compare_exchange_weak(seen, *then, std::memory_order_relaxed)) return chosen;
    }
  }

 private:
  /// Where the search goes on: in this round, from this member.
  struct Place {
    std::uint32_t round = 1;
    std::uint32_t member = 0;
  };

  template <class Usable>
  std::optional<Place> after(Place from, Usable& usable) const noexcept {
    if (const auto found = search(from, usable)) return found;
    if (const auto found = search({from.round + 1, 0}, usable)) return found;
    return search({1, 0}, usable);
  }

  template <class Usable>
  std::optional<Place> search(Place from, Usable& usable) const noexcept {
    for (std::size_t i = from.member; i < weights_.size(); ++i)
      if (weights_[i].load(std::memory_order_relaxed) >= from.round && usable(i))
        return Place{from.round, static_cast<std::uint32_t>(i + 1)};
    return std::nullopt;
  }

  /// Weights are set while running, and asking all of them costs more than a pick may: each is looked at
  /// when its member is chosen, which is once per cycle at least. True: it has no turn in this round.
  bool outdated(const Candidates& candidates, std::size_t member, std::uint32_t round) noexcept {
    const std::uint32_t weight = candidates.weight(member);
    if (weights_[member].load(std::memory_order_relaxed) != weight)
      weights_[member].store(weight, std::memory_order_relaxed);
    return weight < round;
  }

  std::vector<std::atomic<std::uint32_t>> weights_;
  std::atomic<Place> place_{};
};

}  // namespace myelin::endpoints
