// <endpoint><recipientlist>
//   endpoint+ | <member hostName="" httpPort="" httpsPort=""/>+ | <endpoints value="url,url | {expression}" [max-cache="20"]/>
// </recipientlist></endpoint>: a copy of the message to each of them (endpoints reference, 1.9).

#include "endpoints/common/group.hpp"
#include "endpoints/common/member.hpp"
#include "endpoints/common/recipient_pool.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

std::string sequence_number(std::size_t number, std::size_t all) {
  return std::to_string(number) + '/' + std::to_string(all);
}

// --- written out --------------------------------------------------------------------------------------

class RecipientList final : public endpoints::Group {
 public:
  bool over_http = false;  ///< members: they take nothing but http and https

  std::string_view kind() const noexcept override { return "recipientlist"; }

  Choice choose(Delivery& delivery, Message& message) const override {
    const Held held = hold();
    const auto& children = held->children;
    const std::string_view scheme = message.incoming.scheme;
    std::vector<Branch> recipients;
    if (over_http && scheme != "http" && scheme != "https") return recipients;
    for (const auto& child : children) {
      if (child->foreign || !child->admit(delivery.started, Use::fresh)) continue;
      recipients.push_back({child, sequence_number(recipients.size(), children.size()), this});  // EP-143
    }
    if (recipients.empty()) return none_ready({});  // EP-144
    return recipients;
  }

 protected:
  Need own_need() const noexcept override { return Need::body; }
};

// --- found per message ----------------------------------------------------------------------------------

class DynamicRecipients final : public Endpoint {
 public:
  DynamicRecipients(Build& build, std::unique_ptr<expr::Expression> value, bool from_request, std::size_t most)
      : states_(&build.states),
        removes_blanks_(build.settings.apache_dialect()),
        allow_link_local_(text::is_true(build.settings.setting("endpoint.allow_link_local"))),
        value_(std::move(value)),
        from_request_(from_request),
        most_(most) {}

  std::string_view kind() const noexcept override { return "recipientlist"; }
  bool ready(TimePoint, Use use) const override { return switched_on(use); }
  Need need() const noexcept override { return Need::body; }

  Choice choose(Delivery& delivery, Message& message) const override {
    if (!ready(delivery.started, Use::fresh)) return nobody();
    const auto text = value_->text(message);
    if (!text) return text.fault();
    const std::vector<std::string> addresses = split(text->value_or(""));
    std::vector<Branch> recipients;
    for (const std::string& address : addresses) {
      auto leaf = pool_->leaf(address, *message.artifacts);
      if (!leaf->admit(delivery.started, Use::fresh)) continue;
      recipients.push_back({std::move(leaf), sequence_number(recipients.size(), addresses.size()), this});
    }
    if (recipients.empty() && !addresses.empty()) return nobody();
    return recipients;
  }

 protected:
  void do_link(Linker&) override {
    const std::string pool_key = "recipients " + key + ' ' + std::to_string(most_) + (allow_link_local_ ? " local" : "");
    pool_ = states_->get<endpoints::RecipientPool>(pool_key, key, most_, from_request_);
  }

 private:
  /// EP-146, EP-147. Blanks around an address never belong to it.
  std::vector<std::string> split(std::string_view list) const {
    std::vector<std::string> addresses;
    for (const std::string_view part : text::split(list, ",")) {
      std::string address(text::trim(part));
      if (removes_blanks_) std::erase_if(address, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
      if (!address.empty()) addresses.push_back(std::move(address));
    }
    return addresses;
  }
  Fault nobody() const {
    return endpoints::no_ready_children(kind(), name);
  }

  StateStore* states_;
  bool removes_blanks_, allow_link_local_;
  std::unique_ptr<expr::Expression> value_;
  bool from_request_;
  std::size_t most_;
  std::shared_ptr<endpoints::RecipientPool> pool_;
};

// --- reading ----------------------------------------------------------------------------------------------

/// EP-039
std::optional<std::size_t> read_cache(xml::Bind& bind, bool apache) {
  constexpr std::size_t kUsual = 20;
  const auto* attribute = bind.attribute("max-cache");
  if (!attribute) return kUsual;
  const auto value = text::parse_int(text::trim(attribute->value));
  if (value && *value >= 0) return static_cast<std::size_t>(*value);
  if (apache && (!value || *value < -1)) {
    bind.error(attribute->where, "max-cache of <endpoints> is " + xml::quote(attribute->value), "a whole number is needed");
    return std::nullopt;
  }
  bind.warning(attribute->where, "max-cache " + xml::quote(attribute->value) + " counts as 20", "a whole number from 0");
  return kUsual;
}

std::unique_ptr<Endpoint> dynamic_recipients(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string text = bind.required("value");
  const auto most = read_cache(bind, build.settings.apache_dialect());
  bind.finish();
  if (text.empty() || !most) return nullptr;
  auto value = build.value(bind.attribute("value"), element);
  if (!value) return nullptr;
  const bool from_request = text::trim(text).starts_with('{');
  return std::make_unique<DynamicRecipients>(build, std::move(value), from_request, *most);
}

std::unique_ptr<Endpoint> recipient_list(const xml::Element& parent, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(parent, build);
  xml::Bind bind(element, build.problems);
  auto children = endpoints::read_children(bind, build);
  const bool has_endpoints = element.child("endpoint"), has_members = element.child("member");
  auto members = endpoints::read_members(bind, false, build);
  const xml::Element* addresses = bind.child("endpoints");
  bind.finish();
  if (has_endpoints && has_members) {  // EP-038
    bind.error("<recipientlist> with <endpoint> and <member>", "either <endpoint>, <member> or <endpoints> is needed");
    return nullptr;
  }
  if (!has_endpoints && !has_members) {
    if (addresses) return dynamic_recipients(*addresses, build);
    bind.error("<recipientlist> without recipients", "<endpoint>, <member> or <endpoints> is needed");
    return nullptr;
  }
  if (addresses) bind.warning(addresses->where, "<endpoints> is ignored", "the other children are the recipients");
  auto list = std::make_unique<RecipientList>();
  list->over_http = has_members;
  list->adopt(has_members ? std::move(members) : std::move(children));
  if (list->children().empty()) return nullptr;
  return list;
}

MYELIN_ENDPOINT("recipientlist", recipient_list);

}  // namespace
}  // namespace myelin
