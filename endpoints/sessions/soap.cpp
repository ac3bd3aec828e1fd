// <session type="soap">: the Axis2 service group id in the SOAP header; learnt from the answer's
// ReplyTo reference parameters (endpoints reference, 5.2).

#include "engine/base/text.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

constexpr std::string_view kAxis2 = "http://ws.apache.org/namespaces/axis2";

/// Trimmed text of an element; empty when it is not there.
std::string text_of(const tree::Document& document, tree::NodeId node) {
  return node == tree::kNone ? std::string() : std::string(text::trim(document.string_value(node)));
}

bool is_soap(const Message& message) noexcept {
  const MediaKind kind = message.payload.kind();
  return message.payload.loaded() && (kind == MediaKind::soap11 || kind == MediaKind::soap12);
}

class SoapSession final : public SessionDispatcher {
 public:
  std::vector<std::string_view> request_ids(Message& request) const override {
    if (!is_soap(request)) return {};
    const auto envelope = request.payload.envelope();
    if (!envelope) return {};
    const std::string id = text_of(**envelope, block(**envelope));
    return id.empty() ? std::vector<std::string_view>{} : std::vector{request.copy(id)};
  }

  std::optional<std::string> response_id(Message& response) const override {
    if (!is_soap(response)) return std::nullopt;
    const auto envelope = response.payload.envelope();
    if (!envelope) return std::nullopt;
    const tree::Document& document = **envelope;
    const tree::NodeId header = Payload::header(document);
    if (header == tree::kNone) return std::nullopt;
    tree::NodeId at = document.child(header, soap::kAddressing, "ReplyTo");
    if (at != tree::kNone) at = document.child(at, soap::kAddressing, "ReferenceParameters");
    if (at != tree::kNone) at = document.child(at, kAxis2, "ServiceGroupId");
    std::string id = text_of(document, at);
    if (id.empty()) return std::nullopt;
    return id;
  }

  bool client_initiated() const noexcept override { return false; }

  void strip(Message& request) const override {
    if (request_ids(request).empty()) return;
    auto envelope = request.payload.edit();
    if (envelope) (*envelope)->detach(block(**envelope));
  }

  Need request_need() const noexcept override { return Need::header; }
  Need response_need() const noexcept override { return Need::header; }

 private:
  static tree::NodeId block(const tree::Document& envelope) noexcept {
    const tree::NodeId header = Payload::header(envelope);
    return header == tree::kNone ? header : envelope.child(header, kAxis2, "ServiceGroupId");
  }
};

MYELIN_SESSION(SoapSession, "soap");

}  // namespace
}  // namespace myelin
