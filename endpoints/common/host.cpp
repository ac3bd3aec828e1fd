#include "endpoints/common/host.hpp"

#include "engine/base/text.hpp"

namespace myelin::endpoints {

namespace {

/// Path and query of To (EP-127).
std::string path_of(Message& message) {
  const std::string& to = message.addressing().to;
  const auto url = Url::parse(to);
  std::string path(url ? url->target : std::string_view(to));
  if (path.empty() || path.front() != '/') path.insert(path.begin(), '/');
  return path;
}

std::int32_t asked_port(std::string_view host, bool https) {
  const auto colon = host.rfind(':');
  const bool named = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return (named ? text::parse_int(host.substr(colon + 1)) : std::nullopt).value_or(https ? 443 : 80);
}

/// A message that is sent again has it already.
void add_forwarded_for(Message& message) {
  constexpr std::string_view kName = "X-Forwarded-For";
  const std::string_view client = message.incoming.remote_address;
  std::string_view all;
  for (const Header& field : message.headers)
    if (text::iequals(field.name, kName)) all = all.empty() ? field.value : message.arena.join(all, ", ", field.value);
  const auto comma = all.rfind(',');
  const std::string_view last = text::trim(comma == std::string_view::npos ? all : all.substr(comma + 1));
  if (last == client) return;
  message.headers.set(kName, all.empty() ? client : message.arena.join(all, ", ", client));
}

}  // namespace

void Host::name_ports() {
  host_and_ports_ = host + ':' + std::to_string(http_port) + ':' + std::to_string(https_port);
}

void Host::leave_out_for(std::int64_t ms) noexcept {
  definition.suspension.initial = ms;
  definition.suspension.maximum = ms;
}

std::int32_t Host::port_for(const Message& message, bool& https) const {
  if (!mapped_ports.empty())
    if (const auto found = mapped_ports.find(asked_port(message.incoming.host, https)); found != mapped_ports.end())
      return found->second;
  const std::int32_t port = https ? https_port : http_port;
  if (port > 0 || !any_scheme) return port;
  https = !https;
  return https ? https_port : http_port;
}

/// EP-126: incoming scheme, own host and port, path of To.
Result<SendingLeaf::Destination> Host::destination(Message& message) const {
  const std::string_view scheme = message.incoming.scheme;
  bool https = scheme == "https";
  if (!https && scheme != "http")
    return Fault("member " + host + " cannot take messages of transport '" + std::string(scheme) + "'");
  const std::int32_t port = port_for(message, https);
  if (port <= 0) return Fault("member " + host + " has no " + std::string(scheme) + " port");
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  auto to = parse(message.copy(std::string(https ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ':' +
                               std::to_string(port) + path_of(message)));
  if (to) to->takes_postfix = false;  // the path of To is the whole path
  return to;
}

/// Without a message to take scheme and path from: plain if there is a port for it.
std::string Host::check_target() const {
  const bool https = http_port <= 0;
  return (https ? "https://" : "http://") + host + ':' + std::to_string(https ? https_port : http_port) + '/';
}

Result<void> Host::prepare(Message& message, OutgoingRequest& request) const {
  if (forwarded_for && !message.incoming.remote_address.empty()) add_forwarded_for(message);
  return SendingLeaf::prepare(message, request);
}

}  // namespace myelin::endpoints
