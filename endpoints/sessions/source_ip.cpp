// <session type="sourceIp">: all messages from one address are one session.

#include "endpoints/common/client_session.hpp"

namespace myelin {
namespace {

class SourceIpSession final : public endpoints::ClientSession {
 public:
  std::vector<std::string_view> request_ids(Message& request) const override {
    const std::string_view address = request.incoming.remote_address;
    return address.empty() ? std::vector<std::string_view>{} : std::vector{address};
  }
};

MYELIN_SESSION(SourceIpSession, "sourceip");

}  // namespace
}  // namespace myelin
