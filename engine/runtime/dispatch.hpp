#pragma once
// Which service a request belongs to: a proxy under /services/, a bare endpoint under /endpoints/,
// an API resource, or the main sequence (server reference, 2.3, 3.4). Sets the message's service
// facts: proxy, api, resource, postfix, path variables and query parameters.

#include <string>
#include <string_view>

#include "engine/message/message.hpp"
#include "engine/runtime/deployment.hpp"

namespace myelin {

/// Of a resource that names none, as OPTIONS tells them.
inline constexpr std::string_view kDefaultMethods = "GET, POST, PUT, DELETE";

struct Dispatch {
  const Service* service = nullptr;     ///< null: answer `status`
  int status = 0;
  const char* reason = nullptr;         ///< of a request that nobody should have sent: for the log, and the connection ends
  std::string_view allow;               ///< Allow header for 200 to OPTIONS and for 405
  const Mediator* handler = nullptr;    ///< runs instead of the bare status (_resource_mismatch_handler_)
};

/// Requires message.incoming to be filled; may rewrite incoming.target (dot segments, REL-085).
Dispatch dispatch(const Deployment& deployment, Message& message);

}  // namespace myelin
