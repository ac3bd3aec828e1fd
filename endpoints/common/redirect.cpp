// Redirects that a leaf follows (`followRedirects`): GET after 303, credentials only for the origin they were
// meant for, never from https to http nor to link-local addresses (REL-084).

#include <algorithm>

#include "endpoints/common/leaf.hpp"
#include "engine/base/log.hpp"
#include "engine/base/text.hpp"

namespace myelin::endpoints {

namespace {

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 3986, 5.2.4, of an absolute path.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool open_end = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    open_end = path.empty() && (segment == "." || segment == "..");
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  return open_end || out.empty() ? out + '/' : out;
}

/// Where `location` leads to from `base` (RFC 3986, 5.2); lives in the arena.
std::optional<Url> resolve(const Url& base, std::string_view location, Arena& arena) {
  if (text::istarts_with(location, "http://") || text::istarts_with(location, "https://"))
    return Url::parse(arena.copy(location));
  if (location.starts_with("//")) return Url::parse(arena.join(base.scheme, ":", location));
  const std::string_view colon = location.substr(0, location.find_first_of("/?#"));
  if (colon.find(':') != std::string_view::npos) return std::nullopt;  // another scheme
  const std::string_view path = base.target.substr(0, base.target.find('?'));
  std::string target;
  if (location.starts_with('/')) {
    target = location;
  } else if (location.starts_with('?')) {
    target = std::string(path.empty() ? "/" : path) + std::string(location);
  } else {
    const std::size_t end = std::min(location.find_first_of("?#"), location.size());
    const std::string folder(path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1));
    target = without_dots((folder.empty() ? "/" : folder) + std::string(location.substr(0, end))) +
             std::string(location.substr(end));
  }
  return Url::parse(arena.join(base.scheme, "://", base.authority, target));
}

bool same_origin(const Url& a, const Url& b) noexcept {
  return a.scheme == b.scheme && a.port == b.port && text::iequals(a.host, b.host);
}

bool is_secret(std::string_view name) noexcept {
  return text::iequals(name, "Authorization") || text::iequals(name, "Cookie") ||
         text::iequals(name, "Proxy-Authorization");
}

void become_get(OutgoingRequest& request) noexcept {
  request.method = "GET";
  request.idempotent = true;
  request.has_body = request.has_soap_action = false;
  request.bytes = {};
  request.stream = nullptr;
  request.content_type = {};
  request.drop_content_type = true;
}

}  // namespace

bool SendingLeaf::follow(Message& message, const BackendResponse& answer, OutgoingRequest& request,
                         Headers& lent) const {
  const auto location = answer.headers().get("Location");
  if (!is_redirect(answer.status()) || !location || location->empty()) return false;
  const auto url = resolve(request.url, *location, message.arena);
  if (!url || (request.url.scheme == "https" && url->scheme != "https")) return false;
  if (!allow_link_local_ && is_link_local(url->host)) {
    log::warn("endpoint", message.log_prefix() + "a redirect to a link-local address is not followed");
    return false;
  }
  const int status = answer.status();
  if ((status == 303 && request.method != "HEAD") || (status < 303 && request.method == "POST")) become_get(request);
  const bool same = same_origin(request.url, *url);
  Headers kept;
  for (const Header& field : *request.headers)
    if (same || !is_secret(field.name)) kept.add(field.name, field.value);
  lent.swap(kept);
  request.headers = &lent;
  if (!same) {
    request.credential = {};  // its field still goes
    request.tls = nullptr;
    request.http2 &= url->scheme == "https";  // in clear text nobody could say no
    request.host = url->authority;
    request.guarded = !allow_link_local_;
  }
  request.url = *url;
  request.target = url->target.starts_with('/') ? url->target : message.arena.join("/", url->target);
  request.url.target = request.target;
  return true;
}

}  // namespace myelin::endpoints
