// <property name="n | {expression}" value="v" | expression="e" | one XML element inside
//           type="STRING|BOOLEAN|DOUBLE|FLOAT|INTEGER|LONG|SHORT|OM|JSON" action="set|remove"
//           scope="default|axis2|axis2-client|transport|operation|registry|system|trace|analytics"
//           pattern="regex" group="0"/>
// Sets or removes a property of the message, a transport header or an engine switch. In the default
// scope a null changes nothing: the value there before stays.

#include <algorithm>
#include <cmath>

#include "engine/base/log.hpp"
#include "engine/base/shared_values.hpp"
#include "engine/base/text.hpp"
#include "engine/expr/pattern.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "mediators/common/header_fields.hpp"
#include "mediators/common/content.hpp"

namespace myelin::mediators {
namespace {

using expr::Pattern;

enum class Type { string, boolean, real, single, integer, wide, small, xml, json };
enum class Scope { normal, axis2, client, transport, operation, registry, system, trace, analytics };

using TypeName = std::pair<std::string_view, Type>;
constexpr TypeName kTypes[] = {{"STRING", Type::string}, {"BOOLEAN", Type::boolean}, {"DOUBLE", Type::real},
                               {"FLOAT", Type::single},  {"INTEGER", Type::integer}, {"LONG", Type::wide},
                               {"SHORT", Type::small},   {"OM", Type::xml},          {"JSON", Type::json}};

using ScopeName = std::pair<std::string_view, Scope>;
constexpr ScopeName kScopes[] = {{"default", Scope::normal},      {"axis2", Scope::axis2},
                                 {"axis2-client", Scope::client}, {"transport", Scope::transport},
                                 {"operation", Scope::operation}, {"registry", Scope::registry},
                                 {"system", Scope::system},       {"trace", Scope::trace},
                                 {"analytics", Scope::analytics}};
constexpr std::size_t kApacheScopes = 4;  ///< the first ones are all the Apache dialect has
constexpr std::size_t kApacheTypes = 8;

Fault not_convertible(std::string_view text, Type type) {
  std::string_view name;
  for (const auto& [known, value] : kTypes)
    if (value == type) name = known;
  return Fault("'" + std::string(text) + "' is not of type " + std::string(name));
}

std::optional<double> parse_double(std::string_view text) {
  text = text::trim(text);
  if (text == "NaN") return std::nan("");
  const std::optional<float> valid = text::parse_float(text);
  if (!valid) return std::nullopt;
  return std::strtod(std::string(text).c_str(), nullptr);
}

Result<Value> to_integer(std::string_view text, Type type) {
  std::optional<std::int64_t> number;
  if (type == Type::wide) {
    number = text::parse_long(text);
  } else if (const auto parsed = text::parse_int(text)) {
    number = *parsed;
  }
  if (!number || (type == Type::small && (*number < -32768 || *number > 32767))) return not_convertible(text, type);
  return Value(*number);
}

Result<Value> to_json(const std::string& text) {
  if (is_json(text)) return Value(Json{text});
  return Value(Json{'"' + text::json_escape(text) + '"'});
}

/// The typed value of a text.
Result<Value> convert(std::string text, Type type) {
  switch (type) {
    case Type::string: return Value(std::move(text));
    case Type::boolean: return Value(text::is_true(text));
    case Type::real:
    case Type::single: {
      const std::optional<double> number = parse_double(text);
      if (!number) return not_convertible(text, type);
      return Value(*number);
    }
    case Type::integer:
    case Type::wide:
    case Type::small: return to_integer(text, type);
    case Type::xml: {
      Result<Value> xml = parse_xml(text);
      if (!xml) return not_convertible(text, type);
      return xml;
    }
    case Type::json: return to_json(text);
  }
  return Value();
}

/// The part of `3.9` that an integer property takes (WSO2).
std::string truncated(std::string text, Type type) {
  if (type == Type::integer || type == Type::small)
    if (const auto dot = text.find('.'); dot != std::string::npos) text.resize(dot);
  return text;
}

struct Property final : Mediator {
  std::unique_ptr<expr::Expression> name;
  std::string fixed_name;                            ///< when the name is no expression
  bool remove = false;
  bool apache = false;
  Type type = Type::string;
  Scope scope = Scope::normal;
  std::optional<Value> constant;                     ///< value=, converted
  std::shared_ptr<const tree::Document> inline_xml;  ///< an element inside, or value= as OM; copied per message
  std::unique_ptr<expr::Expression> expression;
  std::unique_ptr<const Pattern> pattern;
  std::size_t group = 0;

