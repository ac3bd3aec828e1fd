#pragma once
// SOCKS5 towards a forward proxy (RFC 1928, RFC 1929): names are resolved by the proxy.

#include "engine/ports/sender.hpp"
#include "transports/http/stream.hpp"

namespace myelin::http {

/// Asks the proxy of `request`, to which `stream` is connected, for a connection to the back end; until `due`.
/// Faults are those of a connection that failed.
Task<Result<void>> open_socks(Stream& stream, const OutgoingRequest& request, TimePoint due);

}  // namespace myelin::http
