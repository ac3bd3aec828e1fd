// <switch source="expression"> <case regex="r">mediators</case>* <default>mediators</default>? </switch>
// Runs the first case whose regex matches the whole text of the source, else the default.

#include "engine/expr/pattern.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/list.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

using expr::Pattern;

struct Case {
  std::unique_ptr<const Pattern> regex;
  std::unique_ptr<List> mediators;
};

struct Switch final : Mediator {
  std::unique_ptr<expr::Expression> source;
  std::vector<Case> cases;
  std::unique_ptr<List> otherwise;

  Flow run(Message& message) const override {
    const Result<std::optional<std::string>> text = source->text(message);
    if (!text) return fail(message, text.fault());
    if (*text) {
      for (const Case& one : cases) {
        const Result<bool> matches = one.regex->matches(**text);
        if (!matches) return fail(message, matches.fault());
        if (*matches) return one.mediators->run(message);
      }
    }
    return otherwise ? otherwise->run(message) : Flow::next;
  }

  Need need() const noexcept override { return source->need(); }

  void link(Linker& linker) override {
    for (Case& one : cases) one.mediators->link(linker);
    if (otherwise) otherwise->link(linker);
  }
};

bool read_case(Switch& mediator, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  const xml::Attribute* regex = bind.attribute("regex");
  bind.finish();
  Case one;
  one.mediators = build.list(element);
  if (!regex) {
    bind.error("<case> without 'regex'");
    return false;
  }
  std::string why;
  one.regex = Pattern::compile(regex->value, why);
  if (!one.regex) {
    bind.error(regex->where, "'" + regex->value + "' is not a regular expression: " + why);
    return false;
  }
  mediator.cases.push_back(std::move(one));
  return true;
}

std::unique_ptr<Mediator> build_switch(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto mediator = std::make_unique<Switch>();
  bind.required("source");
  mediator->source = build.expression(bind.attribute("source"), element);
  bool usable = mediator->source != nullptr;
  for (const xml::Element* one : bind.children("case")) usable &= read_case(*mediator, *one, build);
  if (const xml::Element* otherwise = bind.child("default")) mediator->otherwise = build.list(*otherwise);
  bind.finish();
  if (!usable) return nullptr;
  return mediator;
}

}  // namespace

MYELIN_MEDIATOR("switch", build_switch);
}  // namespace myelin::mediators