  Flow run(Message& message) const override {
    std::string computed;
    if (fixed_name.empty()) {
      Result<std::optional<std::string>> text = name->text(message);
      if (!text) return fail(message, std::move(text).fault());
      computed = std::move(*text).value_or(std::string());
    }
    const std::string& key = fixed_name.empty() ? computed : fixed_name;
    if (remove) {
      unset(message, key);
      return Flow::next;
    }
    Result<Value> value = evaluate(message);
    if (!value) return fail(message, std::move(value).fault());
    Result<void> done = set(message, key, *std::move(value));
    return done ? Flow::next : fail(message, std::move(done).fault());
  }

  /// A switch that changes how the body is written needs the body (MED 3).
  Need need() const noexcept override {
    Need need = name->need();
    if (expression) need = need | expression->need();
    const bool recodes = scope == Scope::transport && text::iequals(fixed_name, "Content-Encoding");
    if (remove) return recodes ? Need::body : need;
    const bool switches = scope == Scope::axis2 && (fixed_name == "messageType" || fixed_name == "DISABLE_CHUNKING" ||
                                                    fixed_name == "FORCE_HTTP_1.0");
    return switches || recodes ? Need::body : need;
  }

 private:
  Result<Value> evaluate(Message& message) const {
    if (constant) return matched(*constant);
    if (inline_xml) return root_of(inline_xml->clone());
    if (type == Type::xml || type == Type::json) {
      Result<Value> value = expression->evaluate(message);
      if (!value) return value;
      return typed(*std::move(value));
    }
    Result<std::optional<std::string>> text = expression->text(message);
    if (!text) return std::move(text).fault();
    if (!*text) return Value();
    std::string found = **std::move(text);
    Result<Value> value = convert(apache ? std::move(found) : truncated(std::move(found), type), type);
    if (!value) return value;
    return matched(*std::move(value));
  }

  /// XML and JSON keep the object that the expression found.
  Result<Value> typed(Value value) const {
    if (value.is_null() || (type == Type::json && value.is_json())) return value;
    if (const Nodes* nodes = value.as<Nodes>(); nodes && type == Type::xml) {
      for (const tree::NodeRef& node : nodes->items)
        if (node.document->kind(node.id) == tree::Kind::element) return copy_of(*node.document, node.id);
    }
    return convert(value.text(), type);
  }

  Result<Value> matched(Value value) const {
    if (!pattern || !value.is_string()) return value;
    Result<std::optional<std::string>> part = pattern->group(*value.as<std::string>(), group);
    if (!part) return std::move(part).fault();
    return Value(std::move(*part).value_or(std::string()));
  }

  Result<void> set(Message& message, const std::string& key, Value value) const {
    switch (scope) {
      case Scope::normal:
        if (!value.is_null()) message.properties.set(key, std::move(value));
        break;
      case Scope::axis2: return set_axis2(message, key, std::move(value));
      case Scope::client: message.client.set(key, std::move(value)); break;
      case Scope::transport: return set_header_field(message, key, value.text());
      case Scope::operation: message.operation.set(key, std::move(value)); break;
      case Scope::trace:
        log::write(log::Severity::trace, "mediator", message.log_prefix() + key + " = " + value.text());
        break;
      case Scope::analytics:
        log::debug("analytics", message.log_prefix() + key + " = " + value.text());
        break;
      case Scope::registry: return share(written_resources(), key, value);
      case Scope::system: return share(system_properties(), key, value);
    }
    return {};
  }

  static Result<void> share(SharedValues& values, const std::string& key, const Value& value) {
    if (value.is_null()) return Fault("'" + key + "' cannot be set to nothing");
    if (!values.set(key, value.text())) return Fault("'" + key + "' cannot be set: too much is kept already");
    return {};
  }

  /// The texts of this scope that the transports write into a head (REL-080, REL-082).
  static bool is_written(std::string_view key) {
    constexpr std::string_view kWritten[] = {"messageType",  "ContentType",         "HTTP_SC_DESC",    "CHARACTER_SET_ENCODING",
                                             "HTTP_METHOD",  "REQUEST_HOST_HEADER", "REST_URL_POSTFIX"};
    return std::find(std::begin(kWritten), std::end(kWritten), key) != std::end(kWritten);
  }

