// <sequence key="name | {expression}"/>          runs a sequence defined elsewhere
// <sequence name="n" onError="key">mediators</sequence>   one defined where it runs
// The flow ends here when it ends there.

#include "engine/flow/sequence.hpp"

#include "engine/flow/build.hpp"
#include "mediators/common/sequence_key.hpp"

namespace myelin::mediators {
namespace {

struct Reference final : Mediator {
  SequenceKey key;

  Flow run(Message& message) const override { return key.run(message); }
  Need need() const noexcept override { return key.need(); }
  void link(Linker& linker) override { key.link(linker); }
};

std::unique_ptr<Mediator> build_reference(xml::Bind& bind, Build& build) {
  bind.ignore({"statistics", "trace"});
  auto reference = std::make_unique<Reference>();
  if (bind.attribute("onError"))
    bind.error("attribute 'onError' beside 'key' on <sequence>", "put onError where the sequence is defined");
  const bool usable = reference->key.read(bind.attribute("key"), bind.element(), build);
  bind.finish();
  if (!usable) return nullptr;
  return reference;
}

std::unique_ptr<Mediator> build_sequence_mediator(const xml::Element& element, Build& build) {
  if (element.attribute("key")) {
    xml::Bind bind(element, build.problems);
    return build_reference(bind, build);
  }
  if (!element.attribute("name")) {
    build.problems.error(element.where, "<sequence> without 'key' and 'name'", "key= refers, name= defines");
    return nullptr;
  }
  return build_sequence(element, build);
}

}  // namespace

MYELIN_MEDIATOR("sequence", build_sequence_mediator);
}  // namespace myelin::mediators
