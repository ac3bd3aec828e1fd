#pragma once
// Gives each exchange its request id and its place in a trace, as `request_id.header`,
// `request_id.trust` and `trace.context` say. Read with a deployment; used on one shard.

#include <string>

#include "engine/base/networks.hpp"
#include "engine/message/message.hpp"
#include "engine/runtime/settings.hpp"

namespace myelin {

class Identifier {
 public:
  void read(const Settings& settings);
  /// Fills `message.identity`, and the transport header of the request id, so that flows see it.
  void identify(Message& message) const;

 private:
  void take_request_id(Message& message) const;
  void take_trace(Message& message) const;

  std::string header_;   ///< empty: no request ids
  Networks trusted_;     ///< whose ids are taken over
  bool own_span_ = false;
};

}  // namespace myelin
