// <log level="simple|headers|full|custom" category="INFO|TRACE|DEBUG|WARN|ERROR|FATAL" separator=", "
//      logFullPayload="false" logMessageID="false">
//   <message>text</message>?
//   <property name="n" value="v" | expression="e"/>*
// </log>
// Writes one line about the message and lets it pass unchanged.

#include "engine/base/log.hpp"

#include <array>

#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "mediators/common/property_list.hpp"

namespace myelin::mediators {
namespace {

enum class Detail { simple, headers, full, custom, text };

constexpr std::array<std::pair<std::string_view, Detail>, 4> kDetails{
    {{"simple", Detail::simple}, {"headers", Detail::headers}, {"full", Detail::full}, {"custom", Detail::custom}}};

using log::Severity;
constexpr std::array<std::pair<std::string_view, Severity>, 6> kCategories{{{"INFO", Severity::info},
                                                                           {"TRACE", Severity::trace},
                                                                           {"DEBUG", Severity::debug},
                                                                           {"WARN", Severity::warning},
                                                                           {"ERROR", Severity::error},
                                                                           {"FATAL", Severity::fatal}}};

/// REL-117: passwords of WS-Security are not written. `xml` is well formed.
std::string without_passwords(std::string xml) {
  if (xml.find("wssecurity-secext") == std::string::npos) return xml;
  constexpr std::string_view kName = "Password";
  for (std::size_t at = 0; (at = xml.find(kName, at)) != std::string::npos;) {
    const std::size_t after = at + kName.size();
    const std::size_t tag = xml.rfind('<', at);
    const bool opens = tag != std::string::npos && xml[tag + 1] != '/' && xml.find_first_of(" \t\n>\"'", tag) >= after &&
                       (tag + 1 == at || xml[at - 1] == ':') && (xml[after] == '>' || xml[after] == ' ');
    at = after;
    if (!opens) continue;
    const std::size_t text = xml.find('>', at) + 1;
    if (xml[text - 2] == '/') continue;
    const std::size_t end = std::min(xml.find('<', text), xml.size());
    xml.replace(text, end - text, "***");
  }
  return xml;
}

struct Log final : Mediator {
  Detail detail = Detail::simple;
  Severity severity = Severity::info;
  std::string separator = ", ";
  std::string text;
  bool message_id = false;
  PropertyList properties;

  Flow run(Message& message) const override {
    if (!log::enabled(severity)) return Flow::next;
    std::string line;
    Result<void> done = describe(message, line);
    if (!done) return fail(message, std::move(done).fault());
    log::write(severity, "mediator", message.log_prefix() + line);
    return Flow::next;
  }

  Need need() const noexcept override {
    switch (detail) {
      case Detail::full: return Need::body;
      case Detail::simple:
      case Detail::headers: return Need::header | properties.need();
      default: return properties.need();
    }
  }

 private:
  void add(std::string& line, std::string_view name, std::string_view between, std::string_view value) const {
    if (!line.empty()) line += separator;
    line += name;
    line += between;
    line += value;
  }
  void add_if(std::string& line, std::string_view name, std::string_view value) const {
    if (!value.empty()) add(line, name, ": ", value);
  }

  Result<void> describe(Message& message, std::string& line) const {
    if (detail == Detail::text && message_id) add_ids(message, line, true);
    if (!text.empty()) add(line, text, {}, {});
    if (detail == Detail::simple || detail == Detail::full) add_addressing(message, line);
    if (detail == Detail::headers) {
      Result<void> done = add_header_blocks(message, line);
      if (!done) return done;
    }
    Result<void> done = add_properties(message, line);
    if (done && detail == Detail::full) done = add_payload(message, line);
    return done;
  }

  void add_addressing(Message& message, std::string& line) const {
    const Addressing& addressing = message.addressing();
    add(line, "To", ": ", addressing.to);
    add_if(line, "From", addressing.from);
    add_if(line, "WSAction", addressing.action);
    add_if(line, "SOAPAction", addressing.soap_action);
    add_if(line, "ReplyTo", addressing.reply_to);
    add_ids(message, line, true);
    add(line, "Direction", ": ", message.is_response() ? "response" : "request");
  }

