// <payloadFactory media-type="xml|json|text" template-type="default">
//   <format>template with $1 $2 ...</format> | <format key="entry | {expression}"/>
//   <args> <arg value="v" | expression="e" evaluator="json|xml"? literal="false"/>* </args>
// </payloadFactory>
// Makes a new body from a template. Values are escaped for the kind of body they go into; well-formed
// XML, and JSON objects and arrays, go in as they are unless the argument is literal. `"$1"` in a JSON
// template loses its quotes for them.

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/message/json.hpp"
#include "mediators/common/content.hpp"
#include "mediators/common/header_fields.hpp"

namespace myelin::mediators {
namespace {

enum class Media { xml, json, text };
constexpr std::pair<std::string_view, Media> kMedia[] = {
    {"xml", Media::xml}, {"json", Media::json}, {"text", Media::text}};

/// A template cut at its placeholders: each literal is followed by the argument of that number, 0 at
/// the end.
class Template {
 public:
  struct Piece {
    std::string literal;
    std::size_t argument = 0;
    std::size_t rest = 0;  ///< where the placeholder begins in the whole text
  };

  explicit Template(std::string text) : text_(std::move(text)) {
    std::size_t from = 0;
    for (std::size_t at = text_.find('$'); at != std::string::npos; at = text_.find('$', at + 1)) {
      std::size_t end = at + 1;
      while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
      const auto number = text::parse_int(std::string_view(text_).substr(at + 1, end - at - 1));
      if (!number || *number == 0) continue;
      pieces_.push_back(Piece{text_.substr(from, at - from), static_cast<std::size_t>(*number), at});
      from = end;
    }
    pieces_.push_back(Piece{text_.substr(from), 0, text_.size()});
  }

  const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  std::string_view text() const noexcept { return text_; }

 private:
  std::string text_;
  std::vector<Piece> pieces_;
};

struct Argument {
  std::unique_ptr<expr::Expression> value;
  bool json_path = false;
  bool literal = false;
};

bool is_well_formed(std::string_view text) {
  if (!looks_like_xml(text)) return false;
  std::string wrapped = "<x>";
  wrapped += text;
  wrapped += "</x>";
  return tree::Document::parse(std::move(wrapped)).ok();
}

/// White space between the elements of an inline format is not part of the body.
void remove_blank_texts(tree::Document& document) {
  for (tree::NodeId node = document.root(); node != tree::kNone;) {
    tree::NodeId next = document.first_child(node);
    for (tree::NodeId up = node; next == tree::kNone && up != document.root(); up = document.parent(up))
      next = document.next(up);
    if (document.kind(node) == tree::Kind::text && text::trim(document.value(node)).empty()) document.detach(node);
    node = next;
  }
}

struct PayloadFactory final : Mediator {
  Media media = Media::xml;
  bool apache = false;
  std::optional<Template> format;            ///< inline, or a static key that was found at link time
  std::unique_ptr<expr::Expression> key;
  std::string static_key;
  std::vector<Argument> arguments;

  Flow run(Message& message) const override {
    Result<std::string> filled = format ? fill(message, *format) : fill_from_entry(message);
    if (!filled) return fail(message, std::move(filled).fault());
    Result<void> done = replace(message, *std::move(filled));
    if (!done) return fail(message, std::move(done).fault());
    message.axis2.remove("NO_ENTITY_BODY");
    return Flow::next;
  }
  Need need() const noexcept override { return Need::body; }

  void link(Linker& linker) override {
    if (!key || static_key.empty()) return;
    if (const LocalEntry* entry = linker.artifacts.entry(static_key)) format.emplace(std::string(text::trim(entry->value)));
  }

 private:
  Result<std::string> fill_from_entry(Message& message) const {
    const Result<std::optional<std::string>> name = key->text(message);
    if (!name) return name.fault();
    const std::string entry_name = name->value_or(std::string());
    const LocalEntry* entry = message.artifacts ? message.artifacts->entry(entry_name) : nullptr;
    if (!entry) return Fault("the format '" + entry_name + "' of payloadFactory cannot be found");
    return fill(message, Template(std::string(text::trim(entry->value))));
  }

  /// What an argument is worth: a text, and whether it was JSON rather than a string.
  struct Worth {
    std::string text;
    bool is_json = false;
  };

