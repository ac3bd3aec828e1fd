#pragma once
// Under which names an exchange is known beyond this process: request id, W3C trace context. Texts
// live as long as the exchange.

#include <optional>
#include <string_view>

namespace myelin {

struct Identity {
  std::string_view request_id;         ///< empty: requests have none
  std::string_view request_id_header;  ///< goes with it, to the backend and on the answer
  std::string_view trace_id;           ///< 32 hex digits; empty: no trace, or not a valid one
  std::string_view trace_flags;        ///< two hex digits
  std::string_view trace_parent;       ///< the client's own, passed on where the message has lost it
  std::string_view trace_state;
  bool own_span = false;               ///< each backend request is a span of ours in the trace
};

/// The parts of a `traceparent` (W3C Trace Context), views into its text.
struct TraceParent {
  std::string_view trace_id, parent_id, flags;
  /// nullopt: the rules say to ignore it.
  static std::optional<TraceParent> parse(std::string_view text) noexcept;
};

/// Characters and length that are safe in fields, logs and other people's databases.
bool valid_request_id(std::string_view text) noexcept;

}  // namespace myelin
