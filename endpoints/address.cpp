// <endpoint><address uri="http://host/path" DEFINITION/></endpoint>: sends to a fixed address. ${name}
// in it stands for a message property.

#include "endpoints/common/blocks.hpp"
#include "endpoints/common/userinfo.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

using endpoints::SendingLeaf;

class Address final : public SendingLeaf {
 public:
  Address(Build& build, std::string uri) : SendingLeaf(build), uri_(std::move(uri)) {
    has_placeholders_ = uri_.find("${") != std::string::npos;
    if (const auto url = Url::parse(uri_); url && !has_placeholders_) {
      fixed_.url = *url;
      fixed_.text = uri_;
      is_fixed_ = true;
    }
  }

  bool usable() const noexcept { return is_fixed_ || has_placeholders_; }
  std::string_view kind() const noexcept override { return "address"; }

 protected:
  Result<Destination> destination(Message& message) const override {
    const auto dynamic = take_dynamic_url(message);
    if (!dynamic && is_fixed_) return fixed_;
    auto to = parse(dynamic ? *dynamic : expand(message));
    if (to) to->from_request = dynamic || !endpoints::host_is_literal(uri_, "${");
    return to;
  }
  std::string_view identity() const noexcept override { return uri_; }

 private:
  /// EP-050: properties that are not set stay as they are written.
  std::string_view expand(Message& message) const {
    std::string text;
    std::string_view rest = uri_;
    for (std::size_t open; (open = rest.find("${")) != std::string_view::npos;) {
      const std::size_t close = rest.find('}', open);
      if (close == std::string_view::npos) break;
      text += rest.substr(0, open);
      const Value* value = message.properties.find(rest.substr(open + 2, close - open - 2));
      if (value && !value->is_null()) text += value->text();
      else text += rest.substr(open, close + 1 - open);
      rest.remove_prefix(close + 1);
    }
    text += rest;
    return message.copy(text);
  }

  std::string uri_;
  Destination fixed_;  ///< views into uri_
  bool is_fixed_ = false;
  bool has_placeholders_ = false;
};

std::unique_ptr<Endpoint> address(const xml::Element& parent, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const auto* uri = bind.attribute("uri");
  if (!uri && build.settings.apache_dialect())  // EP-011: to the message's To
    return (*Endpoints::instance().find("default"))(parent, element, build);
  if (!uri) bind.required("uri");  // EP-010
  auto endpoint = std::make_unique<Address>(build, uri ? endpoints::resolve_environment(*uri, build) : "");
  endpoints::read_leaf(*endpoint, bind, build);
  bind.finish();
  if (!uri) return nullptr;
  if (!endpoint->usable())
    bind.warning(uri->where, "uri of <address> is '" + endpoints::without_userinfo(uri->value) + "'",
                 "an http or https address is needed to send");
  return endpoint;
}

MYELIN_ENDPOINT("address", address);

}  // namespace
}  // namespace myelin