  /// A missing argument ends the substitution: the rest of the template stands as it is (MED-122).
  Result<std::string> fill(Message& message, const Template& from) const {
    std::vector<std::optional<Worth>> worth(arguments.size());
    std::string out;
    bool unquoted = false;  // the quote before the last value is gone
    for (std::size_t i = 0; i < from.pieces().size(); ++i) {
      const Template::Piece& piece = from.pieces()[i];
      out += std::string_view(piece.literal).substr(unquoted ? 1 : 0);
      if (piece.argument == 0) break;
      if (piece.argument > arguments.size()) {
        const std::string missing = "payloadFactory has no argument $" + std::to_string(piece.argument);
        if (apache) return Fault(missing);
        log::error("mediator", message.log_prefix() + missing);
        out += from.text().substr(piece.rest);
        break;
      }
      const Argument& argument = arguments[piece.argument - 1];
      std::optional<Worth>& value = worth[piece.argument - 1];
      if (!value) {
        Result<Worth> found = evaluate(message, argument);
        if (!found) return std::move(found).fault();
        value = *std::move(found);
      }
      const bool quoted = media == Media::json && out.ends_with('"') && from.pieces()[i + 1].literal.starts_with('"');
      unquoted = quoted && is_structure(*value, argument);
      if (unquoted) out.pop_back();
      Result<std::string> text = render(message, *value, argument, quoted);
      if (!text) return text;
      out += *text;
    }
    return out;
  }

  static Result<Worth> evaluate(Message& message, const Argument& argument) {
    Result<std::optional<std::string>> text = argument.value->text(message);
    if (!text) return std::move(text).fault();
    Worth worth{(*std::move(text)).value_or(std::string())};
    if (!looks_like_json(worth.text)) return worth;
    const Result<Value> value = argument.value->evaluate(message);
    if (!value) return value.fault();
    worth.is_json = value->is_json();
    return worth;
  }

  /// In JSON: an object or array, also one that XML becomes.
  static bool is_structure(const Worth& value, const Argument& argument) {
    if (argument.literal) return false;
    return value.is_json ? looks_like_json(value.text) : looks_like_xml(value.text) && tree::Document::parse(value.text);
  }

  Result<std::string> render(Message& message, const Worth& value, const Argument& argument, bool quoted) const {
    switch (media) {
      case Media::xml: return as_xml(value.text, argument);
      case Media::json: return as_json(message, value, argument, quoted);
      case Media::text: return value.text;
    }
    return value.text;
  }

  Result<std::string> as_xml(std::string text, const Argument& argument) const {
    if (argument.literal) return text::xml_escape(text);
    if (argument.json_path && looks_like_json(text) && is_json(text)) return json_as_xml(text);
    return is_well_formed(text) ? std::move(text) : text::xml_escape(text);
  }

  /// A string that looks like JSON goes in raw where the template has no quotes around it.
  Result<std::string> as_json(Message& message, const Worth& value, const Argument& argument, bool quoted) const {
    const std::string& text = value.text;
    if (argument.literal) return text::json_escape(text);
    if ((value.is_json || !quoted) && looks_like_json(text) && is_json(text)) return text;
    if (looks_like_xml(text)) {
      const auto document = tree::Document::parse(text);
      if (document) return json::from_xml(**document, (*document)->root());
    }
    const bool quote = text::iequals(message.properties.text("QUOTE_STRING_IN_PAYLOAD_FACTORY_JSON"), "true");
    if (!quote) return text::json_escape(text);
    return json::primitive(text);
  }

  Result<void> replace(Message& message, std::string text) const {
    switch (media) {
      case Media::xml: return replace_xml(message, std::move(text));
      case Media::json:
        if (text::trim(text).empty()) text = "{}";
        if (!may_be_json(text)) return Fault("the result of payloadFactory is not JSON");
        message.payload.assign_json(std::move(text));
        announce_type(message, "application/json");
        return {};
      case Media::text:
        message.payload.assign(std::move(text), "text/plain");
        announce_type(message, "text/plain");
        return {};
    }
    return {};
  }

  static bool may_be_json(std::string_view text) {
    constexpr std::string_view kStarts = "{[\"-0123456789tfn";
    text = text::trim(text);
    return !text.empty() && kStarts.find(text.front()) != std::string_view::npos;
  }

  /// The Apache dialect takes all elements of the result as children of the body, WSO2 the first.
  Result<void> replace_xml(Message& message, std::string text) const {
    const std::string type = message.axis2_property("messageType").text();
    const bool keeps = type == "application/xml" || type == "text/xml" || type == "application/soap+xml";
    const auto document = tree::Document::parse("<format>" + without_declaration(std::move(text)) + "</format>");
    if (!document) return Fault("the result of payloadFactory is not well-formed XML: " + document.fault().detail);
    const tree::Document& result = **document;
    tree::NodeId element = result.first_element(result.root());
    if (element == tree::kNone) return Fault("the result of payloadFactory has no element");
    Result<void> done = replace_body(message, result, element);
    if (done && apache) done = append_rest(message, result, result.next_element(element));
    if (done && !keeps) announce_type(message, "application/xml");
    return done;
  }

