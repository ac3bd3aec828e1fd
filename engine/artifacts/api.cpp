// <api name context ...><resource methods uri-template|url-mapping ...>...</resource>+</api>
// (server reference, 3.1 and 3.2)
#include <algorithm>

#include "engine/artifacts/build.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"};

void bind_methods(Resource& resource, xml::Bind& bind) {
  const auto* attribute = bind.attribute("methods");
  if (!attribute) return;
  for (const std::string_view method : text::split(attribute->value, " ")) {
    if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods))  // SRV-085
      bind.error(attribute->where, "method " + xml::quote(method) + " on <resource>", xml::suggest(method, kMethods));
    else
      resource.methods.emplace_back(method);
  }
}

void bind_pattern(Resource& resource, xml::Bind& bind) {
  const auto* mapping = bind.attribute("url-mapping");
  const auto* uri = bind.attribute("uri-template");
  if (mapping && uri) bind.warning(uri->where, "attribute 'uri-template' is ignored", "url-mapping is used");
  const auto* used = mapping ? mapping : uri;
  if (!used) return;
  std::string wrong = mapping ? UriPattern::compile_mapping(mapping->value, resource.pattern)
                              : UriPattern::compile_template(uri->value, resource.pattern);
  if (!wrong.empty())
    bind.error(used->where, "attribute " + xml::quote(used->name) + " on <resource> is " + xml::quote(used->value),
               std::move(wrong));
}

void bind_filters(Resource& resource, xml::Bind& bind) {
  static constexpr std::pair<std::string_view, bool> kProtocols[] = {{"http", false}, {"https", true}};
  const bool protocol = bind.element().attribute("protocol") != nullptr;
  const bool https = bind.choice<bool>("protocol", kProtocols, false);
  if (protocol) resource.https = https;
  if (const auto* type = bind.attribute("content-type")) {
    resource.content_type = type->value;
    if (std::count(type->value.begin(), type->value.end(), '/') != 1)
      bind.error(type->where, "attribute 'content-type' on <resource> is " + xml::quote(type->value),
                 "a media type like text/xml is needed");
  }
  if (const auto* agent = bind.attribute("user-agent")) {
    std::string why;
    resource.user_agent = expr::Pattern::compile(agent->value, why);
    if (!resource.user_agent)
      bind.error(agent->where, "attribute 'user-agent' on <resource> is " + xml::quote(agent->value),
                 "a regular expression is needed");
  }
}

/// Only inbound endpoints other than the listeners are bound to by another name than `default`.
void bind_inbound(xml::Bind& bind) {
  const auto* to = bind.attribute("binds-to");
  if (!to) return;
  const auto names = text::split(to->value, ", \t");
  if (std::find(names.begin(), names.end(), "default") == names.end())
    bind.error(to->where, "attribute 'binds-to' on " + xml::tag(bind.element().name) + " is " + xml::quote(to->value),
               "inbound endpoints are not supported by this version; allowed: default");
}

std::unique_ptr<Resource> build_resource(const xml::Element& element, const Api& api, Build& build) {
  auto resource = std::make_unique<Resource>();
  xml::Bind bind(element, build.problems);
  resource->kind = Service::Kind::api;
  resource->name = api.name;
  bind_methods(*resource, bind);
  bind_pattern(*resource, bind);
  bind_filters(*resource, bind);
  bind_inbound(bind);
  bind_flows(*resource, bind, build);
  bind.finish();
  return resource;
}

bool methods_overlap(const Resource& a, const Resource& b) {
  if (a.methods.empty() || b.methods.empty()) return true;
  return std::any_of(a.methods.begin(), a.methods.end(), [&](const std::string& method) {
    return std::find(b.methods.begin(), b.methods.end(), method) != b.methods.end();
  });
}

/// Two resources that no request can tell apart (SRV-088).
void check_distinct(const Api& api, const Resource& added, const xml::Location& where, xml::Problems& problems) {
  const bool fallback = added.pattern.kind == UriPattern::Kind::fallback;
  for (const auto& other : api.resources) {
    if (other->pattern.kind != added.pattern.kind || other->pattern.text != added.pattern.text) continue;
    if (fallback)
      problems.error(where, "a second resource without uri-template and url-mapping in api " + xml::quote(api.name),
                     "one is allowed");
    else if (methods_overlap(*other, added))
      problems.error(where, "a second resource for " + xml::quote(added.pattern.text) + " in api " + xml::quote(api.name),
                     "resources of one pattern need different methods");
    else
      continue;
    return;
  }
}

