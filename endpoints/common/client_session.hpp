#pragma once
// A session whose id the client makes up: answers begin none, and the id stays in the request.

#include <optional>
#include <string>

#include "engine/ports/session.hpp"

namespace myelin::endpoints {

class ClientSession : public SessionDispatcher {
 public:
  std::optional<std::string> response_id(Message&) const final { return std::nullopt; }
  bool client_initiated() const noexcept final { return true; }
  void strip(Message&) const final {}
  Need request_need() const noexcept final { return Need::nothing; }
  Need response_need() const noexcept final { return Need::nothing; }
};

}  // namespace myelin::endpoints
