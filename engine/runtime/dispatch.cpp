#include "engine/runtime/dispatch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/text.hpp"

namespace myelin {

namespace {

constexpr std::string_view kServices = "/services/";
constexpr std::string_view kEndpoints = "/endpoints/";

bool is_dot(std::string_view segment) {
  return segment == "." || text::iequals(segment, "%2e");
}

bool is_dot_dot(std::string_view segment) {
  return segment == ".." || text::iequals(segment, "%2e.") || text::iequals(segment, ".%2e") ||
         text::iequals(segment, "%2e%2e");
}

/// Removes dot segments of the path; false above the root or with a NUL (REL-085).
bool normalise(Message& message) {
  const std::string_view target = message.incoming.target;
  const std::string_view path = message.incoming.path();
  if (path.find("%00") != std::string_view::npos) return false;
  if (path.find("/.") == std::string_view::npos && path.find("/%2") == std::string_view::npos) return true;
  std::vector<std::string_view> kept;
  bool changed = false;
  bool directory = false;
  std::size_t at = path.empty() || path.front() != '/' ? 0 : 1;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    directory = false;
    if (is_dot(segment)) {
      changed = directory = true;
    } else if (is_dot_dot(segment)) {
      if (kept.empty()) return false;
      kept.pop_back();
      changed = directory = true;
    } else {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  if (!changed) return true;
  std::string clean;
  for (const std::string_view segment : kept) {
    clean += '/';
    clean += segment;
  }
  if (directory || clean.empty()) clean += '/';
  clean += target.substr(path.size());
  message.incoming.target = message.copy(clean);
  return true;
}

/// Everything behind the service name: "/rest?query", "?query" or "".
std::string_view rest_after(std::string_view target, std::size_t at) {
  const std::size_t end = target.find_first_of("/?", at);
  return end == std::string_view::npos ? std::string_view{} : target.substr(end);
}

void set_postfix(Message& message, std::string_view postfix) {
  message.postfix = postfix;
  message.has_postfix = true;
}

bool methods_include(const Resource& resource, std::string_view method) {
  return resource.methods.empty() ||
         std::find(resource.methods.begin(), resource.methods.end(), method) != resource.methods.end();
}

// --- APIs ---------------------------------------------------------------------------------------

/// Length of context (and version segment) that the path starts with; nullopt: not this API.
std::optional<std::size_t> match_context(const Api& api, std::string_view path) {
  std::size_t length = 0;
  if (api.context != "/") {
    if (!path.starts_with(api.context)) return std::nullopt;
    length = api.context.size();
    if (path.size() > length && path[length] != '/') return std::nullopt;
  }
  if (api.versioning != Api::Versioning::url) return length;
  const std::string_view behind = path.substr(length);
  if (!behind.starts_with('/') || behind.substr(1, api.version.size()) != api.version) return std::nullopt;
  length += 1 + api.version.size();
  if (path.size() > length && path[length] != '/') return std::nullopt;
  return length;
}

bool match_host(const Api& api, const Incoming& incoming) {
  if (api.hostname.empty() && api.port == 0) return true;
  if (incoming.host.empty()) return false;
  std::string_view name = incoming.host;
  int port = incoming.scheme == "https" ? 443 : 80;
  const std::size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && name.find(']', colon) == std::string_view::npos) {
    port = text::parse_int(name.substr(colon + 1)).value_or(-1);
    name = name.substr(0, colon);
  }
  return (api.hostname.empty() || api.hostname == name) && (api.port == 0 || api.port == port);
}

struct ApiMatch {
  const Api* api = nullptr;
  std::size_t length = 0;
};

/// Versioned APIs first, then all; the list is sorted by context length (server reference, 3.4).
ApiMatch find_api(const Deployment& deployment, Message& message) {
  const std::string_view path = message.incoming.path();
  const bool https = message.incoming.scheme == "https";
  for (const bool versioned_only : {true, false}) {
    for (const auto& api : deployment.apis) {
      if (versioned_only && api->versioning == Api::Versioning::none) continue;
      const auto length = match_context(*api, path);
      if (!length || !match_host(*api, message.incoming)) continue;
      if (!(https ? api->https : api->http)) {
        message.properties.set("TRANSPORT_DENIED", true);
        message.properties.set("IN_TRANSPORT", message.incoming.scheme);
        continue;
      }
      return ApiMatch{api.get(), *length};
    }
  }
  return {};
}

enum class Filter { ok, method, other };

Filter filter(const Resource& resource, const Message& message) {
  const Incoming& incoming = message.incoming;
  if (incoming.method != "OPTIONS" && !methods_include(resource, incoming.method)) return Filter::method;
  if (resource.https && *resource.https != (incoming.scheme == "https")) return Filter::other;
  if (!resource.content_type.empty() && !message.payload.empty() &&
      message.payload.content_type() != resource.content_type)
    return Filter::other;
  if (resource.user_agent) {
    const auto agent = message.headers.get("User-Agent");
    const Result<bool> fits = agent ? resource.user_agent->matches(*agent) : Result<bool>(false);
    if (!fits || !*fits) return Filter::other;  // one that takes too long to judge fits nothing (REL-088)
  }
  return Filter::ok;
}

using Variables = std::vector<std::pair<std::string_view, std::string_view>>;

int rank(const UriPattern& pattern) {
  switch (pattern.kind) {
    case UriPattern::Kind::exact: return 0;
    case UriPattern::Kind::prefix: return 1;
    case UriPattern::Kind::extension: return 2;
    case UriPattern::Kind::uri_template: return 3;
    default: return 4;
  }
}

struct ResourceMatch {
  const Resource* resource = nullptr;
  Variables variables;
  bool path_matched = false;    ///< some resource fits the path, whatever its filters say
  bool method_refused = false;
  bool method_matched = false;
  std::string allow;            ///< methods of all resources that fit the path
};

/// Exact mapping, longest prefix, extension, first template, default (server reference, 3.4).
ResourceMatch find_resource(const Api& api, const Message& message, std::string_view path, std::string_view query) {
  ResourceMatch best;
  Variables variables;
  for (const auto& resource : api.resources) {
    variables.clear();
    if (!resource->pattern.matches(path, query, variables)) continue;
    const bool fallback = resource->pattern.kind == UriPattern::Kind::fallback;
    if (!fallback || !best.path_matched) best.path_matched = true;
    const Filter filtered = filter(*resource, message);
    if (filtered == Filter::method) best.method_refused = true;
    if (filtered == Filter::other) best.method_matched = true;
    for (const std::string& method : resource->methods)
      if (best.allow.find(method) == std::string::npos) best.allow += (best.allow.empty() ? "" : ", ") + method;
    if (filtered != Filter::ok) continue;
    const bool better =
        !best.resource || rank(resource->pattern) < rank(best.resource->pattern) ||
        (resource->pattern.kind == UriPattern::Kind::prefix && best.resource->pattern.kind == UriPattern::Kind::prefix &&
         resource->pattern.text.size() > best.resource->pattern.text.size()) ||
        // Among resources of the same place, one that names OPTIONS is preferred for OPTIONS.
        (message.incoming.method == "OPTIONS" && rank(resource->pattern) == rank(best.resource->pattern) &&
         !methods_include(*best.resource, "OPTIONS") && methods_include(*resource, "OPTIONS"));
    if (better) {
      best.resource = resource.get();
      best.variables = variables;
    }
  }
  return best;
}

/// `query.param.NAME` for each pair; false on a bad percent code (SRV-097, SRV-098).
bool set_query_parameters(Message& message) {
  std::string last;
  std::size_t count = 0;
  const std::string_view query = message.incoming.query();
  std::size_t at = 0;
  while (at < query.size()) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view pair = query.substr(at, end - at);
    at = end + 1;
    if (pair.empty()) continue;
    if (++count > 1000) return false;  // REL-024
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      // A pair without '=' belongs to the value before it.
      if (!last.empty())
        message.properties.set(last, message.properties.text(last) + "&" + text::percent_decode(pair, true));
      continue;
    }
    const std::string_view value = pair.substr(equals + 1);
    if (!text::percent_valid(value)) return false;
    last = "query.param.";
    last += pair.substr(0, equals);
    message.properties.set(last, text::percent_decode(value, true));
  }
  return true;
}

