// <endpoint><wsdl uri="file:x.wsdl" service="S" port="P" DEFINITION/></endpoint>: the address and the format
// come from a WSDL 1.1 document, read when the configuration is built.

#include <memory>

#include "endpoints/common/blocks.hpp"
#include "endpoints/common/fetch.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/reader.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

constexpr std::string_view kWsdl = "http://schemas.xmlsoap.org/wsdl/";
constexpr std::string_view kWsdl20 = "http://www.w3.org/ns/wsdl";
constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/wsdl/soap/";
constexpr std::string_view kSoap12 = "http://schemas.xmlsoap.org/wsdl/soap12/";
constexpr std::string_view kHttp = "http://schemas.xmlsoap.org/wsdl/http/";

class Wsdl final : public endpoints::SendingLeaf {
 public:
  using SendingLeaf::SendingLeaf;

  /// Empty when the document was not read.
  void set_address(std::string address) {
    address_ = std::move(address);
    if (const auto url = Url::parse(address_)) {
      fixed_.url = *url;
      fixed_.text = address_;
      usable_ = true;
    }
  }

  std::string_view kind() const noexcept override { return "wsdl"; }

  /// EP-094: a root keeps its state.
  void failed(const Fault& fault, TimePoint began, TimePoint now) const override {
    if (parent) SendingLeaf::failed(fault, began, now);
    else condition().failed(fault, now);
  }

 protected:
  Result<Destination> destination(Message& message) const override {
    if (const auto dynamic = take_dynamic_url(message)) {
      auto to = parse(*dynamic);
      if (to) to->from_request = true;
      return to;
    }
    if (!usable_) return Fault(code::kEndpointNotReady, "the WSDL endpoint has no address");
    return fixed_;
  }
  std::string_view identity() const noexcept override { return address_; }

 private:
  std::string address_;
  Destination fixed_;  ///< views into address_
  bool usable_ = false;
};

// --- the document -----------------------------------------------------------------------------------

bool is(const xml::Element& element, std::string_view ns, std::string_view name) noexcept {
  return element.ns == ns && element.name == name;
}

const xml::Element* named(const xml::Element& parent, std::string_view kind, std::string_view name) {
  for (const xml::Element* child : parent.children())
    if (is(*child, kWsdl, kind))
      if (const auto* found = child->attribute("name"); found && found->value == name) return child;
  return nullptr;
}

/// Names of those children, for the error message.
std::string names_of(const xml::Element& parent, std::string_view kind) {
  std::vector<std::string_view> names;
  for (const xml::Element* child : parent.children())
    if (is(*child, kWsdl, kind))
      if (const auto* found = child->attribute("name")) names.push_back(found->value);
  return names.empty() ? std::string("the document has none") : "it has " + text::one_of(names);
}

/// rest, or get when the binding says verb="GET".
EndpointFormat http_format(const xml::Element& definitions, const xml::Element& port) {
  const auto* name = port.attribute("binding");
  if (!name) return EndpointFormat::rest;
  const std::string_view value = name->value;
  const xml::Element* binding = named(definitions, "binding", value.substr(value.find(':') + 1));
  if (!binding) return EndpointFormat::rest;
  for (const xml::Element* child : binding->children())
    if (is(*child, kHttp, "binding"))
      if (const auto* verb = child->attribute("verb"); verb && text::iequals(verb->value, "GET")) return EndpointFormat::get;
  return EndpointFormat::rest;
}

struct Target {
  std::string address;
  EndpointFormat format = EndpointFormat::as_is;
};

Result<Target> find_port(const xml::Element& root, const std::string& service_name, const std::string& port_name) {
  if (root.ns == kWsdl20) return Fault("it is WSDL 2.0; only WSDL 1.1 is supported");
  if (!is(root, kWsdl, "definitions")) return Fault("it is no WSDL 1.1 document");
  const xml::Element* service = named(root, "service", service_name);
  if (!service) return Fault("no service " + xml::quote(service_name) + "; " + names_of(root, "service"));
  const xml::Element* port = named(*service, "port", port_name);
  if (!port) return Fault("no port " + xml::quote(port_name) + "; " + names_of(*service, "port"));
  for (const xml::Element* child : port->children()) {
    const auto* location = child->attribute("location");
    if (child->name != "address" || !location) continue;
    if (child->ns == kSoap11) return Target{location->value, EndpointFormat::soap11};
    if (child->ns == kSoap12) return Target{location->value, EndpointFormat::soap12};
    if (child->ns == kHttp) return Target{location->value, http_format(root, *port)};
  }
  return Fault("port " + xml::quote(port_name) + " has no SOAP or HTTP address");
}

Result<Target> read_wsdl(const std::string& uri, const std::string& service, const std::string& port, const Build& build) {
  auto text = endpoints::fetch_document(uri, build);
  if (!text) return std::move(text).fault();
  xml::Problems problems;
  const auto document = xml::read(*text, uri, problems);
  if (!document) return Fault(problems.all().empty() ? "it is not well-formed" : problems.all().front().text());
  return find_port(*document->root, service, port);
}

std::string resolved(xml::Bind& bind, std::string_view name, Build& build) {
  if (bind.required(name).empty()) return {};
  return endpoints::resolve_environment(*bind.attribute(name), build);
}

std::unique_ptr<Endpoint> wsdl(const xml::Element&, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string uri = resolved(bind, "uri", build);
  const std::string service = resolved(bind, "service", build);
  const std::string port = resolved(bind, "port", build);
  auto endpoint = std::make_unique<Wsdl>(build);
  endpoints::read_leaf(*endpoint, bind, build);
  bind.finish();
  if (uri.empty() || service.empty() || port.empty()) return nullptr;
  if (text::is_true(build.settings.setting("skip.wsdl.parsing")) || (build.offline && endpoints::is_remote(uri))) return endpoint;
  auto target = read_wsdl(uri, service, port, build);
  if (!target) {  // EP-049
    bind.error("WSDL " + xml::quote(uri) + ": " + target.fault().message);
    return nullptr;
  }
  endpoint->definition.format = target->format;
  endpoint->set_address(std::move(target->address));
  return endpoint;
}

MYELIN_ENDPOINT("wsdl", wsdl);

}  // namespace
}  // namespace myelin
