#pragma once
// What the service manager is told (systemd's notification protocol).

#include <string_view>

namespace myelin::server {

/// `state`: "READY=1", "STOPPING=1" ..., lines joined by '\n'. Does nothing unless $NOTIFY_SOCKET is
/// set; never waits.
void notify(std::string_view state) noexcept;

}  // namespace myelin::server
