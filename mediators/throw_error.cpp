// <throwError type="ANY | {expression}" errorMessage="text | {expression}"?/>
// Raises a fault of that type: ERROR_CODE holds the type as text.

#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

struct ThrowError final : Mediator {
  std::unique_ptr<expr::Expression> type, text;

  Flow run(Message& message) const override {
    Result<std::optional<std::string>> code = type->text(message);
    if (!code) return fail(message, std::move(code).fault());
    Result<std::optional<std::string>> why = text->text(message);
    if (!why) return fail(message, std::move(why).fault());
    Fault fault(std::move(*why).value_or(std::string()));
    message.properties.set("ERROR_CODE", std::move(*code).value_or(std::string()));
    message.properties.set("ERROR_MESSAGE", fault.message);
    message.properties.set("ERROR_DETAIL", fault.message);
    message.properties.set("ERROR_EXCEPTION", fault.message);
    return fail(message, std::move(fault));
  }
  Need need() const noexcept override { return type->need() | text->need(); }
};

std::unique_ptr<Mediator> build_throw_error(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto mediator = std::make_unique<ThrowError>();
  const xml::Attribute* type = bind.attribute("type");
  const xml::Attribute* text = bind.attribute("errorMessage");
  mediator->type = type ? build.value(type, element) : expr::literal("ANY");
  mediator->text = text ? build.value(text, element) : expr::literal("Error occurred in the mediation flow");
  bind.finish();
  if (!mediator->type || !mediator->text) return nullptr;
  return mediator;
}

}  // namespace

MYELIN_MEDIATOR("throwError", build_throw_error);
}  // namespace myelin::mediators
