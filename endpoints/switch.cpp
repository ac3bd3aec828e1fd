// <endpoint><switch source="xpath"> <case regex="..."><endpoint/></case>* <default><endpoint/></default>?
// </switch></endpoint>: the endpoint of the first case whose pattern matches the whole text of the source.
// None: fault 303004 (gateways reference, 4.2 and 4.4 row 35).

#include "endpoints/common/group.hpp"
#include "engine/expr/pattern.hpp"
#include "engine/xml/words.hpp"

namespace myelin {
namespace {

using endpoints::Group;

class Switched final : public Group {
 public:
  std::unique_ptr<expr::Expression> source;
  std::vector<std::unique_ptr<const expr::Pattern>> cases;  ///< of the children, in order; one child more is the default

  std::string_view kind() const noexcept override { return "switch"; }
  bool resends() const noexcept override { return false; }

  Choice choose(Delivery& delivery, Message& message) const override {
    const Result<std::size_t> child = child_for(message);
    if (!child) return child.fault();
    if (auto refused = enrol(delivery, message)) return *std::move(refused);
    Result<void> applied = apply_properties(message);
    if (!applied) {
      leave(delivery, message);
      return std::move(applied).fault();
    }
    Choice choice = members(step(delivery)).children[*child]->admit(delivery.started, Use::fresh)
                        ? enter(delivery, message, *child)
                        : Choice(none_ready({}));
    if (choice.failed()) leave(delivery, message);
    return choice;
  }

 protected:
  Need own_need() const noexcept override { return source->need(); }

 private:
  Result<std::size_t> child_for(Message& message) const {
    const auto text = source->text(message);
    if (!text) return text.fault();
    const std::string value = text->value_or("");
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const Result<bool> matches = cases[i]->matches(value);
      if (!matches) return matches.fault();  // REL-088
      if (*matches) return i;
    }
    if (declared().size() > cases.size()) return cases.size();
    return Fault(code::kNoCase, "no case of the switch matches");
  }
};

std::shared_ptr<Endpoint> read_branch(const xml::Element& element, xml::Bind& bind, Build& build) {
  const auto children = bind.children("endpoint");
  if (children.size() != 1)
    bind.error(xml::tag(element.name) + " of a <switch> with " + std::to_string(children.size()) + " endpoints",
               "exactly one <endpoint> is needed");
  return children.empty() ? nullptr : build.endpoint(*children.front());
}

std::unique_ptr<const expr::Pattern> read_pattern(xml::Bind& bind) {
  const std::string text = bind.required("regex");
  if (text.empty()) return nullptr;
  std::string why;
  auto pattern = expr::Pattern::compile(text, why);
  if (!pattern) bind.error(bind.attribute("regex")->where, "regex of <case> is " + xml::quote(text), why);
  return pattern;
}

std::unique_ptr<Endpoint> switched(const xml::Element& endpoint, const xml::Element& element, Build& build) {
  endpoints::warn_of_on_error(endpoint, build);
  xml::Bind bind(element, build.problems);
  auto group = std::make_unique<Switched>();
  if (!bind.required("source").empty()) group->source = build.expression(bind.attribute("source"), element);
  endpoints::read_group(*group, bind, build);
  const endpoints::UnderShared shared(bind, build);
  std::vector<std::shared_ptr<Endpoint>> children;
  for (const xml::Element* each : bind.children("case")) {
    xml::Bind inner(*each, build.problems);
    auto pattern = read_pattern(inner);
    auto child = read_branch(*each, inner, build);
    inner.finish();
    if (!pattern || !child) continue;
    group->cases.push_back(std::move(pattern));
    children.push_back(std::move(child));
  }
  if (const xml::Element* otherwise = bind.child("default")) {
    xml::Bind inner(*otherwise, build.problems);
    if (auto child = read_branch(*otherwise, inner, build)) children.push_back(std::move(child));
    inner.finish();
  }
  bind.finish();
  if (!element.child("case") && !element.child("default"))
    bind.error("<switch> without children", "at least one <case> or <default> is needed");
  group->adopt(std::move(children));
  if (!group->source || group->children().empty()) return nullptr;
  return group;
}

MYELIN_ENDPOINT("switch", switched);

}  // namespace
}  // namespace myelin
