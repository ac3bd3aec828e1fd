#pragma once
// `<target to= soapAction= sequence= endpoint=>` of routers and splitters, with inline <sequence> and
// <endpoint>: where a message or a copy of it goes.

#include <memory>
#include <string>

#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/ports/endpoint.hpp"
#include "mediators/common/sequence_key.hpp"

namespace myelin::mediators {

class Target final : public Mediator {
 public:
  static std::unique_ptr<Target> read(const xml::Element& element, Build& build);

  /// Sets To and SOAPAction, then runs the sequence, else sends to the endpoint, else does nothing.
  Flow run(Message& message) const override;
  Need need() const noexcept override { return key_.need(); }
  void link(Linker& linker) override;

 private:
  std::string to_, soap_action_;
  SequenceKey key_;
  std::unique_ptr<Mediator> sequence_;
  std::unique_ptr<Endpoint> endpoint_;
  std::string endpoint_key_;
  xml::Location where_;
  const Endpoint* linked_endpoint_ = nullptr;
};

}  // namespace myelin::mediators
