// Multipart bodies as envelopes.

#include <unordered_map>
#include <utility>

#include "engine/base/text.hpp"
#include "engine/message/builders.hpp"
#include "engine/message/json.hpp"
#include "engine/message/multipart.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin::multipart {

namespace {

using tree::Document;
using tree::kNone;
using tree::NodeId;
using Built = Result<std::shared_ptr<Document>>;

constexpr std::string_view kXop = "http://www.w3.org/2004/08/xop/include";

/// Elements of the envelope that stand for a part, in document order.
std::vector<NodeId> includes_of(const Document& document) {
  std::vector<NodeId> found;
  for (NodeId at = document.root(); at != kNone;) {
    if (document.kind(at) == tree::Kind::element && document.local(at) == "Include" && document.ns(at) == kXop) found.push_back(at);
    NodeId next = document.first_child(at);
    while (next == kNone && at != document.root()) {
      next = document.next(at);
      if (next == kNone) at = document.parent(at);
    }
    at = next;
  }
  return found;
}

/// Puts in the parts that are referred to; each once, or a small body could become a large tree.
Result<void> resolve(Document& document, const std::vector<Part>& parts) {
  const std::vector<NodeId> includes = includes_of(document);
  if (includes.empty()) return {};
  std::unordered_map<std::string, const Part*> by_reference;
  for (const Part& part : parts) by_reference.emplace("cid:" + std::string(part.content_id), &part);
  for (const NodeId include : includes) {
    const NodeId href = document.attribute(include, {}, "href");
    const auto found = by_reference.find(href == kNone ? std::string() : text::percent_decode(document.value(href)));
    if (found == by_reference.end()) continue;
    if (!found->second) {
      Fault fault(code::kParse, "Error while building the message", "a part is included more than once");
      fault.status = 400;
      return fault;
    }
    const auto content = std::exchange(found->second, nullptr)->content();
    if (!content) return content.fault();
    document.set_text(document.parent(include), text::base64_encode(*content));
  }
  return {};
}

/// UTF-8 of a field's text.
std::string text_of(const std::string& content, std::string_view content_type) {
  const auto encoding = tree::encoding_named(media_parameter(content_type, "charset"));
  auto text = tree::to_utf8(content, encoding.value_or(tree::Encoding::utf8));
  if (!text) text = tree::to_utf8(content, tree::Encoding::latin1);
  return text ? *std::move(text) : std::string();
}

void describe(Document& document, NodeId element, const Part& part) {
  const auto set = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) document.set_attribute(element, {}, {}, name, value);
  };
  if (part.has_filename) document.set_attribute(element, {}, {}, "filename", text_of(std::string(part.filename), {}));
  set("content-type", media_type(part.content_type));
  set("charset", media_parameter(part.content_type, "charset"));
}

}  // namespace

Built build_related(std::string_view bytes, std::string_view content_type, MediaKind& kind) {
  const auto parts = parse(bytes, content_type);
  if (!parts) return parts.fault();
  if (parts->empty()) return Payload::empty_envelope();
  const Part& root = root_of(*parts, content_type);
  const auto content = root.content();
  if (!content) return content.fault();
  std::string type(root.content_type);
  if (text::iequals(media_type(type), "application/xop+xml")) {
    const std::string_view charset = media_parameter(type, "charset");
    std::string_view real = media_parameter(type, "type");
    if (real.empty()) real = media_parameter(content_type, "start-info");
    std::string plain(media_type(real.empty() ? std::string_view("text/xml") : real));
    if (!charset.empty()) plain.append("; charset=").append(charset);
    type = std::move(plain);
  }
  kind = media_kind(type);
  if (kind == MediaKind::multipart || kind == MediaKind::json) kind = MediaKind::binary;
  auto built = build_envelope(*content, type, kind);
  if (!built) return built;
  Result<void> resolved = resolve(**built, *parts);
  if (!resolved) return std::move(resolved).fault();
  return built;
}

Built build_form_data(std::string_view bytes, std::string_view content_type) {
  const auto parts = parse(bytes, content_type);
  if (!parts) return parts.fault();
  auto document = std::make_shared<Document>();
  const NodeId root = document->create_element({}, {}, "mediate");
  for (const Part& part : *parts) {
    const auto content = part.content();
    if (!content) return content.fault();
    const auto name = json::xml_name(text_of(std::string(part.name), {}));
    if (!name) return name.fault();
    const NodeId element = document->create_element({}, {}, *name);
    describe(*document, element, part);
    const std::string text = part.has_filename ? text::base64_encode(*content) : text_of(*content, part.content_type);
    if (!text.empty()) document->set_text(element, text);
    document->append(root, element);
  }
  wrap(*document, root);
  return document;
}

}  // namespace myelin::multipart
