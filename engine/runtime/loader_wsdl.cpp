#include "engine/runtime/loader_wsdl.hpp"

#include "engine/artifacts/resource.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

/// Where the service behind an endpoint publishes its WSDL; empty: nowhere, which is reported (SRV-063).
std::string wsdl_address(const Proxy& proxy, const Endpoint& endpoint, Linker& linker) {
  const std::string_view kind = endpoint.kind();
  if (kind != "address" && kind != "wsdl") {
    linker.problems.error(proxy.wsdl_at, "endpoint " + xml::quote(proxy.wsdl_endpoint) + " of <publishWSDL> is " + std::string(kind),
                          "an endpoint with <address> or <wsdl> is needed");
    return {};
  }
  return std::string(endpoint.identity()) + "?wsdl";
}

}  // namespace

void link_wsdl(Proxy& proxy, Linker& linker, const BindContext& context) {
  if (!proxy.wsdl_key.empty()) linker.entry(proxy.wsdl_key, proxy.wsdl_at);
  for (const auto& [location, key] : proxy.wsdl_resources) linker.entry(key, proxy.wsdl_at);
  if (!proxy.wsdl_key.empty() || !proxy.wsdl_inline.empty() || !proxy.wsdl_uri.empty() || proxy.wsdl_endpoint.empty()) return;
  const Endpoint* endpoint = linker.endpoint(proxy.wsdl_endpoint, proxy.wsdl_at);
  const std::string address = endpoint ? wsdl_address(proxy, *endpoint, linker) : std::string();
  if (address.empty() || context.offline) return;
  auto text = fetch(address, context.base);
  if (text) proxy.wsdl_inline = *std::move(text);
  else linker.problems.warning(proxy.wsdl_at, text.fault().message);
}

}  // namespace myelin
