#include "engine/runtime/proxy_documents.hpp"

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/message/tree.hpp"

namespace myelin {

namespace {

constexpr std::string_view kWsdl = "http://schemas.xmlsoap.org/wsdl/";
constexpr std::string_view kSoap = "http://schemas.xmlsoap.org/wsdl/soap/";
constexpr std::string_view kSoap12 = "http://schemas.xmlsoap.org/wsdl/soap12/";
constexpr std::string_view kHttp = "http://schemas.xmlsoap.org/wsdl/http/";
constexpr std::string_view kSchema = "http://www.w3.org/2001/XMLSchema";
constexpr std::string_view kPolicy[] = {"http://schemas.xmlsoap.org/ws/2004/09/policy", "http://www.w3.org/ns/ws-policy"};

/// Of a proxy that publishes none: any message, any answer.
constexpr std::string_view kOwnWsdl =
    R"(<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/")"
    R"( xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:tns="http://ws.apache.org/axis2")"
    R"( targetNamespace="http://ws.apache.org/axis2"><wsdl:documentation>{0}</wsdl:documentation><wsdl:types/>)"
    R"(<wsdl:message name="mediateRequest"/><wsdl:message name="mediateResponse"/>)"
    R"(<wsdl:portType name="{0}PortType"><wsdl:operation name="mediate"><wsdl:input message="tns:mediateRequest"/>)"
    R"(<wsdl:output message="tns:mediateResponse"/></wsdl:operation></wsdl:portType>{1}{2}<wsdl:service name="{0}">)"
    R"(<wsdl:port name="{0}HttpSoap11Endpoint" binding="tns:{0}Soap11Binding"><soap:address location=""/></wsdl:port>)"
    R"(<wsdl:port name="{0}HttpSoap12Endpoint" binding="tns:{0}Soap12Binding"><soap12:address location=""/></wsdl:port>)"
    R"(</wsdl:service></wsdl:definitions>)";
constexpr std::string_view kOwnBinding =
    R"(<wsdl:binding name="{0}{1}Binding" type="tns:{0}PortType"><{2}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>)"
    R"(<wsdl:operation name="mediate"><{2}:operation soapAction="urn:mediate" style="document"/><wsdl:input><{2}:body use="literal"/></wsdl:input>)"
    R"(<wsdl:output><{2}:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>)";

std::string own_wsdl(const Proxy& proxy) {
  const std::string name = text::xml_escape(proxy.name);
  return fmt::format(kOwnWsdl, name, fmt::format(kOwnBinding, name, "Soap11", "soap"),
                     fmt::format(kOwnBinding, name, "Soap12", "soap12"));
}

/// `item`, `item&...` or `item=...`
bool asks_for(std::string_view query, std::string_view item) {
  return query.starts_with(item) && (query.size() == item.size() || query[item.size()] == '&' || query[item.size()] == '=');
}

std::string_view value_of(const Deployment& deployment, std::string_view key) {
  const LocalEntry* entry = deployment.entry(key);
  return entry ? std::string_view(entry->value) : std::string_view();
}

/// The one that was published; without, our own.
std::string wsdl_source(const Deployment& deployment, const Proxy& proxy) {
  if (!proxy.wsdl_key.empty())
    if (const std::string_view value = value_of(deployment, proxy.wsdl_key); !value.empty()) return std::string(value);
  return proxy.wsdl_inline.empty() ? own_wsdl(proxy) : proxy.wsdl_inline;
}

/// What the published documents import by that location; empty: nothing.
std::string resource(const Deployment& deployment, const Proxy& proxy, std::string_view location) {
  for (const auto& [known, key] : proxy.wsdl_resources)
    if (known == location) return std::string(value_of(deployment, key));
  return {};
}

/// Calls `visit` with every element below the root, and the root, in document order.
template <class Visit>
void each_element(const tree::Document& document, Visit visit) {
  tree::NodeId node = document.root();
  while (node != tree::kNone) {
    if (document.kind(node) == tree::Kind::element) visit(node);
    if (document.first_child(node) != tree::kNone) {
      node = document.first_child(node);
      continue;
    }
    while (node != tree::kNone && document.next(node) == tree::kNone) node = document.parent(node);
    if (node != tree::kNone) node = document.next(node);
  }
}

/// An import or include of a known resource leads to this server.
void redirect_import(tree::Document& document, tree::NodeId node, const Proxy& proxy, const std::string& address) {
  const bool schema = document.ns(node) == kSchema;
  const std::string_view name = document.local(node);
  if (!(schema && (name == "import" || name == "include")) && !(document.ns(node) == kWsdl && name == "import")) return;
  const tree::NodeId attribute = document.attribute(node, {}, schema ? "schemaLocation" : "location");
  if (attribute == tree::kNone) return;
  for (const auto& [location, key] : proxy.wsdl_resources)
    if (document.value(attribute) == location)
      return document.set_value(attribute, address + (schema ? "?xsd=" : "?wsdl=") + text::percent_encode(location));
}

bool is_policy(std::string_view ns) noexcept { return ns == kPolicy[0] || ns == kPolicy[1]; }

/// SRV-070
void remove_policies(tree::Document& document) {
  std::vector<tree::NodeId> found;
  each_element(document, [&](tree::NodeId node) {
    const std::string_view name = document.local(node);
    if (is_policy(document.ns(node)) && (name == "Policy" || name == "PolicyReference")) found.push_back(node);
    for (const std::string_view ns : kPolicy)
      if (const tree::NodeId attribute = document.attribute(node, ns, "PolicyURIs"); attribute != tree::kNone) found.push_back(attribute);
  });
  for (const tree::NodeId node : found) document.detach(node);
}

/// Every soap:address, soap12:address and http:address names this server (SRV-064).
std::string with_own_addresses(const std::string& text, const Proxy& proxy, const std::string& address) {
  auto parsed = tree::Document::parse(text);
  if (!parsed) return text;
  tree::Document& document = **parsed;
  if (!proxy.wsdl_keeps_policies) remove_policies(document);
  each_element(document, [&](tree::NodeId node) {
    const std::string_view ns = document.ns(node);
    if (document.local(node) == "address" && (ns == kSoap || ns == kSoap12 || ns == kHttp))
      document.set_attribute(node, {}, {}, "location", address);
    else redirect_import(document, node, proxy, address);
  });
  return document.xml(document.root());
}

/// The first schema within a WSDL; empty: there is none.
std::string first_schema(const std::string& wsdl) {
  const auto parsed = tree::Document::parse(wsdl);
  if (!parsed) return {};
  const tree::Document& document = **parsed;
  tree::NodeId found = tree::kNone;
  each_element(document, [&](tree::NodeId node) {
    if (found == tree::kNone && document.ns(node) == kSchema && document.local(node) == "schema") found = node;
  });
  return found == tree::kNone ? std::string() : document.xml(found);
}

/// The text that a query asks for; empty: there is none.
std::string source_of(const Deployment& deployment, const Proxy& proxy, std::string_view query) {
  const std::string_view item = query.substr(0, query.find('&'));
  const std::size_t equals = item.find('=');
  if (equals != std::string_view::npos) return resource(deployment, proxy, text::percent_decode(item.substr(equals + 1)));
  std::string wsdl = wsdl_source(deployment, proxy);
  return item == "xsd" ? first_schema(wsdl) : wsdl;
}

}  // namespace

std::optional<Document> proxy_document(const Deployment& deployment, const Proxy& proxy, const Incoming& incoming) {
  if (incoming.method != "GET") return std::nullopt;
  const std::string_view query = incoming.query();
  const bool wsdl2 = asks_for(query, "wsdl2");
  if (!asks_for(query, "wsdl") && !wsdl2 && !asks_for(query, "xsd")) return std::nullopt;
  Document document;
  if (wsdl2) {
    document.status = 500;  // SRV-065
    document.content_type = "text/html";
    document.body = "<html><body>unable to generate WSDL 2.0</body></html>";
    return document;
  }
  const std::string text = source_of(deployment, proxy, query);
  if (text.empty()) {
    document.status = 404;  // SRV-066
    return document;
  }
  document.content_type = "text/xml; charset=UTF-8";
  document.body = with_own_addresses(
      text, proxy, std::string(incoming.scheme) + "://" + std::string(incoming.host) + "/services/" + proxy.name);
  return document;
}

}  // namespace myelin
