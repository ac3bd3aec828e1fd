#pragma once
// Listening sockets as descriptors: so that all addresses can be bound before one of them listens
// (REL-160), and so that sockets can be handed to another process (REL-157).

#include <cstdint>
#include <string>

#include "engine/base/result.hpp"

namespace myelin::http {

/// A socket bound to a numeric address (or "localhost", or empty for all of IPv4) that does not listen
/// yet. Port 0 takes a free one. Several of one address share it (SO_REUSEPORT). The caller closes it.
Result<int> bind_socket(const std::string& address, std::uint16_t port);
/// Fault: somebody has the address, be it another server of this kind, which SO_REUSEPORT would let
/// share it.
Result<void> check_free(const std::string& address, std::uint16_t port);
std::uint16_t port_of(int descriptor) noexcept;
/// Its numeric address without port; empty when it is no socket of IPv4 or IPv6.
std::string address_of(int descriptor);
bool shares_port(int descriptor) noexcept;

}  // namespace myelin::http
