#include "engine/runtime/cross_origin.hpp"

#include "engine/base/text.hpp"

namespace myelin {

namespace {

/// `*` or the origin, whichever the list has; empty: neither.
std::string_view allowed_by(std::string_view list, std::string_view origin) {
  std::string_view found;
  for (const std::string_view piece : text::split(list, ",")) {
    const std::string_view one = text::trim(piece);
    if (one == "*") return one;
    if (!one.empty() && one == origin) found = origin;
  }
  return found;
}

}  // namespace

bool CrossOrigin::is_on(const Settings& settings) noexcept {
  return text::iequals(text::trim(settings.get("synapse.rest.CORSConfig.enabled")), "true");
}

CrossOrigin::CrossOrigin(const Deployment& deployment, std::string_view origin) : on_(deployment.cross_origin), origin_(origin) {
  if (!on_) return;
  allowed_ = allowed_by(deployment.setting("synapse.rest.CORSConfig.Access-Control-Allow-Origin"), origin);
  headers_ = text::trim(deployment.setting("synapse.rest.CORSConfig.Access-Control-Allow-Headers"));
}

void CrossOrigin::write(std::string_view methods, Headers& headers) const {
  if (allowed_.empty()) return;
  headers.set("Access-Control-Allow-Origin", allowed_);
  headers.set("Access-Control-Allow-Methods", methods);
  if (!headers_.empty()) headers.set("Access-Control-Allow-Headers", headers_);
  if (allowed_ != "*") headers.add("Vary", "Origin");
}

}  // namespace myelin
