// What proxies and API resources have in common: their three flows and, for proxies, an endpoint.
#include "engine/artifacts/build.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

void bind_flow(std::string_view name, std::string& key, xml::Location& at, std::unique_ptr<Sequence>& own,
               xml::Bind& bind, Build& build) {
  const auto* attribute = bind.attribute(name);
  const auto* child = bind.child(name);
  if (attribute) {
    key = text::trim(attribute->value);
    at = attribute->where;
  }
  if (!child) return;
  if (attribute) {
    bind.warning(child->where, xml::tag(name) + " is ignored", "attribute " + xml::quote(name) + " is used");
    return;
  }
  own = build_sequence(*child, build);
}

const Mediator* link_flow(std::string_view key, Sequence* own, const xml::Location& where, Linker& linker) {
  if (own) {
    own->link(linker);
    return own;
  }
  return key.empty() ? nullptr : linker.sequence(key, where);
}

}  // namespace

void bind_flows(Service& service, xml::Bind& bind, Build& build) {
  bind_flow("inSequence", service.in_key, service.in_at, service.own_in, bind, build);
  bind_flow("outSequence", service.out_key, service.out_at, service.own_out, bind, build);
  bind_flow("faultSequence", service.fault_key, service.fault_at, service.own_fault, bind, build);
}

void link_service(Service& service, Linker& linker) {
  service.in = link_flow(service.in_key, service.own_in.get(), service.in_at, linker);
  service.out = link_flow(service.out_key, service.own_out.get(), service.out_at, linker);
  service.fault = link_flow(service.fault_key, service.own_fault.get(), service.fault_at, linker);
  if (service.own_endpoint) {
    service.own_endpoint->link(linker);
    service.endpoint = service.own_endpoint.get();
  } else if (!service.endpoint_key.empty()) {
    service.endpoint = linker.endpoint(service.endpoint_key, service.endpoint_at);
  }
}

}  // namespace myelin
