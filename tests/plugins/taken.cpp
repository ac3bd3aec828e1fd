// Registers a name that is taken beside one that is free: both must be gone.

#include "engine/ports/algorithm.hpp"
#include "engine/ports/plugin.hpp"

namespace {

struct First final : myelin::Algorithm {
  std::string configure(std::span<const myelin::Member>, const myelin::Endpoint&) override { return {}; }
  std::optional<std::size_t> pick(const myelin::Candidates&, const myelin::Message&) noexcept override { return 0; }
};

MYELIN_ALGORITHM(First, "tests.Free");
MYELIN_POLICY(First, "roundRobin", "tests.Free");

}  // namespace

MYELIN_PLUGIN("1.0");