bool set_variables(Message& message, const Variables& variables) {
  for (const auto& [name, value] : variables) {
    if (!text::percent_valid(value)) return false;
    message.properties.set(std::string("uri.var.").append(name), text::percent_decode(value));
  }
  return true;
}

Dispatch refuse(int status, const Mediator* handler = nullptr) {
  Dispatch answer;
  answer.status = status;
  answer.handler = handler;
  return answer;
}

/// OPTIONS may ask those on the way, counting them (RFC 9110, 7.6.2). True: the answer is ours.
bool ends_here(Message& message) {
  const Header* steps = message.incoming.method == "OPTIONS" ? message.headers.find("Max-Forwards") : nullptr;
  if (!steps) return false;
  std::uint32_t left = 0;
  const char* end = steps->value.data() + steps->value.size();
  const auto [stopped, error] = std::from_chars(steps->value.data(), end, left);
  if (error != std::errc() || stopped != end) return false;
  if (left == 0) return true;
  message.headers.set("Max-Forwards", message.copy(std::to_string(left - 1)));
  return false;
}

Dispatch to_api(const Deployment& deployment, Message& message, const ApiMatch& match) {
  const std::string_view target = message.incoming.target;
  const std::string_view sub = target.substr(match.length);
  const std::string_view path = message.incoming.path().substr(match.length);
  message.api = match.api->name;
  message.api_context = match.api->context;
  message.sub_path = sub.empty() || sub.front() == '?' ? message.arena.join("/", sub) : sub;
  set_postfix(message, sub);
  ResourceMatch found = find_resource(*match.api, message, path.empty() ? std::string_view("/") : path, message.incoming.query());
  if (!found.resource) {
    if (found.path_matched && found.method_refused && !found.method_matched) {
      Dispatch answer = refuse(405, deployment.method_not_allowed);
      answer.allow = message.copy(found.allow);
      return answer;
    }
    if (found.path_matched) return refuse(400);
    return refuse(404, deployment.resource_mismatch);
  }
  if (message.incoming.method == "OPTIONS" && !methods_include(*found.resource, "OPTIONS")) {
    Dispatch answer = refuse(200);
    answer.allow = found.allow.empty() ? kDefaultMethods : message.copy(found.allow);
    return answer;
  }
  if (!set_variables(message, found.variables) || !set_query_parameters(message)) return refuse(400);
  message.resource = found.resource->pattern.text;
  Dispatch answer;
  answer.service = found.resource;
  return answer;
}

}  // namespace

