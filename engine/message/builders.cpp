#include "engine/message/builders.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin {

namespace {

using tree::Document;
using tree::NodeId;
using Built = Result<std::shared_ptr<Document>>;

constexpr std::size_t kMostFields = 1000;  // REL-024

Fault refused(int status, std::string why) {
  Fault fault(code::kParse, "Error while building the message", std::move(why));
  fault.status = status;
  return fault;
}

Built build_soap(std::string_view bytes, std::string_view content_type, MediaKind& kind) {
  auto parsed = Document::parse(std::string(bytes), media_parameter(content_type, "charset"));
  if (!parsed) return std::move(parsed.fault());
  Document& document = **parsed;
  const NodeId root = document.root();
  const bool envelope = document.local(root) == "Envelope" &&
                        (document.ns(root) == soap::kEnvelope11 || document.ns(root) == soap::kEnvelope12);
  if (!envelope && kind == MediaKind::soap11) {
    kind = MediaKind::xml;
    document.detach(root);
    wrap(document, root);
    return parsed;
  }
  const std::string_view expected = kind == MediaKind::soap12 ? soap::kEnvelope12 : soap::kEnvelope11;
  if (document.ns(root) != expected)  // MED-245
    return refused(400,
                   fmt::format("Transport level information does not match with SOAP Message namespace URI: "
                               "Content-Type '{}', envelope namespace '{}'",
                               content_type, document.ns(root)));
  if (Payload::body(document) == tree::kNone) return refused(400, "the SOAP envelope has no Body");
  return parsed;
}

Built build_xml(std::string_view bytes, std::string_view content_type) {
  auto parsed = Document::parse(std::string(bytes), media_parameter(content_type, "charset"));
  if (!parsed) return parsed;
  Document& document = **parsed;
  const NodeId root = document.root();
  document.detach(root);
  wrap(document, root);
  return parsed;
}

/// UTF-8 of a text body; its charset is what the Content-Type says.
Result<std::string> decode(std::string_view bytes, std::string_view content_type) {
  const std::string_view charset = media_parameter(content_type, "charset");
  const auto encoding = charset.empty() ? tree::Encoding::utf8 : tree::encoding_named(charset);
  if (!encoding) return refused(415, fmt::format("charset '{}' is not supported", charset));
  auto text = tree::to_utf8(bytes, *encoding);
  if (!text) return refused(400, "the body is not legal in its charset");
  return std::move(*text);
}

Built wrapped_text(std::string_view local, std::string_view text) {
  auto document = std::make_shared<Document>();
  const NodeId element = document->create_element(kPayloadNamespace, {}, local);
  document->set_text(element, text);
  wrap(*document, element);
  return document;
}

Built build_text(std::string_view bytes, std::string_view content_type) {
  const auto text = decode(bytes, content_type);
  if (!text) return text.fault();
  return wrapped_text("text", *text);
}

/// `a=1&b=2`: one child per parameter, those of one name together, in order of arrival.
Built build_form(std::string_view bytes, std::string_view content_type) {
  std::vector<std::pair<std::string, std::vector<std::string>>> parameters;
  std::size_t count = 0;
  for (const std::string_view part : text::split(text::trim(bytes), "&")) {
    const std::size_t equals = part.find('=');
    const auto name = decode(text::percent_decode(part.substr(0, equals), true), content_type);
    const auto value =
        decode(equals == std::string_view::npos ? std::string()
                                                : text::percent_decode(part.substr(equals + 1), true),
               content_type);
    if (!name) return name.fault();
    if (!value) return value.fault();
    if (++count > kMostFields) return refused(400, fmt::format("the form has more than {} fields", kMostFields));
    auto same = parameters.begin();
    while (same != parameters.end() && same->first != *name) ++same;
    if (same == parameters.end())
      parameters.push_back({*name, {*value}});
    else
      same->second.push_back(*value);
  }
  auto document = std::make_shared<Document>();
  const NodeId root = document->create_element({}, {}, "xformValues");
  for (const auto& [key, values] : parameters) {
    const auto name = json::xml_name(key);
    if (!name) return name.fault();
    for (const std::string& value : values) {
      const NodeId element = document->create_element({}, {}, *name);
      if (!value.empty()) document->set_text(element, value);
      document->append(root, element);
    }
  }
  wrap(*document, root);
  return document;
}

}  // namespace

void wrap(Document& document, NodeId content) {
  const NodeId envelope = document.create_element(soap::kEnvelope11, "soapenv", "Envelope");
  const NodeId body = document.create_element(soap::kEnvelope11, "soapenv", "Body");
  document.declare(envelope, "soapenv", soap::kEnvelope11);
  document.append(body, content);
  document.append(envelope, body);
  document.append(document.document(), envelope);
}

Built build_envelope(std::string_view bytes, std::string_view content_type, MediaKind& kind) {
  if (bytes.empty()) return Payload::empty_envelope(kind == MediaKind::soap12);
  switch (kind) {
    case MediaKind::soap11:
    case MediaKind::soap12:
      return build_soap(bytes, content_type, kind);
    case MediaKind::xml:
      return build_xml(bytes, content_type);
    case MediaKind::text:
      return build_text(bytes, content_type);
    case MediaKind::form:
      return build_form(bytes, content_type);
    default:
      return wrapped_text("binary", text::base64_encode(bytes));
  }
}

}  // namespace myelin
