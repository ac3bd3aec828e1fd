#pragma once
// Where a request may not lead when its address came out of a message (REL-084).

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

namespace myelin::http {

/// A link-local host, or `admin_port` on any address of this machine. Looked at when the name is resolved, so a
/// name does not help. `admin_port` 0: there is none.
bool is_guarded(const boost::asio::ip::tcp::endpoint& to, std::uint16_t admin_port);

}  // namespace myelin::http
