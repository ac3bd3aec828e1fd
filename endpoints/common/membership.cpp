#include "endpoints/common/membership.hpp"

#include <algorithm>

#include "endpoints/common/blocks.hpp"
#include "endpoints/common/host.hpp"
#include "endpoints/common/session_group.hpp"
#include "endpoints/common/spreading.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::int64_t kLeftOut = 10'000;  // ms a failed member is not used
constexpr std::string_view kMapping = "port.mapping.";

std::int32_t port_of(const Instance& instance, std::string_view name, bool own) {
  const auto found = instance.metadata.find(name);
  if (found != instance.metadata.end())
    if (const auto port = text::parse_int(text::trim(found->second)); port && *port > 0 && *port <= 65535) return *port;
  return own ? instance.port : -1;
}

std::unique_ptr<Endpoint> make_member(const Instance& instance, Build& build) {
  auto member = std::make_unique<Host>(build);
  const auto remote = instance.metadata.find("remoteHost");
  member->host = remote == instance.metadata.end() || remote->second.empty() ? instance.host : remote->second;
  member->http_port = port_of(instance, "httpPort", !instance.tls);
  member->https_port = port_of(instance, "httpsPort", instance.tls);
  for (const auto& [name, value] : instance.metadata) {
    if (!name.starts_with(kMapping)) continue;
    const auto from = text::parse_int(std::string_view(name).substr(kMapping.size()));
    const auto to = text::parse_int(text::trim(value));
    if (from && to && *to > 0 && *to <= 65535) member->mapped_ports[*from] = *to;
  }
  member->name_ports();
  member->any_scheme = true;
  member->forwarded_for = true;
  member->weight = instance.weight;
  member->backup = instance.backup;
  member->leave_out_for(kLeftOut);
  xml::Element element;
  element.name = "member";
  element.ns = xml::kSynapse;
  xml::Bind bind(element, build.problems);
  read_shared_blocks(*member, bind, build);
  return member;
}

std::string_view setting(const std::string& domain, std::string_view name, const Build& build) {
  const std::string_view own = build.settings.setting("membership." + domain + '.' + std::string(name));
  return own.empty() ? build.settings.setting("membership." + std::string(name)) : own;
}

DiscoverySource source_of(const std::string& domain, const DiscoveryKind& kind, const Build& build) {
  DiscoverySource source;
  for (const auto& parameter : kind.parameters) {
    const std::string_view value = setting(domain, parameter.name, build);
    const bool names = parameter.name == "service" || parameter.name == "name";
    if (!value.empty()) source.parameters[std::string(parameter.name)] = value;
    else if (names) source.parameters[std::string(parameter.name)] = domain;
  }
  if (const auto refresh = text::parse_long(setting(domain, "refresh", build)); refresh && *refresh >= 100)
    source.refresh = Duration(*refresh);
  return source;
}

}  // namespace

DomainGroup make_domain_group(const xml::Element& endpoint, std::string_view element, Build& build) {
  DomainGroup made;
  if (const auto* session = endpoint.child("session")) {
    made.group = make_member_session_group(*session, element, build);
    return made;
  }
  auto group = std::make_unique<Spreading>(build, element);
  group->evaluates_properties = false;
  made.plain = group.get();
  made.group = std::move(group);
  return made;
}

bool use_domain(BalancedGroup& group, const std::string& domain, xml::Bind& bind, Build& build) {
  const std::string provider(text::trim(setting(domain, "provider", build)));
  if (provider.empty()) {
    bind.warning("no registry lists the members of domain " + xml::quote(domain),
                 "set membership.provider, or membership." + domain + ".provider");
    return true;
  }
  Discovery discovery;
  discovery.make = make_member;
  const DiscoveryKind* kind = DiscoveryKinds::instance().find(provider);
  if (kind) discovery.source = source_of(domain, *kind, build);
  discovery.source.provider = provider;
  const std::string wrong = check_source(discovery.source, build);
  if (!wrong.empty()) {
    bind.error("settings membership.* of domain " + xml::quote(domain) + ": " + wrong,
               kind ? "" : "allowed: " + text::one_of(DiscoveryKinds::instance().names()));
    return false;
  }
  if (const auto drain = text::parse_long(setting(domain, "drain", build)); drain && *drain >= 0)
    discovery.drain = Duration(*drain);
  group.discover(std::move(discovery), bind, build);
  return true;
}

}  // namespace myelin::endpoints