  void add_ids(Message& message, std::string& line, bool with_message_id) const {
    if (with_message_id) add_if(line, "MessageID", message.addressing().message_id);
    if (message.artifacts && !message.artifacts->apache_dialect())
      add_if(line, "correlation_id", message.property("correlation_id").text());
  }

  Result<void> add_header_blocks(Message& message, std::string& line) const {
    add_ids(message, line, false);
    if (message.payload.kind() != MediaKind::soap11 && message.payload.kind() != MediaKind::soap12) return {};
    const Result<const tree::Document*> envelope = message.payload.envelope();
    if (!envelope) return unparsable(message, envelope.fault());
    const tree::Document& tree = **envelope;
    const tree::NodeId header = Payload::header(tree);
    if (header == tree::kNone) return {};
    for (tree::NodeId block = tree.first_element(header); block != tree::kNone; block = tree.next_element(block))
      add(line, tree.local(block), " : ", tree.direct_text(block));
    return {};
  }

  Result<void> add_properties(Message& message, std::string& line) const {
    for (const ListedProperty& property : properties) {
      const Result<std::optional<std::string>> value = property.value->text(message);
      if (!value) return value.fault();
      add(line, property.name, " = ", *value ? std::string_view(**value) : std::string_view("null"));
    }
    return {};
  }

  Result<void> add_payload(Message& message, std::string& line) const {
    const bool apache = message.artifacts && message.artifacts->apache_dialect();
    if (message.payload.is_json() && !apache) {
      const Result<std::string> json = message.payload.json_text();
      if (!json) return unparsable(message, json.fault());
      add(line, "Payload", ": ", *json);
      return {};
    }
    const Result<const tree::Document*> envelope = message.payload.envelope();
    if (!envelope) return unparsable(message, envelope.fault());
    add(line, "Envelope", ": ", without_passwords((*envelope)->xml((*envelope)->root())));
    return {};
  }

  /// The fault sequence meets an empty envelope instead of the body that cannot be read (MED-053).
  static Fault unparsable(Message& message, const Fault& fault) {
    message.payload.assign(Payload::empty_envelope(message.payload.kind() == MediaKind::soap12),
                           message.payload.content_type());
    return fault;
  }
};

std::string unescape(std::string text) {
  for (const auto& [written, meant] : {std::pair<std::string_view, char>{"\\n", '\n'}, {"\\t", '\t'}})
    for (std::size_t at = 0; (at = text.find(written, at)) != std::string::npos; ++at)
      text.replace(at, 2, 1, meant);
  return text;
}

Severity read_category(xml::Bind& bind) {
  const xml::Attribute* category = bind.attribute("category");
  if (!category) return Severity::info;
  std::vector<std::string_view> names;
  for (const auto& [name, severity] : kCategories) {
    if (text::iequals(name, text::trim(category->value))) return severity;
    names.push_back(name);
  }
  bind.error(category->where, "category '" + category->value + "' on <log>", text::one_of(names));
  return Severity::info;
}

std::unique_ptr<Mediator> build_log(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto log = std::make_unique<Log>();
  log->text = bind.child_text("message").value_or("");
  if (log->text.find("${") != std::string::npos)
    bind.warning("'${...}' in <message> is not evaluated by this version", "a <property> with an expression is");
  log->detail = bind.choice<Detail>("level", kDetails, log->text.empty() ? Detail::simple : Detail::text);
  if (text::iequals(bind.text("logFullPayload").value_or(""), "true")) log->detail = Detail::full;
  log->message_id = text::iequals(bind.text("logMessageID").value_or(""), "true");
  log->severity = read_category(bind);
  log->separator = unescape(bind.text("separator").value_or(", "));
  log->properties.read(bind, build);
  bind.finish();
  return log;
}

}  // namespace

MYELIN_MEDIATOR("log", build_log);
}  // namespace myelin::mediators