void bind_context(Api& api, xml::Bind& bind) {
  api.context = bind.required("context");
  if (api.context.empty()) return;
  if (api.context.front() != '/')  // SRV-075
    bind.error(bind.attribute("context")->where, "attribute 'context' on <api> is " + xml::quote(api.context),
               "it begins with '/'");
  while (api.context.size() > 1 && api.context.back() == '/') api.context.pop_back();
}

void bind_version(Api& api, xml::Bind& bind) {
  static constexpr std::pair<std::string_view, Api::Versioning> kTypes[] = {{"url", Api::Versioning::url},
                                                                            {"context", Api::Versioning::context}};
  const auto* version = bind.attribute("version");
  const bool typed = bind.element().attribute("version-type") != nullptr;
  const auto type = bind.choice<Api::Versioning>("version-type", kTypes, Api::Versioning::none);
  bind.ignore({"version-param"});
  if (!version || text::trim(version->value).empty()) {
    if (typed) bind.warning("attribute 'version-type' on <api> is ignored", "attribute 'version' is missing");
    return;
  }
  if (!typed)  // SRV-077
    bind.error(version->where, "attribute 'version' on <api> without 'version-type'", "url or context is needed");
  api.version = version->value;
  api.versioning = type;
  api.name += ":v" + api.version;
  const auto mark = api.context.find("{version}");
  if (type == Api::Versioning::context && mark != std::string::npos)  // SRV-079
    api.context.replace(mark, std::string_view("{version}").size(), api.version);
}

/// Apache writes `transport`, WSO2 `transports` (SRV-083).
void bind_transports(Api& api, xml::Bind& bind, bool apache) {
  const std::string_view name = apache ? "transport" : "transports";
  const std::string_view other = apache ? "transports" : "transport";
  const auto* found = bind.attribute(name);
  if (!found) found = bind.attribute(other);
  else bind.ignore({other});
  if (!found || text::trim(found->value).empty()) return;
  if (found->value != "http" && found->value != "https") {
    bind.error(found->where, "attribute " + xml::quote(found->name) + " on <api> is " + xml::quote(found->value),
               "allowed: http or https; without it both are served");
    return;
  }
  api.http = found->value == "http";
  api.https = found->value == "https";
}

void bind_host(Api& api, xml::Bind& bind) {
  api.hostname = bind.text("hostname").value_or("");
  const auto port = bind.integer("port");
  if (!port || *port == -1) return;
  if (*port < 1 || *port > 65535)
    bind.error(bind.attribute("port")->where, "attribute 'port' on <api> is " + xml::quote(std::to_string(*port)),
               "allowed: 1 to 65535");
  else
    api.port = *port;
}

}  // namespace

std::unique_ptr<Api> build_api(const xml::Element& element, Build& build) {
  auto api = std::make_unique<Api>();
  xml::Bind bind(element, build.problems);
  api->where = element.where;
  api->name = bind.required("name");
  bind_context(*api, bind);
  bind_version(*api, bind);
  bind_host(*api, bind);
  bind_transports(*api, bind, build.settings.apache_dialect());
  bind_inbound(bind);
  bind.ignore({"publishSwagger", "validateSchema"});
  // Handlers may authenticate: serving without them would open what was closed.
  if (const auto* handlers = bind.child("handlers"); handlers && !handlers->children().empty())
    bind.error(handlers->where, "<handlers> is known but not supported by this version");
  const auto resources = bind.children("resource");
  for (const xml::Element* resource : resources) {
    auto built = build_resource(*resource, *api, build);
    check_distinct(*api, *built, resource->where, build.problems);
    api->resources.push_back(std::move(built));
  }
  if (resources.empty()) bind.error("api " + xml::quote(api->name) + " has no <resource>", "one is needed");  // SRV-076
  bind.finish();
  return api;
}

}  // namespace myelin
