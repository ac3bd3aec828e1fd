#pragma once
// What `<authentication>` of a leaf puts on its requests (endpoints reference, 1.3; gateways reference, 4.3).
// Immutable after link(), shared by all shards; what changes (tokens, challenges) is thread safe. No text
// of it is ever logged (REL-117).

#include <memory>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/flow/build.hpp"
#include "engine/message/message.hpp"
#include "engine/ports/sender.hpp"

namespace myelin::endpoints {

class Credentials {
 public:
  virtual ~Credentials() = default;

  virtual Need need() const noexcept { return Need::nothing; }
  /// What has to be waited for first, such as a token; null: nothing.
  virtual std::unique_ptr<Work> before(Message&) const { return nullptr; }
  /// What this message presents, in its arena; before the endpoint's properties are applied, so that it
  /// sees the message as before() did. Faults: 303003.
  virtual Result<std::string_view> present(Message&) const { return std::string_view{}; }
  /// Puts it on the finished request.
  virtual Result<void> apply(std::string_view presented, Message& message, OutgoingRequest& request) const = 0;
  /// `answer` has status 401. True: the next request will carry something better than `sent`.
  virtual bool refused(Message&, std::string_view /*sent*/, const BackendResponse& /*answer*/) const { return false; }
  /// refused() may be true: the body has to be kept for a second sending.
  virtual bool renews() const noexcept { return false; }
};

/// Null after an error. EP-045.
std::shared_ptr<const Credentials> read_authentication(const xml::Element& element, Build& build);

}  // namespace myelin::endpoints
