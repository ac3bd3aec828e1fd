// Needs a function that the server does not have.

#include "engine/ports/algorithm.hpp"
#include "engine/ports/plugin.hpp"

namespace myelin {
std::size_t nowhere();
}

namespace {

struct Nowhere final : myelin::Algorithm {
  std::string configure(std::span<const myelin::Member>, const myelin::Endpoint&) override { return {}; }
  std::optional<std::size_t> pick(const myelin::Candidates&, const myelin::Message&) noexcept override {
    return myelin::nowhere();
  }
};

MYELIN_ALGORITHM(Nowhere, "tests.Nowhere");

}  // namespace

MYELIN_PLUGIN("1.0");
