// policy="hash": the same key always goes to the same member, by a consistent ring: each member owns
// points that depend only on its identity, and a key belongs to the next point. A member that comes or
// goes moves only its own share of the keys; those of one that is not ready pass to the next on the ring.

#include <algorithm>
#include <bit>
#include <vector>

#include "engine/base/hash.hpp"
#include "engine/ports/algorithm.hpp"

namespace myelin {
namespace {

constexpr std::uint64_t kPointsPerWeight = 512;
constexpr std::uint64_t kMostPoints = std::uint64_t{1} << 20;
constexpr int kNeighbours = 64;  ///< points looked at before the ready members are compared by themselves

class Hash final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint&) override {
    std::uint64_t all = 0;
    for (const Member& member : members) all += kPointsPerWeight * weight_of(member);
    // By halves, so that a group that grows over the bound keeps half of its points as they were.
    int halved = 0;
    while ((all >> halved) > kMostPoints) ++halved;
    std::vector<Point> points;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::uint64_t own = stable_hash(members[i].identity);
      identities_.push_back(own);
      const std::uint64_t count = std::max<std::uint64_t>((kPointsPerWeight * weight_of(members[i])) >> halved, 1);
      for (std::uint64_t k = 0; k < count; ++k)
        points.push_back({mix_bits(own + k * 0x9e3779b97f4a7c15U), static_cast<std::uint32_t>(i)});
    }
    lay_out(points);
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    if (places_.empty()) return std::nullopt;
    // The caller's hash may be a plain number's.
    const std::uint64_t key = mix_bits(candidates.hash_key() + 0x9e3779b97f4a7c15U);
    std::size_t at = first_at_or_after(key);
    for (int i = 0; i < kNeighbours; ++i) {
      if (candidates.ready(owners_[at])) return owners_[at];
      if (++at == owners_.size()) at = 0;
    }
    return best_ready(key, candidates);
  }

 private:
  struct Point {
    std::uint64_t place;
    std::uint32_t owner;
  };

  static std::uint64_t weight_of(const Member& member) noexcept {
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(member.weight, 1, INT32_MAX));
  }

  void lay_out(std::vector<Point>& points) {
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
      return a.place != b.place ? a.place < b.place : a.owner < b.owner;
    });
    for (const Point& point : points) {
      places_.push_back(point.place);
      owners_.push_back(point.owner);
    }
    // The ring in as many equal arcs as points: a search begins at its arc and ends a step or two later.
    const auto bits = static_cast<int>(std::bit_width(std::max<std::size_t>(points.size(), 2) - 1));
    shift_ = 64 - bits;
    std::uint32_t point = 0;
    for (std::uint64_t arc = 0; arc < std::uint64_t{1} << bits; ++arc) {
      while (point < places_.size() && places_[point] < arc << shift_) ++point;
      arcs_.push_back(point);
    }
  }

  std::size_t first_at_or_after(std::uint64_t key) const noexcept {
    std::size_t at = arcs_[key >> shift_];
    while (at < places_.size() && places_[at] < key) ++at;
    return at == places_.size() ? 0 : at;
  }

  /// So few are ready that none is near: each takes the keys for which it draws the highest number, which
  /// moves as few keys as the ring does.
  std::optional<std::size_t> best_ready(std::uint64_t key, const Candidates& candidates) const noexcept {
    std::optional<std::size_t> best;
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < identities_.size(); ++i) {
      const std::uint64_t drawn = mix_bits(key ^ identities_[i]);
      if ((best && drawn <= highest) || !candidates.ready(i)) continue;
      best = i;
      highest = drawn;
    }
    return best;
  }

  std::vector<std::uint64_t> places_;      ///< on the ring, ascending
  std::vector<std::uint32_t> owners_;      ///< member of each place
  std::vector<std::uint32_t> arcs_;        ///< first place of each arc
  std::vector<std::uint64_t> identities_;  ///< by member
  int shift_ = 63;                         ///< from a key to its arc
};

MYELIN_POLICY(Hash, "hash", "");

}  // namespace
}  // namespace myelin
