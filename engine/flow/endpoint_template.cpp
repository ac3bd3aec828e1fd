#include "engine/flow/endpoint_template.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/xml/bind.hpp"
#include "engine/xml/copy.hpp"

namespace myelin {

namespace {

class Substitution {
 public:
  Substitution(const EndpointTemplate& from, const TemplateValues& values, const Artifacts& settings)
      : from_(from), values_(values), settings_(settings) {}

  void apply(xml::Element& element) const {
    for (xml::Attribute& attribute : element.attributes)
      if (const TemplateValue* found = value(attribute.value)) {
        attribute.value = with_settings(found->value);
        attribute.where = found->where;
      }
    if (const TemplateValue* found = value(text::trim(element.text()))) replace_text(element, *found);
    for (xml::Node& node : element.nodes)
      if (node.element) apply(*node.element);
  }

 private:
  const TemplateValue* value(std::string_view text) const {
    if (!text.starts_with('$') || !from_.declares(text.substr(1))) return nullptr;
    const auto found = values_.find(text.substr(1));
    return found == values_.end() ? nullptr : &found->second;
  }

  static void replace_text(xml::Element& element, const TemplateValue& value) {
    std::erase_if(element.nodes, [](const xml::Node& node) {
      return node.kind == xml::Node::Kind::text || node.kind == xml::Node::Kind::cdata;
    });
    xml::Node& text = element.nodes.emplace_back();
    text.kind = xml::Node::Kind::text;
    text.text = value.value;
    element.where = value.where;
  }

  /// `{system.prop.NAME}`: a setting of the server; one that is not set stays as it is written.
  std::string with_settings(std::string_view value) const {
    constexpr std::string_view kMark = "{system.prop.";
    std::string out;
    for (std::size_t open; (open = value.find(kMark)) != std::string_view::npos;) {
      const std::size_t close = value.find('}', open);
      if (close == std::string_view::npos) break;
      const std::string_view name = value.substr(open + kMark.size(), close - open - kMark.size());
      const std::string_view setting = settings_.setting(name);
      out += value.substr(0, open);
      out += setting.empty() ? value.substr(open, close + 1 - open) : setting;
      value.remove_prefix(close + 1);
    }
    return out += value;
  }

  const EndpointTemplate& from_;
  const TemplateValues& values_;
  const Artifacts& settings_;
};

}  // namespace

bool EndpointTemplate::declares(std::string_view parameter) const noexcept {
  return parameter == "name" || parameter == "uri" ||
         std::find(parameters.begin(), parameters.end(), parameter) != parameters.end();
}

std::unique_ptr<xml::Element> stand_alone(const xml::Element& element) {
  auto made = xml::copy(element, nullptr);
  made->declarations = element.namespaces();
  return made;
}

std::unique_ptr<EndpointTemplate> build_endpoint_template(const xml::Element& element, xml::Problems& problems) {
  xml::Bind bind(element, problems);
  auto made = std::make_unique<EndpointTemplate>();
  made->name = text::trim(bind.required("name"));
  made->where = element.where;
  for (const xml::Element* child : bind.children("parameter")) {
    xml::Bind parameter(*child, problems);
    const std::string name(text::trim(parameter.required("name")));
    parameter.ignore({"isMandatory", "defaultValue"});
    parameter.finish();
    if (!name.empty()) made->parameters.push_back(name);
  }
  const xml::Element* endpoint = bind.child("endpoint");
  bind.finish();
  if (!endpoint) bind.error("<template> without an <endpoint>", "an <endpoint> or a <sequence> is needed");
  if (!endpoint || made->name.empty()) return nullptr;
  made->endpoint = stand_alone(*endpoint);
  return made;
}

std::unique_ptr<xml::Element> instantiate(const EndpointTemplate& from, const TemplateValues& values,
                                          const Artifacts& settings) {
  auto holder = std::make_unique<xml::Element>();
  holder->name = "template";
  holder->ns = xml::kSynapse;
  holder->where = from.where;
  xml::Node& node = holder->nodes.emplace_back();
  node.kind = xml::Node::Kind::element;
  node.element = xml::copy(*from.endpoint, holder.get());
  Substitution(from, values, settings).apply(*node.element);
  return holder;
}

}  // namespace myelin
