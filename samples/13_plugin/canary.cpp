// algorithm="samples.Canary": every tenth message, or as often as the property canary.every says, goes to the
// last endpoint that is ready, the others to the first. Built against the installed headers (README.md).

#include <atomic>
#include <charconv>

#include "engine/ports/algorithm.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/plugin.hpp"

namespace {

class Canary final : public myelin::Algorithm {
 public:
  std::string configure(std::span<const myelin::Member>, const myelin::Endpoint& group) override {
    const auto* set = group.find_property("canary.every");
    if (!set) return {};
    const char* end = set->value.data() + set->value.size();
    const bool good = std::from_chars(set->value.data(), end, every_).ptr == end && every_ > 0;
    return good ? "" : "canary.every is a number from 1";
  }

  std::optional<std::size_t> pick(const myelin::Candidates& members, const myelin::Message&) noexcept override {
    const bool canary = ++messages_ % every_ == 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::size_t at = canary ? members.size() - 1 - i : i;
      if (members.ready(at)) return at;
    }
    return std::nullopt;
  }

 private:
  std::uint64_t every_ = 10;
  std::atomic<std::uint64_t> messages_{0};
};

MYELIN_ALGORITHM(Canary, "samples.Canary");

}  // namespace

MYELIN_PLUGIN("1.0");
