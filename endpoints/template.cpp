// <endpoint template="name" [name=""] [uri=""]><parameter name="" value=""/>*</endpoint>: the endpoint of a
// template with these values in it, made when the configuration is linked (endpoints reference, 1.12).

#include <algorithm>

#include "endpoints/common/definition.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/endpoint_template.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

/// Stands where its instance would: groups, switches and counters see the instance.
class Templated final : public Endpoint {
 public:
  Templated(Build& build, std::string template_name)
      : template_name_(std::move(template_name)),
        states_(&build.states),
        settings_(&build.settings),
        base_(build.base),
        offline_(build.offline) {
    for (const xml::Element* around : build.shared) shared_.push_back(stand_alone(*around));
  }

  TemplateValues values;

  std::string_view kind() const noexcept override { return "template"; }
  bool ready(TimePoint now, Use use) const override { return instance_ && instance_->ready(now, use); }
  bool admit(TimePoint now, Use use) const override { return instance_ && instance_->admit(now, use); }
  Need need() const noexcept override { return instance_ ? instance_->need() : Need::nothing; }
  std::string_view identity() const noexcept override { return instance_ ? instance_->identity() : std::string_view(); }
  std::vector<std::shared_ptr<const Endpoint>> children() const override {
    if (!instance_) return {};
    return {instance_};
  }
  bool changes() const noexcept override { return instance_ && instance_->changes(); }
  std::uint32_t in_flight() const override { return instance_ ? instance_->in_flight() : 0; }
  std::uint32_t latency() const override { return instance_ ? instance_->latency() : 0; }

  Choice choose(Delivery& delivery, Message& message) const override {
    if (instance_) return instance_->choose(delivery, message);
    return Fault(code::kUnresolved, "Couldn't find the endpoint template with the key : " + template_name_);  // EP-054
  }

 protected:
  void do_link(Linker& linker) override {
    const EndpointTemplate* found = linker.endpoint_template(template_name_, where);
    if (found) make(*found, linker);
    shared_.clear();
  }

 private:
  void make(const EndpointTemplate& from, Linker& linker) {
    auto& under_way = linker.instantiating;
    if (std::find(under_way.begin(), under_way.end(), &from) != under_way.end()) {
      linker.problems.error(where, "endpoint template '" + template_name_ + "' leads back to itself");
      return;
    }
    warn_of_values(from, linker.problems);
    const auto holder = instantiate(from, values, *settings_);
    Build build(linker.problems, *states_, *settings_, base_, key);
    build.offline = offline_;
    for (const auto& around : shared_) build.shared.push_back(around.get());
    auto instance = build.endpoint(*holder->child("endpoint"));
    if (!instance) return;
    instance->parent = parent;
    if (initial != Switch::on) instance->initial = initial;
    instance_ = std::move(instance);
    under_way.push_back(&from);
    instance_->link(linker);
    under_way.pop_back();
    // This endpoint is the root, if there is no group.
    std::erase(linker.roots, instance_.get());
    share_condition(*instance_);
    take_place();
  }

  /// What the instance says to the group around it.
  void take_place() {
    if (weight == 0) weight = instance_->weight;
    backup |= instance_->backup;
    foreign |= instance_->foreign;
    for (const EndpointProperty& property : instance_->properties)
      if (!property.expression) properties.push_back({property.name, property.value, nullptr, property.scope});
  }

  void warn_of_values(const EndpointTemplate& from, xml::Problems& problems) const {
    const std::vector<std::string_view> declared(from.parameters.begin(), from.parameters.end());
    for (const auto& [parameter, value] : values)
      if (!from.declares(parameter))
        problems.warning(value.where, "endpoint template '" + template_name_ + "' has no parameter " + xml::quote(parameter),
                         xml::suggest(parameter, declared));
    for (const std::string& parameter : from.parameters)
      if (!values.contains(parameter))
        problems.warning(where, "parameter " + xml::quote(parameter) + " of endpoint template '" + template_name_ + "' is not given");
  }

  std::string template_name_;
  StateStore* states_;
  const Artifacts* settings_;
  std::filesystem::path base_;
  bool offline_;
  std::vector<std::unique_ptr<xml::Element>> shared_;  ///< of the groups around, until linked
  std::shared_ptr<Endpoint> instance_;
};

void read_parameter(const xml::Element& element, Templated& endpoint, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string name(text::trim(bind.required("name")));
  const auto* value = bind.attribute("value");
  bind.finish();
  if (!value) bind.error("missing attribute 'value' on <parameter>");
  if (name.empty() || !value) return;
  endpoint.values[name] = {endpoints::resolve_environment(*value, build), value->where};
}

std::unique_ptr<Endpoint> templated(const xml::Element& element, const xml::Element&, Build& build) {
  xml::Bind bind(element, build.problems);
  if (bind.required("template").empty()) return nullptr;
  auto endpoint = std::make_unique<Templated>(build, endpoints::resolve_environment(*bind.attribute("template"), build));
  for (const std::string_view name : {"name", "uri"}) {
    const auto* attribute = bind.attribute(name);
    if (attribute) endpoint->values[std::string(name)] = {endpoints::resolve_environment(*attribute, build), attribute->where};
    else if (build.settings.apache_dialect()) bind.required(name);  // EP-046
  }
  for (const xml::Element* child : bind.children("parameter")) read_parameter(*child, *endpoint, build);
  if (const auto* attribute = bind.attribute("onError"))
    bind.warning(attribute->where, "onError of a template endpoint is never run", "it may stand in the template");
  return endpoint;
}

MYELIN_ENDPOINT("@template", templated);

}  // namespace
}  // namespace myelin
