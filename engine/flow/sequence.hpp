#pragma once
// A named or anonymous sequence: a list with an optional onError handler that is on the fault stack
// while the list runs (MED-011..013).

#include <string>

#include "engine/flow/list.hpp"

namespace myelin {

class Sequence final : public List {
 public:
  std::string name;        ///< empty: anonymous
  std::string on_error;    ///< key of the handler, or empty
  xml::Location where;

  Flow run(Message& message) const override;
  Flow resume(Message& message, std::uint32_t position) const override;
  void link(Linker& linker) override;

 private:
  Flow leave(Message& message, Flow flow) const;
  const Mediator* handler_ = nullptr;
};

/// `<sequence name onError>`, and the anonymous forms (inSequence, then, case ...), which may carry
/// onError too. Children are mediators.
std::unique_ptr<Sequence> build_sequence(const xml::Element& element, Build& build);

}  // namespace myelin
