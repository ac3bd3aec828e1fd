#include "engine/runtime/proxy_documents.hpp"

#include "engine/message/tree.hpp"

namespace myelin {

namespace {

constexpr std::string_view kSoap = "http://schemas.xmlsoap.org/wsdl/soap/";
constexpr std::string_view kSoap12 = "http://schemas.xmlsoap.org/wsdl/soap12/";
constexpr std::string_view kHttp = "http://schemas.xmlsoap.org/wsdl/http/";

/// `item`, `item&...` or `item=...`
bool asks_for(std::string_view query, std::string_view item) {
  return query.starts_with(item) && (query.size() == item.size() || query[item.size()] == '&' || query[item.size()] == '=');
}

std::string_view wsdl_source(const Deployment& deployment, const Proxy& proxy) {
  if (!proxy.wsdl_key.empty())
    if (const LocalEntry* entry = deployment.entry(proxy.wsdl_key)) return entry->value;
  return proxy.wsdl_inline;
}

/// Every soap:address, soap12:address and http:address names this server (SRV-064).
std::string with_own_addresses(std::string_view wsdl, const std::string& address) {
  auto parsed = tree::Document::parse(std::string(wsdl));
  if (!parsed) return std::string(wsdl);
  tree::Document& document = **parsed;
  tree::NodeId node = document.root();
  while (node != tree::kNone) {
    if (document.kind(node) == tree::Kind::element && document.local(node) == "address") {
      const std::string_view ns = document.ns(node);
      if (ns == kSoap || ns == kSoap12 || ns == kHttp) document.set_attribute(node, {}, {}, "location", address);
    }
    if (document.first_child(node) != tree::kNone) {
      node = document.first_child(node);
      continue;
    }
    while (node != tree::kNone && document.next(node) == tree::kNone) node = document.parent(node);
    if (node != tree::kNone) node = document.next(node);
  }
  return document.xml(document.root());
}

}  // namespace

std::optional<Document> proxy_document(const Deployment& deployment, const Proxy& proxy, const Incoming& incoming) {
  if (incoming.method != "GET") return std::nullopt;
  const std::string_view query = incoming.query();
  const bool wsdl = asks_for(query, "wsdl");
  const bool wsdl2 = asks_for(query, "wsdl2");
  const bool xsd = asks_for(query, "xsd");
  if (!wsdl && !wsdl2 && !xsd) return std::nullopt;
  Document document;
  document.content_type = "text/xml; charset=UTF-8";
  const std::string_view source = wsdl_source(deployment, proxy);
  if (wsdl2) {
    document.status = 500;  // SRV-065
    document.content_type = "text/html";
    document.body = "<html><body>unable to generate WSDL 2.0</body></html>";
  } else if (xsd || query.starts_with("wsdl=") || source.empty()) {
    document.status = 404;  // SRV-066
    document.content_type.clear();
  } else {
    document.body = with_own_addresses(source, std::string(incoming.scheme) + "://" + std::string(incoming.host) +
                                                   "/services/" + proxy.name);
  }
  return document;
}

}  // namespace myelin
