#include "endpoints/common/definition.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;
using xml::quote;
using xml::tag;

/// A code that no fault has.
constexpr int kNoCode = -1;

constexpr std::pair<std::string_view, EndpointFormat> kFormats[] = {
    {"soap11", EndpointFormat::soap11}, {"soap12", EndpointFormat::soap12}, {"pox", EndpointFormat::pox},
    {"get", EndpointFormat::get},       {"rest", EndpointFormat::rest}};

constexpr std::pair<std::string_view, Attachments> kOptimize[] = {{"mtom", Attachments::mtom}, {"swa", Attachments::swa}};

/// The trimmed text of a child element, with its place; null when it is not there.
struct Text {
  const Element* element = nullptr;
  std::string value;
  explicit operator bool() const noexcept { return element != nullptr; }
};

Text child_text(Bind& bind, std::string_view name) {
  Text text;
  text.element = bind.child(name);
  if (text) text.value = text::trim(text.element->text());
  return text;
}

void bad_value(Bind& bind, const Text& text, std::string allowed) {
  bind.error(text.element->where, tag(text.element->name) + " is " + quote(text.value), std::move(allowed));
}

template <class T, class Parse>
void read_number(Bind& bind, std::string_view name, T& to, Parse parse, std::string_view what) {
  const Text text = child_text(bind, name);
  if (!text) return;
  if (const auto value = parse(text.value)) to = *value;
  else bad_value(bind, text, std::string(what) + " is needed");
}

void read_int(Bind& bind, std::string_view name, std::int32_t& to) {
  read_number(bind, name, to, text::parse_int, "a whole number of 32 bits");
}
void read_long(Bind& bind, std::string_view name, std::int64_t& to) {
  read_number(bind, name, to, text::parse_long, "a whole number");
}

void read_codes(Bind& bind, std::string_view name, std::vector<int>& to) {
  const Text text = child_text(bind, name);
  if (!text) return;
  if (auto codes = parse_codes(text.value)) to = *std::move(codes);
  else bad_value(bind, text, "error codes, separated by commas or blanks, are needed");
}

// --- WS-Addressing and security -----------------------------------------------------------------

void read_addressing(Definition& definition, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  definition.addressing = AddressingVersion::final;
  if (const auto* version = bind.attribute("version")) {
    const std::string_view value = text::trim(version->value);
    if (text::iequals(value, "submission")) definition.addressing = AddressingVersion::submission;
    else if (!text::iequals(value, "final"))  // EP-017
      bind.error(version->where, "version of <enableAddressing> is " + quote(version->value),
                 "allowed: final or submission");
  }
  if (const auto listener = bind.text("separateListener"))
    definition.separate_listener = text::iequals(text::trim(*listener), "true");  // EP-018
  if (definition.separate_listener)
    bind.warning("separateListener of <enableAddressing> is not applied by this version", "answers come on the connection of their request");
  bind.finish();
}

// --- timeout ------------------------------------------------------------------------------------

void read_duration(Definition& definition, const Text& duration, Bind& bind) {
  const std::string& value = duration.value;
  if (value.size() > 2 && value.front() == '{' && value.back() == '}') {
    expr::SyntaxError error;
    const auto namespaces = duration.element->namespaces();
    definition.timeout_expression =
        expr::compile(std::string_view(value).substr(1, value.size() - 2), namespaces, error);
    if (!definition.timeout_expression) bad_value(bind, duration, error.message);
    return;
  }
  if (const auto number = text::parse_long(value)) definition.timeout = *number;
  else bad_value(bind, duration, "milliseconds or {expression} are needed");
}

void read_timeout(Definition& definition, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const Text duration = child_text(bind, "duration");
  if (duration) read_duration(definition, duration, bind);
  if (const Text action = child_text(bind, "responseAction")) {
    if (text::iequals(action.value, "discard"))  // EP-103: Apache's changes no state, as without an action
      definition.action = build.settings.apache_dialect() ? Leaf::Action::never : Leaf::Action::discard;
    else if (text::iequals(action.value, "fault")) definition.action = Leaf::Action::fault;
    else bad_value(bind, action, "allowed: discard or fault; leave it out for never");  // EP-025
    if (!duration && build.settings.apache_dialect()) definition.timeout = 30'000;      // EP-026
  }
  bind.finish();
}

// --- suspension ---------------------------------------------------------------------------------

/// `enabled="false"` switches one kind of suspension off; error code -1, which never occurs, does too.
bool is_disabled(Bind& bind) {
  const auto enabled = bind.text("enabled");
  return enabled && text::is_false(*enabled);
}

void read_suspend(SuspensionPolicy& policy, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const bool disabled = is_disabled(bind);
  read_codes(bind, "errorCodes", policy.suspend_codes);
  std::int32_t initial = 0;
  if (bind.child("initialDuration")) {  // EP-021: 32 bits, unlike the maximum
    read_int(bind, "initialDuration", initial);
    policy.initial = initial;
  }
  read_number(bind, "progressionFactor", policy.factor, text::parse_float, "a number");
  read_long(bind, "maximumDuration", policy.maximum);
  if (disabled) policy.suspend_codes = {kNoCode};
  bind.finish();
}

void read_mark(SuspensionPolicy& policy, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const bool disabled = is_disabled(bind);
  read_codes(bind, "errorCodes", policy.timeout_codes);
  read_int(bind, "retriesBeforeSuspension", policy.retries);
  read_int(bind, "retryDelay", policy.retry_delay);
  if (disabled) policy.timeout_codes = {kNoCode};
  bind.finish();
}

