#pragma once
// A group that spreads messages by an algorithm: loadbalance with and without session, and those whose
// children are found at run time. Adds backups, panic, slow start, the hash key and weights.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "endpoints/common/group.hpp"
#include "endpoints/common/roster.hpp"
#include "engine/ports/algorithm.hpp"

namespace myelin::endpoints {

class BalancedGroup : public Group {
 public:
  explicit BalancedGroup(Build& build) : states_(&build.states) {}

  std::uint32_t panic_threshold = 0;  ///< percent of the primaries; 0: never
  Duration slow_start{0};             ///< ms
  std::unique_ptr<expr::Expression> hash_key;
  bool host_members = false;          ///< children are `<member>`s

  /// `algorithm` or `policy` (4.1), `panicThreshold`, `slowStart`, `hashKey`, and what read_group()
  /// reads; false after an error.
  bool read(xml::Bind& bind, Build& build);

  /// Members come from there as well, besides the declared children; before link().
  void discover(Discovery discovery, xml::Bind& bind, Build& build);
  bool discovers() const noexcept { return roster_ != nullptr; }

 protected:
  void do_link(Linker& linker) override;
  Need own_need() const noexcept override { return hash_key ? hash_key->need() : Need::nothing; }
  std::shared_ptr<Membership> enlist(std::vector<std::shared_ptr<Endpoint>> children, Linker& linker) const override;

  /// The child for this message: primaries, then backups, then, in panic, anybody; nullopt: none is
  /// ready. The child has to be admitted yet.
  std::optional<std::size_t> pick(Delivery& delivery, Message& message) const;
  /// pick() and admit(), until one is admitted.
  std::optional<std::size_t> pick_admitted(Delivery& delivery, Message& message) const;

 private:
  struct Balancing;
  struct Instance;
  class View;
  bool panics(const View& view) const;
  bool read_algorithm(xml::Bind& bind, Build& build);

  void seat(Roster::Seats seats, Linker& linker) const;

  StateStore* states_;
  std::unique_ptr<Roster> roster_;  ///< null: the declared children are all
  std::string algorithm_ = "org.apache.synapse.endpoints.algorithms.RoundRobin";
  AlgorithmFactory make_ = nullptr;  ///< null: by class name, when linked
};

}  // namespace myelin::endpoints
