#include "engine/runtime/deployment.hpp"

namespace myelin {

namespace {

template <class Map>
auto find(const Map& map, std::string_view key) -> decltype(map.begin()->second.get()) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second.get();
}

}  // namespace

const Mediator* Deployment::sequence(std::string_view key) const {
  const Mediator* named = find(sequences, key);
  return named ? named : find(entry_sequences, key);
}

const Endpoint* Deployment::endpoint(std::string_view key) const {
  const Endpoint* named = find(endpoints, key);
  return named ? named : find(entry_endpoints, key);
}

const LocalEntry* Deployment::entry(std::string_view key) const {
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

const EndpointTemplate* Deployment::endpoint_template(std::string_view key) const {
  const EndpointTemplate* named = find(endpoint_templates, key);
  return named ? named : find(entry_templates, key);
}

const Proxy* Deployment::proxy(std::string_view name) const {
  if (const Proxy* found = find(proxies, name)) return found;
  // SRV-068: Name.NameHttpSoap11Endpoint, Name.port
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? nullptr : find(proxies, name.substr(0, dot));
}

}  // namespace myelin
