#pragma once
// A list of mediators run in order: the body of sequences, branches, in and out. Before a child that
// needs the body it suspends until the body is loaded, so a branch that needs none streams.

#include <memory>
#include <vector>

#include "engine/flow/mediator.hpp"

namespace myelin {

class List : public Mediator {
 public:
  Flow run(Message& message) const override { return run_from(message, 0); }
  Flow resume(Message& message, std::uint32_t position) const override { return run_from(message, position); }
  void link(Linker& linker) override;

  void add(std::unique_ptr<Mediator> mediator) { children_.push_back(std::move(mediator)); }
  bool empty() const noexcept { return children_.empty(); }
  const std::vector<std::unique_ptr<Mediator>>& children() const noexcept { return children_; }

 private:
  Flow run_from(Message& message, std::uint32_t position) const;

  std::vector<std::unique_ptr<Mediator>> children_;
  std::vector<Need> needs_;  ///< of each child, filled by link()
};

}  // namespace myelin
