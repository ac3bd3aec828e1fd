#pragma once
// The key of a sequence: static (linked once) or `{expression}` (looked up for each message).

#include <memory>
#include <string>

#include "engine/expr/expression.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {

class SequenceKey {
 public:
  /// Reads an attribute; false, with the problem reported, when it cannot be used.
  bool read(const xml::Attribute* attribute, const xml::Element& at, Build& build);
  bool empty() const noexcept { return !key_; }
  void link(Linker& linker);
  Need need() const noexcept { return key_ ? key_->need() : Need::nothing; }

  /// Runs the sequence; faults when there is none of that name.
  Flow run(Message& message) const;
  /// The key for this message.
  Result<std::string> key(Message& message) const;

 private:
  std::unique_ptr<expr::Expression> key_;
  std::string name_;  ///< of a static key
  const Mediator* linked_ = nullptr;
  xml::Location where_;
};

/// A branch: `sequence="key"`, else the children of the element.
class Branch {
 public:
  static std::unique_ptr<Branch> read(const xml::Element& element, Build& build);
  void link(Linker& linker);
  Flow run(Message& message) const;
  Need need() const noexcept { return key_.need(); }

 private:
  SequenceKey key_;
  std::unique_ptr<Mediator> list_;
};

}  // namespace myelin::mediators
