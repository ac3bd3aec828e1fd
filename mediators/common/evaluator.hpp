#pragma once
// Conditions on a message as routers and rewrite rules write them: <and>, <or>, <not>,
// <equal type source value>, <match type source regex>.

#include <memory>

#include "engine/base/result.hpp"
#include "engine/flow/build.hpp"
#include "engine/message/message.hpp"

namespace myelin::mediators {

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual Result<bool> test(Message& message) const = 0;
  virtual Need need() const noexcept = 0;

  /// Null, with the problems reported, when the element is no usable evaluator.
  static std::unique_ptr<Evaluator> read(const xml::Element& element, Build& build);
};

}  // namespace myelin::mediators
