#pragma once
// Everything one configuration defines, linked and immutable. Built off the request path by the
// Loader, published to every shard; a message ends on the deployment it began with.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/artifacts/service.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/endpoint_template.hpp"
#include "engine/flow/sequence.hpp"
#include "engine/ports/discovery.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/runtime/settings.hpp"

namespace myelin {

class Deployment final : public Artifacts {
 public:
  const Mediator* sequence(std::string_view key) const override;
  const Endpoint* endpoint(std::string_view key) const override;
  const LocalEntry* entry(std::string_view key) const override;
  const EndpointTemplate* endpoint_template(std::string_view key) const override;
  std::string_view setting(std::string_view name) const override { return settings.get(name); }
  bool apache_dialect() const noexcept override { return settings.apache_dialect(); }

  /// The proxy of that service path segment ("Name", or "Name.Suffix"), or null.
  const Proxy* proxy(std::string_view name) const;

  Settings settings;
  std::map<std::string, std::unique_ptr<Sequence>, std::less<>> sequences;
  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> endpoints;
  std::map<std::string, LocalEntry, std::less<>> entries;
  std::map<std::string, std::unique_ptr<EndpointTemplate>, std::less<>> endpoint_templates;
  /// Sequences, endpoints and templates that a local entry or a registry resource of that key holds.
  std::map<std::string, std::unique_ptr<Sequence>, std::less<>> entry_sequences;
  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> entry_endpoints;
  std::map<std::string, std::unique_ptr<EndpointTemplate>, std::less<>> entry_templates;
  std::map<std::string, std::unique_ptr<Proxy>, std::less<>> proxies;
  std::vector<std::unique_ptr<Api>> apis;          ///< longest context first, "/" last

  Service main;                                    ///< in = the main sequence
  const Mediator* fault = nullptr;                 ///< the default fault sequence, never null
  const Mediator* pre_mediate = nullptr;
  const Mediator* resource_mismatch = nullptr;     ///< _resource_mismatch_handler_
  const Mediator* method_not_allowed = nullptr;    ///< _method_not_allowed_handler_
  /// Endpoints alone, no main sequence, proxy or API: each is served at /endpoints/NAME/...
  bool endpoints_only = false;
  bool cross_origin = false;                       ///< synapse.rest.CORSConfig.enabled
  std::map<std::string, std::unique_ptr<Service>, std::less<>> endpoint_services;
  /// Every endpoint that stands in no group, inline ones included; owned by what they stand in.
  std::vector<const Endpoint*> endpoint_roots;
  /// Groups whose members are found at run time; owned likewise.
  std::vector<Discoverer*> discoverers;

  /// Number of artifacts the files define, for the ready line.
  std::size_t size() const noexcept { return defined; }
  std::size_t defined = 0;
};

}  // namespace myelin
