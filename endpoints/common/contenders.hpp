#pragma once
// The members that algorithms which compare members look at: all that are ready, or, of more than 64,
// some 32 drawn at random, so that a pick costs the same however many there are.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "engine/base/random.hpp"
#include "engine/ports/algorithm.hpp"

namespace myelin::endpoints {

class Contenders {
 public:
  static constexpr std::size_t kAll = 64;    ///< groups up to this size are looked at as a whole
  static constexpr std::size_t kDrawn = 32;

  explicit Contenders(const Candidates& candidates) noexcept : drawn_(candidates.size() > kAll) {
    const auto size = static_cast<std::uint32_t>(candidates.size());
    if (!drawn_) {
      take(candidates, 0, size);
      return;
    }
    for (std::size_t tries = 0; tries < 2 * kDrawn && count_ < kDrawn; ++tries)
      if (const std::uint32_t member = random_below(size); candidates.ready(member)) members_[count_++] = member;
    if (count_ > 0) return;
    const std::uint32_t middle = random_below(size);  // almost nobody is ready
    take(candidates, middle, size);
    take(candidates, 0, middle);
  }

  /// Ready when they were looked at; drawn ones may stand in it twice.
  std::span<const std::uint32_t> members() const noexcept { return {members_.data(), count_}; }
  bool drawn() const noexcept { return drawn_; }

 private:
  void take(const Candidates& candidates, std::uint32_t from, std::uint32_t to) noexcept {
    for (std::uint32_t i = from; i < to && count_ < members_.size(); ++i)
      if (candidates.ready(i)) members_[count_++] = i;
  }

  bool drawn_;
  std::size_t count_ = 0;
  std::array<std::uint32_t, kAll> members_;  // not cleared: only the first count_ are read
};

/// Those of the contenders that are equally good, as bits by member; for groups up to kAll.
class Best {
 public:
  void only(std::size_t member) noexcept { bits_ = std::uint64_t{1} << member; }
  void also(std::size_t member) noexcept { bits_ |= std::uint64_t{1} << member; }
  bool has(std::size_t member) const noexcept { return (bits_ >> member) & 1; }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace myelin::endpoints
