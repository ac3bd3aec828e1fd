#include "mediators/common/xml_values.hpp"

#include <rapidjson/error/error.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "engine/base/text.hpp"

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

bool is_json(std::string_view text) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  rapidjson::BaseReaderHandler<> ignore;
  rapidjson::Reader reader;
  return !reader.Parse<kFlags>(stream, ignore).IsError();
}

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

Result<void> replace_body(Message& message, const tree::Document& from, tree::NodeId element) {
  Payload& payload = message.payload;
  if (is_envelope(from, element)) {
    auto envelope = std::make_shared<tree::Document>();
    envelope->append(envelope->document(), envelope->import(from, element));
    const bool soap12 = Payload::is_soap12(*envelope);
    payload.assign(std::move(envelope), soap12 ? "application/soap+xml" : "text/xml");
    return {};
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

Result<void> replace_body_text(Message& message, std::string_view text) {
  message.payload.assign(std::string(text), "text/plain");
  return {};
}

}  // namespace myelin::mediators
