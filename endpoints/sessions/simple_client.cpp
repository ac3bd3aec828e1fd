// <session type="simpleClientSession">: an id the client makes up, in the SOAP header block ClientID
// (endpoints reference, 5.2).

#include "engine/base/text.hpp"
#include "engine/ports/session.hpp"
#include "engine/xml/element.hpp"

namespace myelin {
namespace {

class SimpleClientSession final : public SessionDispatcher {
 public:
  std::vector<std::string_view> request_ids(Message& request) const override {
    const MediaKind kind = request.payload.kind();
    if (!request.payload.loaded() || (kind != MediaKind::soap11 && kind != MediaKind::soap12)) return {};
    const auto envelope = request.payload.envelope();
    if (!envelope) return {};
    const tree::NodeId header = Payload::header(**envelope);
    if (header == tree::kNone) return {};
    const tree::NodeId block = (*envelope)->child(header, xml::kSynapse, "ClientID");
    if (block == tree::kNone) return {};
    const std::string value = (*envelope)->string_value(block);
    const std::string_view id = text::trim(value);
    return id.empty() ? std::vector<std::string_view>{} : std::vector{request.copy(id)};
  }

  std::optional<std::string> response_id(Message&) const override { return std::nullopt; }
  bool client_initiated() const noexcept override { return true; }
  void strip(Message&) const override {}
  Need request_need() const noexcept override { return Need::header; }
  Need response_need() const noexcept override { return Need::nothing; }
};

MYELIN_SESSION(SimpleClientSession, "simpleclientsession");

}  // namespace
}  // namespace myelin
