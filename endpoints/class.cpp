// <endpoint><class name="class name"><parameter xmlns="" name="n">value</parameter>*</class></endpoint>: a
// registered native class (endpoints reference, 1.10). Parameters count in no namespace only.

#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/class_endpoint.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

/// EP-042
void read_parameters(const xml::Element& element, ClassParameters& parameters, xml::Problems& problems) {
  for (const xml::Element* child : element.children()) {
    if (child->name != "parameter" || !child->ns.empty()) {
      problems.warning(child->where, xml::tag(child->name) + " in <class> is ignored", "<parameter xmlns=\"\" name=\"...\"> is read");
      continue;
    }
    xml::Bind bind(*child, problems);
    std::string name = bind.required("name");
    bind.finish();
    if (!name.empty()) parameters.add(std::move(name), std::string(text::trim(child->text())), nullptr, child->where);
  }
}

std::unique_ptr<Endpoint> class_endpoint(const xml::Element&, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const std::string name(text::trim(bind.required("name")));
  bind.all_children_known();
  bind.finish();
  if (name.empty()) return nullptr;
  const ClassEndpointFactory* factory = ClassEndpoints::instance().find(name);
  if (!factory) {
    const auto names = ClassEndpoints::instance().names();
    bind.error("unknown endpoint class " + xml::quote(name),
               names.empty() ? "no plug-in brings one" : "allowed: " + text::one_of(names));
    return nullptr;
  }
  ClassParameters parameters(name, element.where, build.problems);
  read_parameters(element, parameters, build.problems);
  auto endpoint = (*factory)(parameters, build);
  parameters.finish();
  return endpoint;
}

MYELIN_ENDPOINT("class", class_endpoint);

}  // namespace
}  // namespace myelin
