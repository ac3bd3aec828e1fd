#pragma once
// A member that is a host and its ports; the path is the message's. One that failed is left out for a
// while, then one message tries it.

#include <cstdint>
#include <map>
#include <string>

#include "endpoints/common/leaf.hpp"

namespace myelin::endpoints {

class Host final : public SendingLeaf {
 public:
  using SendingLeaf::SendingLeaf;

  std::string host;
  std::int32_t http_port = -1, https_port = -1;
  /// Of members found at run time (endpoints reference, 1.6): the port by the port the client asked for.
  std::map<std::int32_t, std::int32_t> mapped_ports;
  bool any_scheme = false;     ///< without a port for the client's scheme the other one is used
  bool forwarded_for = false;  ///< the client's address is added to X-Forwarded-For

  std::string_view kind() const noexcept override { return "member"; }
  Result<void> prepare(Message& message, OutgoingRequest& request) const override;

  /// Once host and ports are set: they tell members apart.
  void name_ports();
  /// `ms` without messages after a failure.
  void leave_out_for(std::int64_t ms) noexcept;

 protected:
  Need destination_need() const noexcept override { return Need::header; }
  std::string_view identity() const noexcept override { return host_and_ports_; }
  Result<Destination> destination(Message& message) const override;
  std::string check_target() const override;

 private:
  std::int32_t port_for(const Message& message, bool& https) const;

  std::string host_and_ports_;
};

}  // namespace myelin::endpoints
