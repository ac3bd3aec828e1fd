// <endpoint><http uri-template="http://host/{uri.var.x}" [method="get"] [version="1.1|2.0"] DEFINITION/></endpoint>:
// an address made of message properties uri.var.* and query.param.* (RFC 6570).

#include <algorithm>
#include <array>

#include "endpoints/common/blocks.hpp"
#include "endpoints/common/uri_template.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::UriTemplate;

constexpr std::string_view kLegacy = "legacy-encoding:";

bool is_variable(std::string_view name) noexcept {
  return name.starts_with("uri.var.") || name.starts_with("query.param.");
}

/// EP-060: a variable at the very start holds a whole address and is not encoded.
std::string unescaped_start(std::string_view text) {
  if (text.starts_with('{') && !text.starts_with("{+")) return "{+" + std::string(text.substr(1));
  return std::string(text);
}

/// The parts of a decoded URL put together again, each with its illegal characters quoted; `%` is
/// quoted too, as java.net.URI does with components.
std::string reassemble(std::string_view url) {
  constexpr std::string_view kPath = "/:@!$&'()*+,;=";
  constexpr std::string_view kQuery = "/?:@!$&'()*+,;=[]";
  const std::size_t scheme_end = url.find("://");
  const std::size_t host = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t query = std::min(url.find_first_of("?#", path), url.size());
  std::string out(url.substr(0, path));
  out += text::percent_encode(url.substr(path, query - path), kPath);
  if (query < url.size() && url[query] == '?') {
    const std::size_t fragment = std::min(url.find('#', query), url.size());
    out += '?' + text::percent_encode(url.substr(query + 1, fragment - query - 1), kQuery);
  }
  return out;
}

class Http final : public endpoints::SendingLeaf {
 public:
  Http(Build& build, std::string text)
      : SendingLeaf(build),
        legacy_(text.starts_with(kLegacy)),
        raw_(legacy_ ? text.substr(kLegacy.size()) : text),
        template_(unescaped_start(raw_)) {}

  std::string method;

  std::string_view kind() const noexcept override { return "http"; }

  void do_link(Linker& linker) override {
    SendingLeaf::do_link(linker);
    fixed_variables_ = std::any_of(properties.begin(), properties.end(), [](const EndpointProperty& property) {
      return is_variable(property.name) && !property.expression;
    });
    const auto url = Url::parse(raw_);
    if (!url || template_.has_variables()) return;
    fixed_.url = *url;
    fixed_.text = raw_;
    fixed_.takes_postfix = method.empty();  // EP-063
    is_fixed_ = true;
  }

 protected:
  std::string_view own_method() const noexcept override { return method; }
  std::string_view identity() const noexcept override { return raw_; }

  Result<Destination> destination(Message& message) const override {
    if (is_fixed_) return fixed_;
    auto to = parse(message.copy(expand(message)));
    if (!to) return to;
    to->takes_postfix = method.empty();
    to->from_request = !endpoints::host_is_literal(raw_, "{");
    return to;
  }

 private:
  std::string expand(Message& message) const {
    if (!has_values(message)) return raw_;  // EP-058
    std::string text = template_.expand([&](std::string_view variable) { return value_of(variable, message); });
    if (legacy_) text = reassemble(text::percent_decode(text, true));
    return endpoints::is_legal_uri(text) ? text : raw_;  // EP-062
  }

  bool has_values(const Message& message) const {
    if (fixed_variables_) return true;
    return std::any_of(message.properties.begin(), message.properties.end(), [](const auto& property) {
      return is_variable(property.first) && !property.second.is_null();
    });
  }

  /// EP-061: the endpoint's own literal properties win.
  std::optional<std::string> value_of(std::string_view variable, const Message& message) const {
    if (!is_variable(variable)) return std::nullopt;
    std::optional<std::string> text;
    for (const EndpointProperty& property : properties)
      if (property.name == variable && !property.expression) text = property.value;
    if (!text)
      if (const Value* value = message.properties.find(variable); value && !value->is_null()) text = value->text();
    if (text && legacy_) text = text::percent_decode(*text, true);
    return text;
  }

  bool legacy_;
  std::string raw_;        ///< without the legacy mark
  UriTemplate template_;
  bool fixed_variables_ = false;
  Destination fixed_;      ///< views into raw_
  bool is_fixed_ = false;
};

/// EP-043: other values keep the incoming method.
std::string read_method(xml::Bind& bind) {
  constexpr std::array<std::string_view, 7> kMethods{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"};
  const auto* attribute = bind.attribute("method");
  if (!attribute) return {};
  const std::string method = text::to_upper(text::trim(attribute->value));
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) return method;
  bind.warning(attribute->where, "method of <http> is '" + attribute->value + "', the incoming method is kept",
               "allowed: " + text::one_of(kMethods));
  return {};
}

/// EP-044. It wins over that of `<connection>`.
void read_version(Http& endpoint, xml::Bind& bind) {
  const auto* attribute = bind.attribute("version");
  if (!attribute) return;
  const std::string_view version = text::trim(attribute->value);
  endpoint.http2 = version == "2.0";
  if (version != "1.1" && version != "2.0") bind.error(attribute->where, "version of <http> is '" + attribute->value + "'", "allowed: 1.1 or 2.0");
}

std::unique_ptr<Endpoint> http(const xml::Element&, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  std::string uri;
  if (!bind.required("uri-template").empty())
    uri = endpoints::resolve_environment(*element.attribute("uri-template"), build);
  auto endpoint = std::make_unique<Http>(build, uri);
  endpoint->method = read_method(bind);
  endpoints::read_leaf(*endpoint, bind, build);
  read_version(*endpoint, bind);
  bind.ignore({}, {"serverPushSequence"});
  bind.finish();
  if (uri.empty()) return nullptr;
  return endpoint;
}

MYELIN_ENDPOINT("http", http);

}  // namespace
}  // namespace myelin
