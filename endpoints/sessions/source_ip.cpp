// <session type="sourceIp">: all messages from one address are one session.

#include "engine/ports/session.hpp"

namespace myelin {
namespace {

class SourceIpSession final : public SessionDispatcher {
 public:
  std::vector<std::string> request_ids(Message& request) const override {
    const std::string_view address = request.incoming.remote_address;
    return address.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::string(address)};
  }
  std::optional<std::string> response_id(Message&) const override { return std::nullopt; }
  bool client_initiated() const noexcept override { return true; }
  void strip(Message&) const override {}
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }
};

MYELIN_SESSION(SourceIpSession, "sourceip");

}  // namespace
}  // namespace myelin
