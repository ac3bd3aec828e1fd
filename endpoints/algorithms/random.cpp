// policy="random": each ready member is as likely as any other.

#include "engine/base/random.hpp"
#include "engine/ports/algorithm.hpp"

namespace myelin {
namespace {

class Random final : public Algorithm {
 public:
  std::string configure(std::span<const Member>, const Endpoint&) override { return {}; }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    const auto members = static_cast<std::uint32_t>(candidates.size());
    if (members == 0) return std::nullopt;
    for (int tries = 0; tries < 8; ++tries)
      if (const std::uint32_t member = random_below(members); candidates.ready(member)) return member;
    return any_ready(members, candidates);
  }

 private:
  /// The k-th ready one replaces the one kept so far with probability 1/k.
  static std::optional<std::size_t> any_ready(std::uint32_t members, const Candidates& candidates) noexcept {
    std::optional<std::size_t> kept;
    std::uint32_t seen = 0;
    for (std::uint32_t i = 0; i < members; ++i)
      if (candidates.ready(i) && random_below(++seen) == 0) kept = i;
    return kept;
  }
};

MYELIN_POLICY(Random, "random", "");

}  // namespace
}  // namespace myelin
