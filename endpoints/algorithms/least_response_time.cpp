// policy="leastResponseTime": the member with the least running average of its answers, times the messages
// it would then have in flight, for its weight. A member that has not answered yet comes first while it
// has nothing in flight. Of more than 64 members the best of 32 drawn at random is taken.

#include "endpoints/common/contenders.hpp"
#include "endpoints/common/turns.hpp"

namespace myelin {
namespace {

/// One message in so many goes by turns: an average only changes by answers, and a member that was slow
/// once would never be asked again.
constexpr std::uint32_t kLooksAround = 100;

class LeastResponseTime final : public Algorithm {
 public:
  std::string configure(std::span<const Member> members, const Endpoint&) override {
    turns_.configure(members);
    return {};
  }

  std::optional<std::size_t> pick(const Candidates& candidates, const Message&) noexcept override {
    if (picks_.fetch_add(1, std::memory_order_relaxed) % kLooksAround == kLooksAround - 1)
      return turns_.next(candidates, [&](std::size_t member) { return candidates.ready(member); });
    const endpoints::Contenders contenders(candidates);
    return contenders.members().empty() ? std::nullopt : best_of(contenders, candidates);
  }

 private:
  std::optional<std::size_t> best_of(const endpoints::Contenders& contenders, const Candidates& candidates) noexcept {
    const auto members = contenders.members();
    std::array<double, endpoints::Contenders::kAll> times;
    const double shortest = read_times(members, candidates, times);
    endpoints::Best best;
    double least = 0;
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const double wait = expected(candidates, members[i], times[i], shortest);
      if (i > 0 && wait >= least) {
        if (wait == least && !contenders.drawn()) best.also(members[i]);
        continue;
      }
      least = wait;
      chosen = members[i];
      if (!contenders.drawn()) best.only(members[i]);
    }
    if (contenders.drawn()) return chosen;
    return turns_.next(candidates, [&](std::size_t member) { return best.has(member); });
  }

  /// The averages in µs; returns the least that is known.
  static double read_times(std::span<const std::uint32_t> members, const Candidates& candidates,
                           std::array<double, endpoints::Contenders::kAll>& times) noexcept {
    double shortest = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      times[i] = candidates.latency(members[i]);
      if (times[i] > 0 && (shortest == 0 || times[i] < shortest)) shortest = times[i];
    }
    return shortest > 0 ? shortest : 1;
  }

  static double expected(const Candidates& candidates, std::size_t member, double time, double shortest) noexcept {
    const double in_flight = candidates.in_flight(member);
    // A newcomer that has not answered its first message gets no flood: it counts as one of the fast.
    if (time == 0) time = in_flight == 0 ? 0 : shortest;
    return time * (in_flight + 1) / candidates.weight(member);
  }

  endpoints::Turns turns_;
  std::atomic<std::uint32_t> picks_{0};
};

MYELIN_POLICY(LeastResponseTime, "leastResponseTime", "");

}  // namespace
}  // namespace myelin