/// The old form, in seconds; `<suspendOnFailure>` beside it overrides (EP-028).
void read_old_suspend(SuspensionPolicy& policy, const Text& seconds, Bind& bind) {
  const auto value = text::parse_long(seconds.value);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1000;
  if (!value || *value > kMost || *value < -kMost) {
    bad_value(bind, seconds, "seconds are needed");
    return;
  }
  policy.initial = *value * 1000;
  policy.factor = 1.0F;
}

void read_retry_config(Definition& definition, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  read_codes(bind, "disabledErrorCodes", definition.disabled_codes);
  std::vector<int> enabled;
  read_codes(bind, "enabledErrorCodes", enabled);
  if (!build.settings.apache_dialect()) definition.enabled_codes = std::move(enabled);  // EP-029
  bind.finish();
}

// --- server-wide settings -----------------------------------------------------------------------

std::int64_t number_setting(const Build& build, std::string_view name, std::int64_t otherwise) {
  return text::parse_long(text::trim(build.settings.setting(name))).value_or(otherwise);
}

/// EP-097: defaults of endpoints that say nothing.
void apply_global_defaults(SuspensionPolicy& policy, const Build& build) {
  policy.initial = number_setting(build, "synapse.global_endpoint_suspend_duration", -1);
  const auto factor = text::parse_float(build.settings.setting("synapse.global_endpoint_suspend_progression_factor"));
  policy.factor = factor.value_or(1.0F);
}

void read_limits(Definition& definition, const Build& build) {
  SuspensionPolicy& policy = definition.suspension;
  policy.fault_limit = number_setting(build, "maximum.failover.retries", -1);
  policy.fault_limit_suspension = number_setting(build, "suspend.duration.on.maximum.failover", 30'000);
  definition.group_fault_limit = number_setting(build, "maximum.failover.recursive.retries", -1);
  definition.group_fault_suspension =
      number_setting(build, "suspend.duration.on.maximum.recursive.failover", 30'000);
}

}  // namespace

std::optional<std::vector<int>> parse_codes(std::string_view text) {
  std::vector<int> codes;
  for (const std::string_view token : text::split(text::trim(text), ", ")) {
    const auto code = text::parse_int(token);
    if (!code) return std::nullopt;
    codes.push_back(*code);
  }
  return codes;
}

void read_definition(Definition& definition, Bind& bind, Build& build) {
  definition.format = bind.choice<EndpointFormat>("format", kFormats, EndpointFormat::as_is,
                                                  Bind::Unknown::keep_default, Bind::Case::any);
  definition.attachments = bind.choice<Attachments>("optimize", kOptimize, Attachments::dropped, Bind::Unknown::keep_default,
                                                    Bind::Case::any);
  definition.encoding = bind.text("encoding").value_or("");
  bind.ignore({"statistics", "trace"}, {"enableRM"});
  definition.global_timeout = number_setting(build, "synapse.global_timeout_interval", definition.global_timeout);

  if (const Element* child = bind.child("enableAddressing")) read_addressing(definition, *child, build);
  if (const Element* child = bind.child("enableSec"))
    bind.warning(child->where, "<enableSec> is not applied: messages go out without WS-Security, which is not spoken",
                 "<tls> protects the way");
  const auto block = [&](std::string_view name) {
    const Element* own = bind.child(name);
    return own ? own : build.inherited(name);
  };
  if (const Element* child = block("timeout")) read_timeout(definition, *child, build);

  SuspensionPolicy& policy = definition.suspension;
  apply_global_defaults(policy, build);
  const SuspensionPolicy global = policy;
  read_limits(definition, build);
  if (const Text seconds = child_text(bind, "suspendDurationOnFailure")) read_old_suspend(policy, seconds, bind);
  if (const Element* child = block("suspendOnFailure")) {
    policy.initial = global.initial;
    policy.factor = global.factor;
    read_suspend(policy, *child, build);
  }
  if (text::is_true(build.settings.setting("synapse.override_endpoint_suspend_config_with_global_values"))) {
    policy.initial = global.initial;  // EP-096
    policy.factor = global.factor;
  }
  if (const Element* child = block("markForSuspension")) read_mark(policy, *child, build);
  if (const Element* child = block("retryConfig")) read_retry_config(definition, *child, build);
}

void Definition::use_group_limit() noexcept {
  if (group_fault_limit < 0) return;
  suspension.fault_limit = group_fault_limit;
  suspension.fault_limit_suspension = group_fault_suspension;
  suspension.fault_limit_recursive = true;
}

bool Definition::allows_failover(int code, int base_code) const noexcept {
  if (contains(disabled_codes, code) || contains(disabled_codes, base_code)) return false;
  return enabled_codes.empty() || contains(enabled_codes, code) || contains(enabled_codes, base_code);
}

FormatOptions Definition::format_options() const noexcept {
  FormatOptions options;
  options.format = format;
  options.addressing = addressing;
  options.attachments = attachments;
  options.encoding = encoding;
  return options;
}

Duration Definition::timeout_for(Message& message) const {
  if (!timeout_expression) return Duration(std::max<std::int64_t>(timeout, 0));
  const auto text = timeout_expression->text(message);
  if (!text || !*text) return Duration(0);
  const auto value = text::parse_long(text::trim(**text));
  if (!value || *value <= 0) return Duration(0);
  return Duration(std::min(*value, global_timeout));
}

}  // namespace myelin::endpoints
