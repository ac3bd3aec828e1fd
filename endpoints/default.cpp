// <endpoint><default DEFINITION/></endpoint>: sends to the message's To.

#include "endpoints/common/blocks.hpp"

namespace myelin {
namespace {

class Default final : public endpoints::SendingLeaf {
 public:
  using SendingLeaf::SendingLeaf;

  std::string_view kind() const noexcept override { return "default"; }

  Choice choose(Delivery& delivery, Message& message) const override {
    if (message.addressing().to == soap::kAnonymous && !has_transport_url(message))  // EP-052
      return Fault(code::kEndpointNotReady, "the message has no To address to send to");
    return SendingLeaf::choose(delivery, message);
  }

 protected:
  Need destination_need() const noexcept override { return Need::header; }

  /// EP-051. axis2 TransportURL wins over To.
  Result<Destination> destination(Message& message) const override {
    const Value* url = message.axis2.find("TransportURL");
    const std::string address = has_transport_url(message) ? url->text() : message.addressing().to;
    auto to = parse(message.copy(address));
    if (to) {
      to->from_request = true;
      to->takes_postfix = false;  // To is the whole address
    }
    return to;
  }

 private:
  static bool has_transport_url(const Message& message) noexcept {
    const Value* url = message.axis2.find("TransportURL");
    return url && !url->is_null();
  }
};

std::unique_ptr<Endpoint> default_endpoint(const xml::Element&, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  auto endpoint = std::make_unique<Default>(build);
  endpoints::read_leaf(*endpoint, bind, build);
  bind.finish();
  return endpoint;
}

MYELIN_ENDPOINT("default", default_endpoint);

}  // namespace
}  // namespace myelin
