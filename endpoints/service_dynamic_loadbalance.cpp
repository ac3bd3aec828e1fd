// <endpoint><serviceDynamicLoadbalance [configuration="url | $system:NAME"]>
//   <loadBalancerConfig><services><service><hosts><host>h</host>+</hosts><domain>d</domain></service>+</services>
//   </loadBalancerConfig></serviceDynamicLoadbalance>[<session/>]</endpoint>: the Host a client asks for says
// in which domain the members are found (endpoints reference, 1.7).

#include <cstdlib>

#include "endpoints/common/fetch.hpp"
#include "endpoints/common/membership.hpp"
#include "endpoints/common/spreading.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/reader.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

using xml::Element;

constexpr std::uint32_t kAttempts = 5;  // the first and four more

/// Has one group for each host; none of them is chosen for a host nobody declared.
class ServiceDynamic final : public endpoints::Group {
 public:
  std::map<std::string, std::size_t, std::less<>> hosts;  ///< in lower case, to the child

  std::string_view kind() const noexcept override { return "serviceDynamicLoadbalance"; }

  Choice choose(Delivery& delivery, Message& message) const override {
    const auto child = child_for(message.incoming.host);
    if (!child) return Fault(code::kNoneReady, "no service is declared for host '" + std::string(message.incoming.host) + "'");
    if (auto refused = enrol(delivery, message)) return *std::move(refused);
    Choice choice = enter(delivery, message, *child);
    if (choice.failed()) leave(delivery, message);
    return choice;
  }

  /// The child has tried what can be tried.
  Retry next_child(Delivery& delivery, Message&, const Fault&, Ask) const override {
    step(delivery).tried.add(step(delivery).child);
    return {};
  }

 protected:
  void do_link(Linker& linker) override {
    for (const auto& child : declared()) child->key = key + '/' + child->name;
    Group::do_link(linker);
  }

 private:
  std::optional<std::size_t> child_for(std::string_view asked) const {
    const auto colon = asked.rfind(':');
    if (colon != std::string_view::npos && asked.find(']', colon) == std::string_view::npos) asked = asked.substr(0, colon);
    std::string host = text::to_lower(asked);
    for (std::string_view rest = host; !rest.empty();) {
      if (const auto found = hosts.find(rest); found != hosts.end()) return found->second;
      const auto dot = rest.find('.');
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
    return std::nullopt;
  }
};

// --- reading ------------------------------------------------------------------------------------------

/// Whatever the namespace: the document may have none.
const Element* first(const Element& parent, std::string_view name) {
  for (const Element* child : parent.children())
    if (child->name == name) return child;
  return nullptr;
}

class Reader {
 public:
  Reader(const Element& endpoint, const Element& element, Build& build)
      : endpoint_(endpoint), element_(element), bind_(element, build.problems), build_(build) {}

  std::unique_ptr<Endpoint> read() {
    bind_.ignore({"algorithm", "policy"}, {"shared"});
    const Element* inline_config = bind_.child("loadBalancerConfig");
    const auto* configuration = bind_.attribute("configuration");
    if (configuration) read_document(*configuration);
    else if (inline_config) read_services(*inline_config);
    else error(element_, "<serviceDynamicLoadbalance> without services", "<loadBalancerConfig> or attribute configuration is needed");
    bind_.finish();
    if (wrong_ || (children_.empty() && !offline_)) return nullptr;
    group_->adopt(std::move(children_));
    return std::move(group_);
  }

 private:
  void error(const Element& at, std::string found, std::string allowed = {}) {
    build_.problems.error(at.where, std::move(found), std::move(allowed));
    wrong_ = true;
  }

  /// "$system:NAME" is a setting or a variable of the environment.
  std::string location(const xml::Attribute& attribute) const {
    constexpr std::string_view kSystem = "$system:";
    const std::string text(text::trim(attribute.value));
    if (!text.starts_with(kSystem)) return text;
    const std::string name = text.substr(kSystem.size());
    if (const auto set = build_.settings.setting(name); !set.empty()) return std::string(set);
    const char* found = std::getenv(name.c_str());
    return found ? found : "";
  }

  void read_document(const xml::Attribute& attribute) {
    const std::string uri = location(attribute);
    if (uri.empty()) return error(element_, "configuration is " + xml::quote(attribute.value), "nothing of that name is set");
    if (build_.offline && endpoints::is_remote(uri)) {
      offline_ = true;
      return;
    }
    auto text = endpoints::fetch_document(uri, build_);
    if (!text) return error(element_, "configuration " + xml::quote(uri) + ": " + text.fault().message);
    const auto document = xml::read(*text, uri, build_.problems);
    if (document) read_services(*document->root);
    else wrong_ = true;
  }

  void read_services(const Element& config) {
    const Element* services = first(config, "services");
    if (!services) return error(config, xml::tag(config.name) + " without <services>");
    for (const Element* service : services->children())
      if (service->name == "service") read_service(*service);
    if (children_.empty() && !wrong_) error(*services, "<services> without <service>");
  }

  void read_service(const Element& service) {
    const Element* hosts = first(service, "hosts");
    const Element* domain_element = first(service, "domain");
    const std::string domain(domain_element ? text::trim(domain_element->text()) : std::string());
    if (domain.empty()) return error(service, "<service> without <domain>");
    const std::size_t before = children_.size();
    if (hosts)
      for (const Element* host : hosts->children())
        if (host->name == "host") read_host(*host, domain);
    if (children_.size() == before && !wrong_) error(service, "<service> without <host>");
  }

  /// One rotation for each host.
  void read_host(const Element& element, const std::string& domain) {
    const std::string host = text::to_lower(text::trim(element.text()));
    if (host.empty()) return error(element, "<host> is empty");
    if (!group_->hosts.emplace(host, children_.size()).second) return error(element, "a second <host> " + xml::quote(host));
    auto made = endpoints::make_domain_group(endpoint_, "serviceDynamicLoadbalance", build_);
    xml::Problems repeated;  // those of the element are told for its first host only
    xml::Bind bind(element_, children_.empty() ? build_.problems : repeated);
    bool fine = made.group && made.group->read(bind, build_);
    if (fine) fine = endpoints::use_domain(*made.group, domain, bind, build_);
    if (!fine) {
      wrong_ = true;
      return;
    }
    if (made.plain)
      made.plain->retried_codes = {code::kConnectFailed, code::kCancelled, code::kConnectTimeout};
    if (made.group->max_attempts == 0) made.group->max_attempts = kAttempts;
    made.group->name = host;
    children_.push_back(std::move(made.group));
  }

  const Element& endpoint_;
  const Element& element_;
  xml::Bind bind_;
  Build& build_;
  std::unique_ptr<ServiceDynamic> group_ = std::make_unique<ServiceDynamic>();
  std::vector<std::shared_ptr<Endpoint>> children_;
  bool wrong_ = false;
  bool offline_ = false;  ///< the document was not read
};

std::unique_ptr<Endpoint> service_dynamic_loadbalance(const Element& endpoint, const Element& element, Build& build) {
  endpoints::warn_of_on_error(endpoint, build);
  return Reader(endpoint, element, build).read();
}

MYELIN_ENDPOINT("serviceDynamicLoadbalance", service_dynamic_loadbalance);

}  // namespace
}  // namespace myelin