  static std::string without_declaration(std::string text) {
    const auto end = text.starts_with("<?xml ") ? text.find("?>") : std::string::npos;
    if (end != std::string::npos) text.erase(0, end + 2);
    return text;
  }

  static Result<void> append_rest(Message& message, const tree::Document& result, tree::NodeId element) {
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    for (; element != tree::kNone; element = result.next_element(element)) {
      const tree::NodeId copy = (*envelope)->import(result, element);
      (*envelope)->append(Payload::body(**envelope), copy);
    }
    return {};
  }
};

/// The text of an inline format; nullopt after an error.
std::optional<std::string> read_inline(const PayloadFactory& factory, const xml::Element& format, xml::Bind& bind) {
  const std::vector<const xml::Element*> children = format.children();
  if (factory.media != Media::xml) return std::string(text::trim(children.empty() ? format.text() : format.inner_xml()));
  if (children.empty()) return std::string(text::trim(format.text()));
  std::string text;
  for (const xml::Element* child : children) {
    const auto document = tree::Document::parse(child->outer_xml());
    if (!document) {
      bind.error(child->where, document.fault().message);
      return std::nullopt;
    }
    remove_blank_texts(**document);
    (*document)->write((*document)->root(), text);
    if (!factory.apache) break;
  }
  return text;
}

bool read_format(PayloadFactory& factory, xml::Bind& bind, Build& build) {
  const xml::Element* format = bind.child("format");
  if (!format) {
    bind.error("<payloadFactory> without <format>");
    return false;
  }
  xml::Bind of_format(*format, build.problems);
  of_format.all_children_known();
  const xml::Attribute* key = of_format.attribute("key");
  of_format.finish();
  if (key) {
    factory.key = build.value(key, *format);
    if (factory.key && factory.key->is_constant()) factory.static_key = key->value;
    return factory.key != nullptr;
  }
  std::optional<std::string> text = read_inline(factory, *format, of_format);
  if (!text) return false;
  if (text->find("${") != std::string::npos)
    of_format.warning(format->where, "'${...}' in <format> is not evaluated by this version", "$1 with an <arg> is");
  factory.format.emplace(*std::move(text));
  return true;
}

/// A JSONPath with or without json-eval() around it.
std::unique_ptr<expr::Expression> compile_json_path(xml::Bind& bind, const xml::Attribute& attribute) {
  std::string_view path = text::trim(attribute.value);
  if (path.starts_with("json-eval(") && path.ends_with(')')) path = path.substr(10, path.size() - 11);
  expr::SyntaxError error;
  auto compiled = expr::compile_jsonpath(path, error);
  if (!compiled) bind.error(attribute.where, "'" + attribute.value + "' is not a JSONPath: " + error.message);
  return compiled;
}

bool read_argument(PayloadFactory& factory, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  Argument argument;
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  argument.literal = text::iequals(bind.text("literal").value_or(""), "true");
  const bool json = bind.text("evaluator").value_or("") == "json";
  bind.ignore({"deepCheck"});
  bind.finish();
  if (!value && (!expression || text::trim(expression->value).empty())) {
    bind.error("<arg> without a value", "value= or expression=");
    return false;
  }
  argument.json_path = !value && (json || text::trim(expression->value).starts_with("json-eval("));
  argument.value = value  ? expr::literal(value->value)
                   : json ? compile_json_path(bind, *expression)
                          : build.expression(expression, element);
  if (!argument.value) return false;
  factory.arguments.push_back(std::move(argument));
  return true;
}

bool read_arguments(PayloadFactory& factory, xml::Bind& bind, Build& build) {
  const xml::Element* args = bind.child("args");
  if (!args) return true;
  xml::Bind of_args(*args, build.problems);
  bool usable = true;
  for (const xml::Element* arg : of_args.children("arg")) usable &= read_argument(factory, *arg, build);
  of_args.finish();
  return usable;
}

std::unique_ptr<Mediator> build_payload_factory(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace", "escapeXmlChars"});
  auto factory = std::make_unique<PayloadFactory>();
  factory->apache = build.settings.apache_dialect();
  factory->media = bind.choice<Media>("media-type", kMedia, Media::xml);
  if (text::iequals(bind.text("template-type").value_or(""), "freemarker"))
    bind.error("template-type 'freemarker' on <payloadFactory>", "the default templates with $1, $2 ...");
  bool usable = read_format(*factory, bind, build);
  usable &= read_arguments(*factory, bind, build);
  bind.finish();
  if (!usable) return nullptr;
  return factory;
}

}  // namespace

MYELIN_MEDIATOR("payloadFactory", build_payload_factory);
}  // namespace myelin::mediators
