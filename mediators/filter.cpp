// <filter xpath="expression"> | <filter source="expression" regex="r">
//   <then sequence="key"?>mediators</then> <else sequence="key"?>mediators</else>
//   or only mediators, which then are the then-branch
// Runs one branch or the other. A regex has to match the whole text.

#include "engine/base/text.hpp"
#include "engine/expr/pattern.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"
#include "engine/flow/mediator.hpp"
#include "mediators/common/sequence_key.hpp"

namespace myelin::mediators {
namespace {

using expr::Pattern;

struct Filter final : Mediator {
  std::unique_ptr<expr::Expression> condition, source;
  std::unique_ptr<const Pattern> regex;
  std::unique_ptr<Branch> then_branch, else_branch;
  std::unique_ptr<List> children;  ///< the then-branch of the form without <then>

  Flow run(Message& message) const override {
    const Result<bool> passed = test(message);
    if (!passed) return fail(message, passed.fault());
    if (*passed) return children ? children->run(message) : then_branch->run(message);
    return else_branch ? else_branch->run(message) : Flow::next;
  }

  Result<bool> test(Message& message) const {
    if (condition) return condition->test(message);
    const Result<std::optional<std::string>> text = source->text(message);
    if (!text) return text.fault();
    return *text ? regex->matches(**text) : Result<bool>(false);
  }

  Need need() const noexcept override { return condition ? condition->need() : source->need(); }

  void link(Linker& linker) override {
    if (then_branch) then_branch->link(linker);
    if (else_branch) else_branch->link(linker);
    if (children) children->link(linker);
  }
};

bool given(const xml::Attribute* attribute) { return attribute && !text::trim(attribute->value).empty(); }

bool read_condition(Filter& filter, xml::Bind& bind, Build& build) {
  const xml::Element& element = bind.element();
  const xml::Attribute* xpath = bind.attribute("xpath");
  const xml::Attribute* source = bind.attribute("source");
  const xml::Attribute* regex = bind.attribute("regex");
  if (given(xpath)) {
    filter.condition = build.expression(xpath, element);
    return filter.condition != nullptr;
  }
  if (!given(source) || !given(regex)) {
    bind.error("<filter> without a condition", "xpath=, or source= and regex=");
    return false;
  }
  filter.source = build.expression(source, element);
  std::string why;
  filter.regex = Pattern::compile(regex->value, why);
  if (!filter.regex) bind.error(regex->where, "'" + regex->value + "' is not a regular expression: " + why);
  return filter.source && filter.regex;
}

bool read_branches(Filter& filter, xml::Bind& bind, Build& build) {
  const xml::Element* then_element = bind.child("then");
  const xml::Element* else_element = bind.child("else");
  if (!then_element) {
    bind.all_children_known();
    if (else_element) {
      bind.error(else_element->where, "<else> without <then>", "<then> around the mediators before it");
      return false;
    }
    filter.children = build.list(bind.element());
    return true;
  }
  filter.then_branch = Branch::read(*then_element, build);
  if (else_element) filter.else_branch = Branch::read(*else_element, build);
  return filter.then_branch && (!else_element || filter.else_branch);
}

std::unique_ptr<Mediator> build_filter(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto filter = std::make_unique<Filter>();
  const bool condition = read_condition(*filter, bind, build);
  const bool branches = read_branches(*filter, bind, build);
  bind.finish();
  if (!condition || !branches) return nullptr;
  return filter;
}

}  // namespace

MYELIN_MEDIATOR("filter", build_filter);
}  // namespace myelin::mediators
