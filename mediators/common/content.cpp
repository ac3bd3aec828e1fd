#include "mediators/common/content.hpp"

#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "engine/message/multipart.hpp"
#include "mediators/common/header_fields.hpp"

namespace myelin::mediators {

namespace {

char first_mark(std::string_view text) noexcept {
  text = text::trim(text);
  return text.empty() ? '\0' : text.front();
}

bool is_soap(MediaKind kind) noexcept { return kind == MediaKind::soap11 || kind == MediaKind::soap12; }

}  // namespace

Value root_of(std::shared_ptr<const tree::Document> document) {
  Nodes nodes;
  nodes.items.push_back(tree::NodeRef{document.get(), document->root()});
  nodes.owner = std::move(document);
  return nodes;
}

Result<Value> parse_xml(std::string text) {
  Result<std::shared_ptr<tree::Document>> document = tree::Document::parse(std::move(text));
  if (!document) return std::move(document).fault();
  return root_of(*std::move(document));
}

Value copy_of(const tree::Document& from, tree::NodeId element) {
  auto document = std::make_shared<tree::Document>();
  document->append(document->document(), document->import(from, element));
  return root_of(std::move(document));
}

bool looks_like_xml(std::string_view text) noexcept { return first_mark(text) == '<'; }

bool looks_like_json(std::string_view text) noexcept {
  const char mark = first_mark(text);
  return mark == '{' || mark == '[';
}

bool is_json(std::string_view text) { return JsonDocument::parse(text).ok(); }

Result<Value> body_value(Message& message) {
  Payload& payload = message.payload;
  if (payload.is_json()) {
    Result<std::string> json = payload.json_text();
    if (!json) return std::move(json).fault();
    return Value(Json{*std::move(json)});
  }
  const Result<const tree::Document*> envelope = payload.envelope();
  if (!envelope) return envelope.fault();
  const tree::NodeId child = Payload::body_child(**envelope);
  if (child == tree::kNone) return Value();
  if (payload.kind() == MediaKind::text) return Value((*envelope)->string_value(child));
  return copy_of(**envelope, child);
}

bool is_envelope(const tree::Document& document, tree::NodeId element) noexcept {
  const std::string_view ns = document.ns(element);
  return document.local(element) == "Envelope" && (ns == soap::kEnvelope11 || ns == soap::kEnvelope12);
}

void replace_envelope(Message& message, std::shared_ptr<tree::Document> made) {
  Payload& payload = message.payload;
  const bool soap12 = Payload::is_soap12(*made);
  if (payload.loaded() && multipart::is_related(payload.content_type())) {
    const Result<tree::Document*> envelope = payload.edit();
    if (envelope) {
      tree::Document& old = **envelope;
      const tree::NodeId copy = old.import(*made, made->root());
      old.detach(old.root());
      old.append(old.document(), copy);
      payload.set_kind(soap12 ? MediaKind::soap12 : MediaKind::soap11);
      return;
    }
  }
  payload.assign(std::move(made), soap12 ? "application/soap+xml" : "text/xml");
}

Result<void> replace_body(Message& message, const tree::Document& from, tree::NodeId element) {
  Payload& payload = message.payload;
  if (is_envelope(from, element)) {
    auto envelope = std::make_shared<tree::Document>();
    envelope->append(envelope->document(), envelope->import(from, element));
    replace_envelope(message, std::move(envelope));
    return {};
  }
  if (multipart::is_related(payload.content_type())) {  // from here on it is what its root is
    const auto root = payload.edit();
    if (!root) return root.fault();
  }
  if (!is_soap(payload.kind())) {
    std::shared_ptr<tree::Document> envelope = Payload::empty_envelope();
    envelope->append(Payload::body(*envelope), envelope->import(from, element));
    payload.assign(std::move(envelope), "application/xml");
    return {};
  }
  const Result<tree::Document*> envelope = payload.edit();
  if (!envelope) return envelope.fault();
  const tree::NodeId child = (*envelope)->import(from, element);
  const tree::NodeId body = Payload::body(**envelope);
  (*envelope)->remove_children(body);
  (*envelope)->append(body, child);
  return {};
}

Result<std::string> json_as_xml(std::string_view json) {
  const auto parsed = JsonDocument::parse(json);
  if (!parsed) return parsed.fault();
  tree::Document document;
  const Result<tree::NodeId> wrapper = json::to_xml(**parsed, document);
  if (!wrapper) return wrapper.fault();
  std::string xml;
  for (tree::NodeId child = document.first_child(*wrapper); child != tree::kNone; child = document.next(child))
    document.write(child, xml);
  return xml;
}

namespace {

const tree::NodeRef* first_element(const Value& value) {
  const Nodes* nodes = value.as<Nodes>();
  if (!nodes) return nullptr;
  for (const tree::NodeRef& node : nodes->items)
    if (node.document->kind(node.id) == tree::Kind::element) return &node;
  return nullptr;
}

}  // namespace

Result<std::string> to_json_text(const Value& value) {
  if (value.is_null()) return std::string("null");
  if (const Json* json = value.as<Json>()) return json->text;
  if (const tree::NodeRef* element = first_element(value)) return json::from_xml(*element->document, element->id);
  if (value.is_string() || value.is_nodes()) return '"' + text::json_escape(value.text()) + '"';
  return value.text();
}

Result<std::optional<std::string>> to_xml_text(const Value& value) {
  std::optional<std::string> xml;
  if (const Json* json = value.as<Json>()) {
    Result<std::string> converted = json_as_xml(json->text);
    if (!converted) return std::move(converted).fault();
    xml = *std::move(converted);
  } else if (const tree::NodeRef* element = first_element(value)) {
    xml = element->document->xml(element->id);
  } else if (std::string text = value.text(); looks_like_xml(text)) {
    xml = std::move(text);
  }
  return xml;
}

namespace {

/// The form a value has by itself.
MediaKind form_of(const Value& value) {
  if (value.is_json()) return MediaKind::json;
  if (first_element(value)) return MediaKind::xml;
  const std::string text = value.text();
  if (looks_like_xml(text)) return MediaKind::xml;
  return looks_like_json(text) && is_json(text) ? MediaKind::json : MediaKind::text;
}

Result<void> set_xml(Message& message, const Value& value) {
  if (const tree::NodeRef* element = first_element(value)) return replace_body(message, *element->document, element->id);
  Result<std::optional<std::string>> xml = to_xml_text(value);
  if (!xml) return std::move(xml).fault();
  if (!*xml) return Fault("'" + value.text() + "' is not XML");
  const auto document = tree::Document::parse(**std::move(xml));
  if (!document) return document.fault();
  return replace_body(message, **document, (*document)->root());
}

}  // namespace

Result<void> set_body(Message& message, const Value& value, std::string_view content_type) {
  const MediaKind kind = content_type.empty() ? form_of(value) : media_kind(content_type);
  switch (kind) {
    case MediaKind::json: {
      Result<std::string> json = value.is_string() ? Result<std::string>(value.text()) : to_json_text(value);
      if (!json) return std::move(json).fault();
      message.payload.assign_json(*std::move(json));
      announce_type(message, content_type.empty() ? "application/json" : content_type);
      return {};
    }
    case MediaKind::soap11:
    case MediaKind::soap12:
    case MediaKind::xml: {
      Result<void> done = set_xml(message, value);
      if (done && !content_type.empty()) announce_type(message, content_type);
      return done;
    }
    default: {
      const std::string_view type = content_type.empty() ? "text/plain" : content_type;
      message.payload.assign(value.text(), std::string(type));
      announce_type(message, type);
      return {};
    }
  }
}

}  // namespace myelin::mediators
