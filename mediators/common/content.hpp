#pragma once
// The content of messages as values, and values as the content of messages: XML, JSON, text.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/message/message.hpp"
#include "engine/message/value.hpp"
#include "engine/xml/element.hpp"

namespace myelin::mediators {

/// The root of a document as a value that keeps the document alive.
Value root_of(std::shared_ptr<const tree::Document> document);
/// `text` parsed as a value; faults when it is not well-formed.
Result<Value> parse_xml(std::string text);
/// A copy of one element, detached from where it stood.
Value copy_of(const tree::Document& from, tree::NodeId element);
/// Starts like XML: what is worth an attempt to parse it.
bool looks_like_xml(std::string_view text) noexcept;
/// Starts like a JSON object or array.
bool looks_like_json(std::string_view text) noexcept;
bool is_json(std::string_view text);

/// What the body of the message is worth as a value: JSON, the text of a text body, else the first
/// child of the SOAP body as a copy of its own; null for an empty body.
Result<Value> body_value(Message& message);

/// The envelope becomes this one. Attachments stay: they belong to the message, not to its envelope.
void replace_envelope(Message& message, std::shared_ptr<tree::Document> made);

/// The body becomes this element: a SOAP envelope replaces the whole envelope, anything else the
/// children of the SOAP body; the message keeps its SOAP headers if it was SOAP.
Result<void> replace_body(Message& message, const tree::Document& from, tree::NodeId element);
/// The body becomes `value` in the form that `content_type` names; an empty type takes the value's own
/// form. The message is announced as of that type.
Result<void> set_body(Message& message, const Value& value, std::string_view content_type);

/// A value as JSON text: elements are converted, texts quoted.
Result<std::string> to_json_text(const Value& value);
/// A value as the XML of one or more elements, JSON converted without its wrapper elements; nullopt
/// when it is but text.
Result<std::optional<std::string>> to_xml_text(const Value& value);
/// The elements of a JSON text, without the wrapper element.
Result<std::string> json_as_xml(std::string_view json);

bool is_envelope(const tree::Document& document, tree::NodeId element) noexcept;

}  // namespace myelin::mediators
