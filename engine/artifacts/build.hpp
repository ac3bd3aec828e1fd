#pragma once
// Builds the artifacts a configuration defines from their elements, and links what requests can be
// dispatched to. Errors go to build.problems; what could not be built is null.

#include <memory>
#include <optional>

#include "engine/artifacts/service.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/endpoint_template.hpp"

namespace myelin {

std::unique_ptr<Proxy> build_proxy(const xml::Element& element, Build& build);
std::unique_ptr<Api> build_api(const xml::Element& element, Build& build);

/// A `<localEntry>`: its value and, when the value is the XML of a sequence, an endpoint or an endpoint's
/// template, that (SRV-038).
struct BuiltEntry {
  LocalEntry entry;
  std::unique_ptr<Sequence> sequence;
  std::unique_ptr<Endpoint> endpoint;
  std::unique_ptr<EndpointTemplate> endpoint_template;
};
std::optional<BuiltEntry> build_local_entry(const xml::Element& element, Build& build);

/// The sequence, endpoint, template or value that `root` is; for entries and registry resources.
BuiltEntry build_entry_value(const xml::Element& root, std::string key, Build& build);

/// Reads the flows both proxies and API resources have: attribute (a key) or inline child of that
/// name; the attribute wins (SRV-053).
void bind_flows(Service& service, xml::Bind& bind, Build& build);

/// Resolves the keys of a service and links what it holds inline.
void link_service(Service& service, Linker& linker);

}  // namespace myelin