Dispatch dispatch(const Deployment& deployment, Message& message) {
  if (!normalise(message)) {
    Dispatch bad = refuse(400);
    bad.reason = "bad_path";
    return bad;
  }
  if (ends_here(message)) {
    Dispatch ours = refuse(200);
    ours.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    return ours;
  }
  const std::string_view target = message.incoming.target;
  const std::string_view path = message.incoming.path();
  const bool https = message.incoming.scheme == "https";
  Dispatch answer;

  if (target.starts_with(kServices)) {
    const std::size_t end = std::min(path.find('/', kServices.size()), path.size());
    const std::string_view name = path.substr(kServices.size(), end - kServices.size());
    if (const Proxy* proxy = deployment.proxy(name); proxy && proxy->running && (https ? proxy->https : proxy->http)) {
      message.proxy = proxy->name;
      set_postfix(message, rest_after(target, kServices.size()));
      answer.service = proxy;
      return answer;
    }
  }
  if (deployment.endpoints_only) {
    if (target.starts_with(kEndpoints)) {
      const std::size_t end = std::min(path.find('/', kEndpoints.size()), path.size());
      const auto found = deployment.endpoint_services.find(path.substr(kEndpoints.size(), end - kEndpoints.size()));
      if (found != deployment.endpoint_services.end()) {
        set_postfix(message, rest_after(target, kEndpoints.size()));
        answer.service = found->second.get();
        return answer;
      }
    }
    return refuse(404);
  }
  if (const ApiMatch match = find_api(deployment, message); match.api) return to_api(deployment, message, match);
  // The list of services is nobody's business (SRV-067).
  if (message.incoming.method == "GET" && (path == "/services" || path == kServices) &&
      !text::iequals(deployment.setting("http.block_service_list"), "false"))
    return refuse(403);
  // The server's root adds nothing to an address.
  const std::string_view rest = target.starts_with(kServices) ? rest_after(target, kServices.size()) : target;
  set_postfix(message, path == "/" ? rest.substr(1) : rest);
  answer.service = &deployment.main;
  return answer;
}

}  // namespace myelin
