#include "endpoints/common/health_check.hpp"

#include <algorithm>

#include "endpoints/common/attributes.hpp"
#include "engine/base/text.hpp"
#include "engine/message/field_value.hpp"
#include "engine/ports/grpc_health.hpp"
#include "engine/ports/health.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;

using Type = HealthCheck::Type;
constexpr std::pair<std::string_view, Type> kTypes[] = {
    {"http", Type::http}, {"tcp", Type::tcp}, {"tls", Type::tls}, {"grpc", Type::grpc}};
constexpr std::pair<std::string_view, Health> kStarts[] = {
    {"up", Health::up}, {"down", Health::down}, {"unknown", Health::unknown}};
using Counting = HealthRules::Counting;
constexpr std::pair<std::string_view, Counting> kCountings[] = {
    {"consecutive", Counting::consecutive}, {"saturating", Counting::saturating}, {"cumulative", Counting::cumulative}};

constexpr std::uint32_t kMostInARow = 1000;
constexpr std::uint32_t kMostJitter = 5000;  // ms, as the incumbent's
constexpr std::int64_t kShortest = 100;      // ms, a tick of the timers

bool is_visible(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_own_business(std::string_view name) noexcept {
  constexpr std::string_view kNames[] = {"Host", "Connection", "Content-Length", "Transfer-Encoding"};
  return std::any_of(std::begin(kNames), std::end(kNames), [name](auto known) { return text::iequals(name, known); });
}

// --- the request ----------------------------------------------------------------------------------

void read_header(HealthCheck& check, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const std::string name = bind.required("name");
  const auto* value = bind.attribute("value");
  if (!name.empty() && !text::is_token(name)) bind.error(element.attribute("name")->where, xml::quote(name) + " is no header name");
  else if (is_own_business(name))
    bind.error(element.attribute("name")->where, "header " + xml::quote(name) + " is set by the transport itself");
  if (!value) bind.error("<header> without a value", "attribute 'value' is needed");
  else if (!is_field_value(value->value)) bind.error(value->where, "the value of header " + xml::quote(name) + " holds control characters");
  else check.headers.emplace_back(name, value->value);
  bind.finish();
}

void read_request(HealthCheck& check, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  if (const auto* method = bind.attribute("method")) {
    check.method = text::to_upper(text::trim(method->value));
    if (!text::is_token(check.method)) bind.error(method->where, "method of <request> is " + xml::quote(method->value), "an HTTP method is needed");
  }
  if (const auto* path = bind.attribute("path")) {
    check.path = text::trim(path->value);
    check.path.resize(std::min(check.path.find('#'), check.path.size()));
    if (!is_visible(check.path))
      bind.error(path->where, "path of <request> is " + xml::quote(path->value), "blanks and other such characters have to be written as %20");
  }
  check.from_root = bind.strict_bool("fromRoot").value_or(false);
  for (const Element* header : bind.children("header")) read_header(check, *header, build);
  if (const Element* body = bind.child("body")) check.body = body->children().empty() ? body->text() : body->inner_xml();
  bind.finish();
}

// --- assertions -----------------------------------------------------------------------------------

void read_expression(HealthAssertion& assertion, const xml::Attribute& attribute, Bind& bind, Build& build) {
  if (!expr::Assertion::is_one(attribute.value)) {
    assertion.expression = build.expression(&attribute, bind.element());
    return;
  }
  expr::SyntaxError error;
  assertion.assertion = expr::Assertion::compile(attribute.value, error);
  if (assertion.assertion) return;
  bind.error(attribute.where, "expression " + xml::quote(attribute.value) + ", character " + std::to_string(error.offset + 1),
             error.message);
}

void read_assert(HealthCheck& check, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  HealthAssertion assertion;
  const auto* expression = bind.attribute("expression");
  const auto* status = bind.attribute("status");
  const auto* header = bind.attribute("header");
  const auto* value = bind.attribute("value");
  if ((expression ? 1 : 0) + (status ? 1 : 0) + (header ? 1 : 0) != 1)
    bind.error("<assert> has to say what is asserted", "one of the attributes 'expression', 'status' and 'header' is needed");
  else if (expression) read_expression(assertion, *expression, bind, build);
  else if (status) read_statuses(bind, "status", assertion.statuses.emplace());
  else if (text::is_token(header->value)) assertion.header = header->value;
  else bind.error(header->where, xml::quote(header->value) + " is no header name");
  if (value && header) assertion.header_value = value->value;
  else if (value) bind.error(value->where, "value of <assert> without a header", "it is what the header has to be");
  const auto* said = expression ? expression : status ? status : header;
  if (said) assertion.source = said->name + " '" + said->value + '\'' + (value && header ? " '" + value->value + '\'' : "");
  bind.finish();
  check.assertions.push_back(std::move(assertion));
}

// --- when -------------------------------------------------------------------------------------------

void read_times(HealthCheck& check, Bind& bind) {
  const auto* schedule = bind.attribute("schedule");
  if (schedule) {
    std::string problem;
    check.schedule = Cron::parse(schedule->value, problem);
    if (!check.schedule) bind.error(schedule->where, "schedule of <healthCheck> is " + xml::quote(schedule->value), problem);
    if (const auto* interval = bind.attribute("interval"))
      bind.error(interval->where, "interval beside schedule on <healthCheck>", "one of the two is allowed");
  }
  read_duration(bind, "interval", check.interval, kShortest);
  read_duration(bind, "timeout", check.timeout, 1);
  auto jitter = static_cast<std::uint32_t>(check.jitter.count());
  read_count(bind, "jitter", jitter, 0, kMostJitter);
  check.jitter = Duration(jitter);
}

/// What a gRPC check sends is fixed but for the service it asks for.
void read_service(HealthCheck& check, Bind& bind) {
  const auto* service = bind.attribute("service");
  if (service && check.type != Type::grpc) bind.error(service->where, "service of <healthCheck>", "it belongs to type grpc");
  if (check.type != Type::grpc) return;
  check.method = "POST";
  check.path = kGrpcHealthPath;
  check.from_root = true;
  check.headers.emplace_back("Content-Type", "application/grpc");
  check.body = grpc_health_question(service ? text::trim(service->value) : std::string_view());
}

bool is_enabled(Bind& bind) { return bind.strict_bool("enabled").value_or(true); }

/// Null: switched off.
std::shared_ptr<HealthCheck> read(const Element& element, bool shared, Build& build) {
  Bind bind(element, build.problems);
  auto check = std::make_shared<HealthCheck>();
  check->shared = shared;
  check->type = bind.choice<Type>("type", kTypes, Type::http);
  read_service(*check, bind);
  const bool enabled = is_enabled(bind);
  bind.strict_bool("inherit");
  read_times(*check, bind);
  read_count(bind, "rise", check->rules.rise, 1, kMostInARow);
  read_count(bind, "fall", check->rules.fall, 1, kMostInARow);
  check->rules.start = bind.choice<Health>("start", kStarts, Health::up);
  check->rules.counting = bind.choice<Counting>("counting", kCountings, Counting::consecutive);
  const Element* request = bind.child("request");
  const auto assertions = bind.children("assert");
  if (check->type == Type::http && request) read_request(*check, *request, build);
  if (check->type == Type::http)
    for (const Element* assertion : assertions) read_assert(*check, *assertion, build);
  else if (request || !assertions.empty())
    bind.error((request ? request : assertions.front())->where, "<request> and <assert> belong to type http",
               "other types have nothing to choose");
  bind.finish();
  return enabled ? check : nullptr;
}

}  // namespace

void read_health_check(SendingLeaf& leaf, Bind& bind, Build& build) {
  const Element* own = bind.child("healthCheck");
  const Element* shared = build.inherited("healthCheck");
  if (own) {
    leaf.health_check = read(*own, false, build);
    const auto* inherits = own->attribute("inherit");
    if (!leaf.health_check || !shared || !inherits || !text::iequals(inherits->value, "true")) return;
  }
  if (shared) leaf.health_check = read(*shared, true, build);
}

}  // namespace myelin::endpoints