  static Result<void> set_axis2(Message& message, const std::string& key, Value value) {
    if (is_written(key)) {
      Result<void> checked = check_wire_value(key, value.text());
      if (!checked) return checked;
    }
    if (key == "REST_URL_POSTFIX") {
      message.has_postfix = !value.is_null();
      message.postfix = message.copy(value.text());
    }
    if (key == "messageType" && !value.is_null()) {
      announce_type(message, value.text());
      return {};
    }
    message.axis2.set(key, std::move(value));
    return {};
  }

  void unset(Message& message, const std::string& key) const {
    switch (scope) {
      case Scope::normal: message.properties.remove(key); break;
      case Scope::axis2:
        if (key == "REST_URL_POSTFIX") message.has_postfix = false;
        message.axis2.remove(key);
        break;
      case Scope::client: message.client.set(key, Value()); break;
      case Scope::transport: message.headers.remove(key); break;
      case Scope::operation: message.operation.remove(key); break;
      default: break;
    }
  }
};

const xml::Element* first_element(const xml::Element& element) {
  for (const xml::Element* child : element.children())
    if (!child->is("description")) return child;
  return nullptr;
}

bool read_xml(Property& property, xml::Bind& bind, std::string text, const xml::Location& where) {
  Result<std::shared_ptr<tree::Document>> document = tree::Document::parse(std::move(text));
  if (!document) {
    bind.error(where, "this is not XML: " + document.fault().detail);
    return false;
  }
  property.inline_xml = *std::move(document);
  return true;
}

bool read_literal(Property& property, xml::Bind& bind, const xml::Attribute& value) {
  if (property.type == Type::xml) return read_xml(property, bind, value.value, value.where);
  Result<Value> converted = convert(value.value, property.type);
  if (!converted) {
    bind.error(value.where, converted.fault().message);
    return false;
  }
  property.constant = *std::move(converted);
  return true;
}

/// Value wins over an element inside, and that over the expression (MED-066).
bool read_value(Property& property, xml::Bind& bind, Build& build) {
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  const xml::Element* child = first_element(bind.element());
  bind.all_children_known();
  if (property.remove) return true;
  if (value) return read_literal(property, bind, *value);
  if (child) return read_xml(property, bind, child->outer_xml(), child->where);
  if (expression) {
    property.expression = build.expression(expression, bind.element());
    return property.expression != nullptr;
  }
  bind.error("<property> without a value", "value=, expression=, an XML element inside, or action=\"remove\"");
  return false;
}

bool read_pattern(Property& property, xml::Bind& bind) {
  const xml::Attribute* pattern = bind.attribute("pattern");
  const std::optional<std::int32_t> group = bind.integer("group");
  if (group && *group < 0) bind.error("group " + std::to_string(*group) + " on <property>", "0 or more");
  if (!pattern) return true;
  std::string why;
  property.pattern = Pattern::compile(pattern->value, why);
  property.group = static_cast<std::size_t>(std::max(0, group.value_or(0)));
  if (property.pattern) return true;
  bind.error(pattern->where, "'" + pattern->value + "' is not a regular expression: " + why);
  return false;
}

bool read_name(Property& property, xml::Bind& bind, Build& build) {
  bind.required("name");
  const xml::Attribute* name = bind.attribute("name");
  if (!name || text::trim(name->value).empty()) return false;
  property.name = property.apache ? expr::literal(name->value) : build.value(name, bind.element());
  if (property.name && property.name->is_constant()) property.fixed_name = name->value;
  return property.name != nullptr;
}

std::unique_ptr<Mediator> build_property(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto property = std::make_unique<Property>();
  property->apache = build.settings.apache_dialect();
  property->remove = bind.text("action").value_or("set") == "remove";
  const std::span<const TypeName> types(kTypes, property->apache ? kApacheTypes : std::size(kTypes));
  const std::span<const ScopeName> scopes(kScopes, property->apache ? kApacheScopes : std::size(kScopes));
  property->type = bind.choice("type", types, Type::string);
  property->scope = bind.choice("scope", scopes, Scope::normal);
  if (!property->remove && property->scope == Scope::registry)
    bind.warning("what is written to the registry is kept in memory", "its files stay as they are");
  const bool named = read_name(*property, bind, build);
  const bool valued = read_value(*property, bind, build);
  const bool matched = read_pattern(*property, bind);
  bind.finish();
  if (!named || !valued || !matched) return nullptr;
  return property;
}

}  // namespace

MYELIN_MEDIATOR("property", build_property);
}  // namespace myelin::mediators
