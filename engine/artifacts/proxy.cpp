// <proxy name [transports] [pinnedServers] [startOnLoad]><target .../><publishWSDL .../>...</proxy>
// (server reference, 2.1 and 2.2)
#include <algorithm>

#include "engine/artifacts/build.hpp"
#include "engine/artifacts/resource.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/environment.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

constexpr std::string_view kListSeparators = ", \t\r\n";

void bind_transports(Proxy& proxy, xml::Bind& bind) {
  const auto* attribute = bind.attribute("transports");
  if (!attribute) return;
  const auto names = text::split(attribute->value, kListSeparators);
  if (names.empty() || std::find(names.begin(), names.end(), "all") != names.end()) return;
  const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  proxy.http = has("http");
  proxy.https = has("https");
  for (const std::string_view name : names)
    if (name != "http" && name != "https")
      bind.warning(attribute->where, "transport " + xml::quote(name) + " is ignored", "http and https are supported");
}

/// WSO2 takes values of proxies from outside (server reference, 1.10).
std::string resolved(std::string_view text, const xml::Location& where, const std::string& what, Build& build) {
  return build.settings.apache_dialect() ? std::string(text) : resolve_environment(text, where, what, build);
}

std::string resolved(xml::Bind& bind, std::string_view name, Build& build) {
  const auto* attribute = bind.attribute(name);
  return attribute ? resolved(attribute->value, attribute->where, "attribute " + xml::quote(name), build) : std::string();
}

bool runs_here(xml::Bind& bind, Build& build) {
  if (!bind.attribute("pinnedServers")) return true;
  const std::string servers = resolved(bind, "pinnedServers", build);
  const auto names = text::split(servers, kListSeparators);
  std::string_view own = build.settings.setting("server.name");
  if (own.empty()) own = "localhost";
  return names.empty() || std::find(names.begin(), names.end(), own) != names.end();
}

void bind_endpoint(Proxy& proxy, xml::Bind& target, Build& build) {
  const auto* key = target.attribute("endpoint");
  const auto* inlined = target.child("endpoint");
  if (key) {
    proxy.endpoint_key = text::trim(key->value);
    proxy.endpoint_at = key->where;
  }
  if (!inlined) return;
  if (key) target.warning(inlined->where, "<endpoint> is ignored", "attribute 'endpoint' is used");
  else proxy.own_endpoint = build.endpoint(*inlined);
}

void bind_target(Proxy& proxy, const xml::Element& element, Build& build) {
  xml::Bind target(element, build.problems);
  const std::size_t errors = build.problems.error_count();
  bind_flows(proxy, target, build);
  bind_endpoint(proxy, target, build);
  target.finish();
  const bool empty = !proxy.own_in && proxy.in_key.empty() && !proxy.own_endpoint && proxy.endpoint_key.empty();
  // When the endpoint was there but wrong, that has been said.
  if (empty && build.problems.error_count() == errors)
    target.error("<target> of proxy " + xml::quote(proxy.name) + " leads nowhere",
                 "an inSequence or an endpoint is needed");
}

/// A WSDL that cannot be had only means that ?wsdl is not answered: the proxy itself does not need it.
void load_wsdl(Proxy& proxy, const xml::Element& element, Build& build) {
  if (build.offline && !is_file_uri(proxy.wsdl_uri)) return;
  auto text = fetch(proxy.wsdl_uri, build.base, FetchLimits());
  if (text) proxy.wsdl_inline = *std::move(text);
  else build.problems.warning(element.where, text.fault().message);
}

void bind_wsdl(Proxy& proxy, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::size_t errors = build.problems.error_count();
  proxy.wsdl_at = element.where;
  proxy.wsdl_key = resolved(bind, "key", build);
  proxy.wsdl_uri = resolved(bind, "uri", build);
  proxy.wsdl_endpoint = resolved(bind, "endpoint", build);
  proxy.wsdl_keeps_policies = !text::iequals(bind.text("preservePolicy").value_or("true"), "false");
  for (const xml::Element* resource : bind.children("resource")) {
    xml::Bind one(*resource, build.problems);
    std::string location = one.required("location");
    std::string key = one.required("key");
    one.finish();
    proxy.wsdl_resources.emplace_back(std::move(location), std::move(key));
  }
  for (const xml::Element* child : element.children())
    if (child->name == "definitions" || (child->name == "description" && child->ns != xml::kSynapse))
      proxy.wsdl_inline = child->outer_xml();
  bind.all_children_known();
  bind.finish();
  if (build.problems.error_count() != errors) return;
  if (proxy.wsdl_key.empty() && proxy.wsdl_uri.empty() && proxy.wsdl_endpoint.empty() && proxy.wsdl_inline.empty())
    bind.error("<publishWSDL> names no WSDL", "attribute 'key', 'uri' or 'endpoint' or an inline WSDL is needed");
  if (proxy.wsdl_key.empty() && proxy.wsdl_inline.empty() && !proxy.wsdl_uri.empty()) load_wsdl(proxy, element, build);
}

void bind_policy(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.required("key");
  static constexpr std::pair<std::string_view, int> kTypes[] = {{"in", 0}, {"out", 1}};
  bind.choice<int>("type", kTypes, 0);  // SRV-069
  bind.ignore({"operationName", "operationNamespace"});
  bind.finish();
  bind.warning("<policy> has no effect", "policies are not applied by this version");
}

void bind_parameters(Proxy& proxy, xml::Bind& bind, Build& build) {
  for (const xml::Element* element : bind.children("parameter")) {
    xml::Bind parameter(*element, bind.problems());
    std::string name = parameter.required("name");
    parameter.all_children_known();
    parameter.finish();
    std::string value = element->children().empty()
                            ? resolved(text::trim(element->text()), element->where, "parameter " + xml::quote(name), build)
                            : element->inner_xml();
    proxy.parameters.emplace_back(std::move(name), std::move(value));
  }
}

void bind_quality(xml::Bind& bind) {
  for (const std::string_view name : {"enableAddressing", "enableSec", "enableRM"})
    if (const auto* child = bind.child(name))
      bind.warning(child->where, xml::tag(name) + " has no effect", "it is not supported by this version");
}

}  // namespace

std::unique_ptr<Proxy> build_proxy(const xml::Element& element, Build& build) {
  auto proxy = std::make_unique<Proxy>();
  xml::Bind bind(element, build.problems);
  proxy->kind = Service::Kind::proxy;
  proxy->where = element.where;
  proxy->name = text::trim(bind.required("name"));
  bind_transports(*proxy, bind);
  const bool starts = text::iequals(bind.text("startOnLoad").value_or("true"), "true");
  proxy->running = runs_here(bind, build) && starts;
  bind.ignore({"serviceGroup"});
  if (const auto* target = bind.child("target")) bind_target(*proxy, *target, build);
  else bind.error("proxy " + xml::quote(proxy->name) + " has no <target>", "one is needed");
  if (const auto* wsdl = bind.child("publishWSDL")) bind_wsdl(*proxy, *wsdl, build);
  for (const xml::Element* policy : bind.children("policy")) bind_policy(*policy, build);
  bind_parameters(*proxy, bind, build);
  bind_quality(bind);
  bind.finish();
  return proxy;
}

}  // namespace myelin
