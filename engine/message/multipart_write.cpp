// Envelopes as multipart bodies.

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "engine/message/multipart.hpp"

namespace myelin::multipart {

namespace {

using tree::Document;
using tree::kNone;
using tree::NodeId;

std::string new_boundary() {
  std::string id = text::new_message_id();
  for (char& c : id)
    if (c == ':') c = '_';
  return "MIMEBoundary_" + id;
}

/// A name or file name between quotes (REL-080).
std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"') out += "%22";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  }
  return out;
}

/// A media type or charset in a part's head.
std::string word(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c > 0x20 && c != 0x7f) out += c;
  return out;
}

std::string_view attribute(const Document& document, NodeId element, std::string_view name) {
  const NodeId at = document.attribute(element, {}, name);
  return at == kNone ? std::string_view() : document.value(at);
}

struct Field {
  const Document& document;
  NodeId element;
  std::string name;
  bool file;

  Field(const Document& from, NodeId at)
      : document(from), element(at), file(from.attribute(at, {}, "filename") != kNone) {
    const std::string_view named = attribute(document, element, "name");
    name = file && !named.empty() ? std::string(named) : json::key_name(document.local(element));
  }

  /// `received`: the base64 texts of the files that came, each behind its name.
  std::string file_content(const std::unordered_set<std::string>& received, bool decode) const {
    const std::string text = document.string_value(element);
    if (decode || received.contains(name + '\n' + text))
      if (auto decoded = text::base64_decode(text)) return *std::move(decoded);
    return text;
  }

  void write(std::string& to, const std::unordered_set<std::string>& received, bool decode) const {
    const NodeId nested = document.first_element(element);
    std::string type = word(attribute(document, element, "content-type"));
    const std::string charset = word(attribute(document, element, "charset"));
    to += fmt::format("Content-Disposition: form-data; name=\"{}\"", in_quotes(name));
    if (file) to += fmt::format("; filename=\"{}\"", in_quotes(attribute(document, element, "filename")));
    if (type.empty() && file) type = "application/octet-stream";
    if (type.empty() && nested != kNone) type = "text/xml";
    to += "\r\n";
    // The text of a field is UTF-8 here, whatever it came in.
    if (!type.empty()) to += "Content-Type: " + type + (charset.empty() ? "" : "; charset=" + (file ? charset : "UTF-8")) + "\r\n";
    to += "\r\n";
    if (file) to += file_content(received, decode);
    else to += nested != kNone ? document.xml(nested) : document.string_value(element);
    to += "\r\n";
  }
};

/// Replaces texts of elements by references to the parts they came from. Base64 needs no escapes, so it
/// stands in the document as it is.
std::string include_again(const std::string& envelope, const std::vector<Part>& parts, const Part* root) {
  std::unordered_map<std::string, const Part*> by_text;
  for (const Part& part : parts)
    if (&part != root && !part.content_id.empty() && !part.body.empty())
      if (const auto content = part.content()) by_text.emplace(text::base64_encode(*content), &part);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = envelope.find('>'); at != std::string::npos; at = envelope.find('>', at + 1)) {
    const std::size_t end = envelope.find('<', at);
    if (end == std::string::npos) break;
    const auto found = by_text.find(envelope.substr(at + 1, end - at - 1));
    if (found == by_text.end()) continue;
    out.append(envelope, copied, at + 1 - copied);
    out += fmt::format("<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:{}\"/>",
                       text::percent_encode(found->second->content_id, "@.-_"));
    copied = end;
    by_text.erase(found);
  }
  return out.append(envelope, copied);
}

}  // namespace

Written write_form_data(const Document& document, NodeId parent, const std::vector<Part>& original, bool decode) {
  Written out;
  const std::string boundary = new_boundary();
  out.content_type = "multipart/form-data; boundary=" + boundary;
  std::unordered_set<std::string> received;
  for (const Part& part : original) {
    if (!part.has_filename) continue;
    if (const auto content = part.content()) received.insert(std::string(part.name) + '\n' + text::base64_encode(*content));
  }
  for (NodeId child = parent == kNone ? kNone : document.first_element(parent); child != kNone; child = document.next_element(child)) {
    out.bytes += "--" + boundary + "\r\n";
    Field(document, child).write(out.bytes, received, decode);
  }
  out.bytes += "--" + boundary + "--\r\n";
  return out;
}

Written write_related(std::string envelope, std::string_view envelope_type, const std::vector<Part>& original,
                      std::string_view original_type, bool mtom) {
  Written out;
  const std::string boundary = new_boundary();
  const Part* root = original.empty() ? nullptr : &root_of(original, original_type);
  std::string id = root ? std::string(root->content_id) : std::string();
  if (id.empty()) id = "root.message@myelin";
  if (mtom) envelope = include_again(envelope, original, root);
  const std::string media(media_type(envelope_type));
  const std::string_view type = mtom ? std::string_view("application/xop+xml") : std::string_view(media);
  out.content_type = fmt::format("multipart/related; boundary=\"{}\"; type=\"{}\"; start=\"<{}>\"", boundary, type, id);
  if (mtom) out.content_type += fmt::format("; start-info=\"{}\"", media);
  std::string root_type(envelope_type);
  if (mtom) {
    const std::string_view charset = media_parameter(envelope_type, "charset");
    root_type = fmt::format("application/xop+xml; charset={}; type=\"{}\"", charset.empty() ? "UTF-8" : charset, media);
  }
  out.bytes = fmt::format("--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{}>\r\n\r\n", boundary, root_type, id);
  out.bytes += envelope;
  for (const Part& part : original) {
    if (&part == root) continue;
    out.bytes += fmt::format("\r\n--{}\r\n", boundary);
    out.bytes.append(part.head).append(part.head.empty() ? "\r\n" : "\r\n\r\n").append(part.body);
  }
  out.bytes += fmt::format("\r\n--{}--\r\n", boundary);
  return out;
}

}  // namespace myelin::multipart
