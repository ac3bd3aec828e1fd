#include "engine/message/formats.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/message/builders.hpp"
#include "engine/message/coding.hpp"
#include "engine/message/json.hpp"
#include "engine/message/multipart.hpp"
#include "engine/message/soap.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin {

namespace {

using tree::Document;
using tree::kNone;
using tree::NodeId;

bool is_soap(MediaKind kind) noexcept { return kind == MediaKind::soap11 || kind == MediaKind::soap12; }

/// The request goes out by one of these methods, in any case.
bool goes_by(const Message& message, std::initializer_list<std::string_view> methods) {
  const Value* set = message.axis2.find("HTTP_METHOD");
  const std::string text = set ? set->text() : std::string();
  const std::string_view method = set ? std::string_view(text) : message.incoming.method;
  return std::any_of(methods.begin(), methods.end(), [method](std::string_view one) { return text::iequals(one, method); });
}

/// `name=value&…` of an element's children.
std::string form_text(const Document& envelope) {
  std::string out;
  const NodeId parent = Payload::body_child(envelope);
  if (parent == kNone) return out;
  for (NodeId child = envelope.first_element(parent); child != kNone; child = envelope.next_element(child)) {
    if (!out.empty()) out += '&';
    out += text::percent_encode(json::key_name(envelope.local(child)));
    out += '=';
    out += text::percent_encode(envelope.string_value(child));
  }
  return out;
}

std::string_view default_type(MediaKind kind) noexcept {
  switch (kind) {
    case MediaKind::soap11: return "text/xml";
    case MediaKind::soap12: return "application/soap+xml";
    case MediaKind::json: return "application/json";
    case MediaKind::form: return "application/x-www-form-urlencoded";
    case MediaKind::text: return "text/plain";
    case MediaKind::binary:
    case MediaKind::multipart: return "application/octet-stream";
    default: return "application/xml";
  }
}

/// Characters that `encoding` lacks as character references.
std::string with_references(std::string_view xml, tree::Encoding encoding) {
  const char32_t last = encoding == tree::Encoding::ascii ? 0x7F : 0xFF;
  std::string out;
  out.reserve(xml.size());
  for (const char* at = xml.data(); at != xml.data() + xml.size();) {
    const char* const begin = at;
    const char32_t point = tree::next_code_point(at, xml.data() + xml.size());
    if (point <= last) out.append(begin, at);
    else out += fmt::format("&#x{:X};", static_cast<std::uint32_t>(point));
  }
  return out;
}

/// One body on its way to the wire.
class Formatter {
 public:
  Formatter(Message& message, const FormatOptions& options, bool request)
      : message_(message), payload_(message.payload), options_(options), request_(request) {
    if (!message.axis2.empty()) {
      chosen_ = text::trim(message.axis2.text("messageType"));
      full_type_ = text::trim(message.axis2.text("ContentType"));
    }
    const bool endpoint_decides = options.format != EndpointFormat::as_is && options.format != EndpointFormat::rest;
    if (endpoint_decides && media_kind(chosen_) != kind_of(options.format)) {
      chosen_.clear();
      full_type_.clear();
    }
  }

  Result<OutgoingBody> request();
  Result<OutgoingBody> reply();
  Result<void> encode(OutgoingBody& body);

 private:
  static MediaKind kind_of(EndpointFormat format) noexcept {
    if (format == EndpointFormat::soap11) return MediaKind::soap11;
    return format == EndpointFormat::soap12 ? MediaKind::soap12 : MediaKind::xml;
  }
  bool rest() const noexcept {
    return request_ ? message_.rest || options_.format == EndpointFormat::rest : message_.client_is_rest();
  }
  /// The request becomes the answer: the client's own headers are not sent back to it.
  bool answers_itself() const noexcept { return !request_ && message_.status == 0; }
  bool preserves_addressing() const { return message_.properties.truth("PRESERVE_WS_ADDRESSING"); }

  Result<OutgoingBody> as_is();
  Result<OutgoingBody> as_soap(bool soap12);
  Result<OutgoingBody> as_pox();
  Result<OutgoingBody> as_query();
  Result<OutgoingBody> relay();
  Result<OutgoingBody> relay_as(std::string_view type);
  Result<OutgoingBody> nothing();
  Result<OutgoingBody> convert(MediaKind target);
  Result<OutgoingBody> write_soap(bool soap12);
  Result<OutgoingBody> write_body_child(std::string_view type);
  Result<OutgoingBody> write_exception(std::string text);
  Result<OutgoingBody> write_form_data(const Document& envelope);
  Result<OutgoingBody> attach();
  Result<OutgoingBody> finish(multipart::Written written);
  Result<OutgoingBody> finish(std::string bytes, MediaKind kind, std::string_view type);

  Attachments attachments() const;
  Result<std::vector<multipart::Part>> received_parts(bool multipart);
  MediaKind edited_target() const;
  MediaKind reply_target() const;
  bool writes_otherwise(MediaKind kind) const;
  bool relayable(MediaKind target) const;
  Result<bool> fault_for_rest();
  std::string action();
  void name_action();
  std::string content_type(MediaKind kind, std::string_view type, std::string_view charset);
  std::string charset() const;
  std::string encode(std::string bytes, MediaKind kind, const std::string& charset) const;
  Result<std::shared_ptr<Document>> addressed(const Document& envelope, std::shared_ptr<Document> copy);

  Message& message_;
  Payload& payload_;
  const FormatOptions& options_;
  bool request_;
  std::string chosen_;     // messageType that a mediator set, empty when none did
  std::string full_type_;  // ContentType likewise
  OutgoingBody out_;
};

// --- requests ------------------------------------------------------------------------------------

Result<OutgoingBody> Formatter::request() {
  const EndpointFormat format = options_.format;
  const bool soap = format == EndpointFormat::soap11 || format == EndpointFormat::soap12;
  out_.rest = format == EndpointFormat::rest || (!soap && message_.rest);
  message_.unwrapped = format != EndpointFormat::as_is && !soap && !message_.client_is_rest();
  const bool stays = chosen_.empty() || media_kind(chosen_) == MediaKind::multipart;
  if (payload_.kind() == MediaKind::multipart && !payload_.edited() && stays && format != EndpointFormat::get) return relay();
  switch (format) {
    case EndpointFormat::soap11: return as_soap(false);
    case EndpointFormat::soap12: return as_soap(true);
    case EndpointFormat::pox: return as_pox();
    case EndpointFormat::get: return as_query();
    default: return as_is();
  }
}

Result<OutgoingBody> Formatter::as_soap(bool soap12) {
  out_.drop_soap_action = soap12;
  if (!soap12) {
    out_.has_soap_action = true;
    out_.soap_action = message_.copy(action());
  }
  return write_soap(soap12);
}

Result<OutgoingBody> Formatter::as_pox() {
  out_.drop_soap_action = true;
  if (payload_.empty()) return nothing();
  if (!payload_.edited() && payload_.kind() == MediaKind::xml) return relay_as("application/xml");
  return write_body_child("application/xml");
}

Result<OutgoingBody> Formatter::as_query() {
  out_.drop_soap_action = out_.drop_content_type = true;
  if (payload_.empty()) return out_;
  const auto envelope = payload_.envelope();
  if (!envelope) return envelope.fault();
  out_.query = message_.copy(form_text(**envelope));
  return out_;
}

Result<OutgoingBody> Formatter::as_is() {
  if (payload_.empty()) return nothing();
  if (!payload_.edited() && message_.axis2.truth("NO_ENTITY_BODY")) return nothing();
  const MediaKind target = chosen_.empty() ? edited_target() : media_kind(chosen_);
  if (relayable(target)) {
    if (options_.format == EndpointFormat::rest && goes_by(message_, {"GET", "DELETE"})) out_.drop_content_type = true;
    name_action();
    return relay();
  }
  const bool query = rest() && goes_by(message_, {"GET"}) && payload_.edited() && (chosen_.empty() || target == MediaKind::form) &&
                     target != MediaKind::json && !is_soap(target);
  if (query) return as_query();
  // A client that speaks no SOAP means what it says; else the field belongs to the envelope that is gone.
  out_.drop_soap_action = target == MediaKind::soap12 || (target != MediaKind::soap11 && is_soap(message_.client_kind));
  return convert(target);
}

/// The formatter of a body whose type nobody chose.
MediaKind Formatter::edited_target() const {
  const MediaKind kind = payload_.kind();
  if (kind == MediaKind::none && payload_.edited()) return rest() ? MediaKind::xml : MediaKind::soap11;
  return kind;
}

/// XML that a flow has looked at, or whose type it set, is to have a prolog or a charset of its own.
bool Formatter::writes_otherwise(MediaKind kind) const {
  if (kind != MediaKind::xml && !is_soap(kind)) return false;
  if (chosen_.empty() && !payload_.built()) return false;
  return message_.axis2.find("CHARACTER_SET_ENCODING") || message_.axis2.truth("WRITE_XML_DECLARATION");
}

/// The bytes may go out as they are.
bool Formatter::relayable(MediaKind target) const {
  if (payload_.edited()) return false;
  if (options_.addressing != AddressingVersion::off && is_soap(target)) return false;
  const MediaKind kind = payload_.kind();
  const bool pox_as_text_xml = target == MediaKind::soap11 && kind == MediaKind::xml && rest();
  if (target != kind && !pox_as_text_xml) return false;
  if (writes_otherwise(kind)) return false;
  if (!is_soap(kind) || !payload_.built() || preserves_addressing()) return true;
  const auto envelope = payload_.envelope();
  return !envelope || !soap::has_addressing(**envelope);
}

// --- replies ---------------------------------------------------------------------------------------

Result<OutgoingBody> Formatter::reply() {
  if (payload_.empty() || (!payload_.edited() && message_.axis2.truth("NO_ENTITY_BODY"))) return nothing();
  const auto exception = fault_for_rest();
  if (!exception) return exception.fault();
  if (*exception) {
    const auto envelope = payload_.envelope();
    if (!envelope) return envelope.fault();
    return write_exception(soap::exception_text(**envelope));
  }
  const MediaKind target = chosen_.empty() ? reply_target() : media_kind(chosen_);
  if (relayable(target)) return relay();
  if (chosen_.empty() && target == MediaKind::xml && is_soap(payload_.kind()))
    return write_body_child(payload_.kind() == MediaKind::soap11 ? "text/xml" : "application/xml");
  return convert(target);
}

MediaKind Formatter::reply_target() const {
  const MediaKind kind = edited_target();
  if (message_.client_is_rest()) return is_soap(kind) && payload_.edited() ? MediaKind::xml : kind;
  const bool wrap = kind == MediaKind::xml && (message_.unwrapped || payload_.edited());
  return is_soap(kind) || wrap ? message_.client_kind : kind;  // MED-043
}

/// A REST client is about to get a SOAP fault.
Result<bool> Formatter::fault_for_rest() {
  if (!message_.client_is_rest() || !is_soap(payload_.kind()) || !payload_.loaded()) return false;
  if (!payload_.edited()) {
    const auto content = payload_.content();
    if (!content || content->find("Fault") == std::string_view::npos) return false;
  }
  const auto envelope = payload_.envelope();
  if (!envelope) return payload_.edited() ? Result<bool>(envelope.fault()) : Result<bool>(false);
  return Payload::has_fault(**envelope);
}

Result<OutgoingBody> Formatter::write_exception(std::string text) {
  Document exception;
  const NodeId element = exception.create_element({}, {}, "Exception");
  if (!text.empty()) exception.set_text(element, text);
  exception.append(exception.document(), element);
  if (media_kind(chosen_) == MediaKind::json) {
    auto json = json::from_xml(exception, element);
    if (!json) return json.fault();
    return finish(std::move(*json), MediaKind::json, chosen_);
  }
  return finish(exception.xml(element), MediaKind::xml, media_kind(chosen_) == MediaKind::soap11 ? "text/xml" : "application/xml");
}

// --- bodies ----------------------------------------------------------------------------------------

Result<OutgoingBody> Formatter::nothing() {
  out_.drop_content_type = request_ && goes_by(message_, {"GET", "DELETE", "HEAD"});
  return out_;
}

Result<OutgoingBody> Formatter::relay() {
  const std::string& own = payload_.content_type();
  if (!full_type_.empty()) out_.content_type = message_.copy(full_type_);
  else if (!chosen_.empty() && payload_.kind() != MediaKind::multipart) out_.content_type = message_.copy(chosen_);
  else if (!options_.encoding.empty() && !own.empty() && media_parameter(own, "charset").empty())
    out_.content_type = message_.arena.join(own, std::string_view("; charset="), options_.encoding);
  else if (!payload_.received() || answers_itself()) out_.content_type = own;
  if (out_.drop_content_type) out_.content_type = {};
  out_.has_body = true;
  out_.stream = payload_.source();
  if (out_.stream) payload_.release_source();
  else out_.bytes = payload_.bytes();
  return out_;
}

/// Relays under another media type; the charset is the body's own.
Result<OutgoingBody> Formatter::relay_as(std::string_view type) {
  const std::string_view charset = media_parameter(payload_.content_type(), "charset");
  const bool same = payload_.received() && text::iequals(media_type(payload_.content_type()), type);
  auto relayed = relay();
  if (!relayed || same) return relayed;
  relayed->content_type = charset.empty() ? type : message_.arena.join(type, std::string_view("; charset="), charset);
  return relayed;
}

Result<OutgoingBody> Formatter::convert(MediaKind target) {
  if (!payload_.loaded()) return Fault("The body has to be converted but was not read");
  const bool body_only = target == MediaKind::soap11 && rest() &&
                         (!request_ || !is_soap(payload_.kind()) || options_.format == EndpointFormat::rest);
  if (body_only) return write_body_child(chosen_.empty() ? "text/xml" : std::string_view(chosen_));
  if (is_soap(target)) {
    if (request_ && target == MediaKind::soap11) {
      out_.has_soap_action = true;
      out_.soap_action = message_.copy(action());
    }
    return write_soap(target == MediaKind::soap12);
  }
  if (target == MediaKind::json) {
    auto json = payload_.json_text();
    if (!json) return json.fault();
    return finish(std::move(*json), target, chosen_);
  }
  if (target == MediaKind::xml) return write_body_child(chosen_);
  if (target == MediaKind::multipart && multipart::is_related(chosen_)) return write_soap(message_.client_kind == MediaKind::soap12);
  const auto built = payload_.envelope();
  if (!built) return built.fault();
  const Document& envelope = **built;
  if (target == MediaKind::form) return finish(form_text(envelope), target, chosen_);
  if (target == MediaKind::multipart && multipart::is_form_data(chosen_.empty() ? payload_.content_type() : chosen_))
    return write_form_data(envelope);
  const NodeId child = Payload::body_child(envelope);
  std::string content = child == kNone ? std::string() : envelope.string_value(child);
  const bool binary = child != kNone && envelope.local(child) == "binary" && envelope.ns(child) == kPayloadNamespace;
  if (binary)
    if (auto decoded = text::base64_decode(content)) content = std::move(*decoded);
  return finish(std::move(content), target, chosen_);
}

Result<OutgoingBody> Formatter::write_form_data(const Document& envelope) {
  auto parts = received_parts(multipart::is_form_data(payload_.content_type()));
  if (!parts) return std::move(parts).fault();
  const bool decode = message_.axis2.truth("DECODE_MULTIPART_DATA");
  return finish(multipart::write_form_data(envelope, Payload::body_child(envelope), *parts, decode));
}

/// The parts of the multipart body that was received; none when there was no such body.
Result<std::vector<multipart::Part>> Formatter::received_parts(bool multipart) {
  if (!multipart || payload_.bytes().empty()) return std::vector<multipart::Part>();
  const auto content = payload_.content();
  if (!content) return content.fault();
  return multipart::parse(*content, payload_.content_type());
}

Attachments Formatter::attachments() const {
  if (options_.attachments != Attachments::dropped) return options_.attachments;
  if (message_.axis2.truth("enableMTOM")) return Attachments::mtom;
  return message_.axis2.truth("enableSwA") ? Attachments::swa : Attachments::dropped;
}

/// An envelope that was made anew gets back the attachments it came with.
Result<OutgoingBody> Formatter::attach() {
  const bool related = multipart::is_related(payload_.content_type());
  const Attachments wanted = attachments();
  if (wanted == Attachments::dropped || (!related && !multipart::is_related(chosen_))) return out_;
  auto parts = received_parts(related);
  if (!parts) return std::move(parts).fault();
  return finish(multipart::write_related(std::move(message_.formatted), out_.content_type, *parts, payload_.content_type(),
                                         wanted == Attachments::mtom));
}

Result<OutgoingBody> Formatter::finish(multipart::Written written) {
  out_.content_type = message_.copy(written.content_type);
  message_.formatted = std::move(written.bytes);
  out_.has_body = true;
  out_.bytes = message_.formatted;
  return out_;
}

Result<OutgoingBody> Formatter::write_body_child(std::string_view type) {
  const auto envelope = payload_.envelope();
  if (!envelope) return envelope.fault();
  const NodeId child = Payload::body_child(**envelope);
  if (child == kNone) return nothing();
  return finish((*envelope)->xml(child), MediaKind::xml, type);
}

Result<OutgoingBody> Formatter::write_soap(bool soap12) {
  if (!payload_.loaded()) return Fault("The body has to be converted but was not read");
  const auto built = payload_.envelope();
  if (!built) return built.fault();
  const MediaKind kind = soap12 ? MediaKind::soap12 : MediaKind::soap11;
  std::shared_ptr<Document> converted;
  if (Payload::is_soap12(**built) != soap12) converted = soap::convert(**built, soap12);
  auto changed = addressed(**built, std::move(converted));
  if (!changed) return changed.fault();
  if (!*changed && !payload_.edited() && payload_.kind() == kind && !payload_.bytes().empty()) return relay();
  const Document& envelope = *changed ? **changed : **built;
  return finish(envelope.xml(envelope.root()), kind, chosen_);
}

/// The envelope with the WS-Addressing headers it is to have; null when it is right as it is.
Result<std::shared_ptr<Document>> Formatter::addressed(const Document& envelope, std::shared_ptr<Document> copy) {
  const bool add = options_.addressing != AddressingVersion::off;
  if (!add && (preserves_addressing() || !soap::has_addressing(envelope))) return copy;
  if (!copy) copy = envelope.clone();
  soap::remove_addressing(*copy);
  if (!add) return copy;
  Addressing values = message_.addressing();
  if (!options_.destination.empty()) values.to = options_.destination;
  values.action = action();
  if (!preserves_addressing()) values.message_id = text::new_message_id();
  soap::add_addressing(*copy, values,
                       options_.addressing == AddressingVersion::final ? soap::kAddressing : soap::kAddressing2004);
  return copy;
}

// --- headers ---------------------------------------------------------------------------------------

std::string Formatter::action() {
  const Addressing& addressing = message_.addressing();
  return addressing.action.empty() ? addressing.soap_action : addressing.action;
}

/// SOAPAction of a relayed body: as received, unless somebody may have changed it.
void Formatter::name_action() {
  if (!is_soap(payload_.kind()) || !message_.addressing_read()) return;
  const std::string changed = action();
  if (payload_.kind() == MediaKind::soap11) {
    out_.has_soap_action = true;
    out_.soap_action = message_.copy(changed);
  }
}

std::string Formatter::charset() const {
  std::string name(media_parameter(full_type_, "charset"));
  if (name.empty()) name = message_.axis2.text("CHARACTER_SET_ENCODING");
  if (name.empty()) name = options_.encoding;
  return name.empty() || !tree::encoding_named(name) ? std::string("UTF-8") : name;
}

std::string Formatter::content_type(MediaKind kind, std::string_view type, std::string_view charset) {
  if (!full_type_.empty() && full_type_ != chosen_ && (!request_ || !chosen_.empty())) return full_type_;
  if (type.empty() && media_kind(payload_.content_type()) == kind) type = media_type(payload_.content_type());
  std::string out(type.empty() ? default_type(kind) : type);
  const bool announces = kind != MediaKind::binary && kind != MediaKind::multipart &&
                         !text::iequals(message_.axis2.text("setCharacterEncoding"), "false");
  if (announces && media_parameter(out, "charset").empty()) out += fmt::format("; charset={}", charset);
  if (kind == MediaKind::soap12 && request_ && media_parameter(out, "action").empty())
    if (const std::string name = action(); !name.empty()) {
      out_.soap_action = message_.copy(name);  // for check() to see
      out += fmt::format("; action=\"{}\"", name);
    }
  return out;
}

std::string Formatter::encode(std::string bytes, MediaKind kind, const std::string& charset) const {
  if (kind == MediaKind::binary || kind == MediaKind::multipart) return bytes;
  const tree::Encoding encoding = tree::encoding_named(charset).value_or(tree::Encoding::utf8);
  const bool xml = is_soap(kind) || kind == MediaKind::xml;
  const bool utf8 = encoding == tree::Encoding::utf8;
  const bool single_byte = encoding == tree::Encoding::latin1 || encoding == tree::Encoding::ascii;
  if (xml && single_byte) bytes = with_references(bytes, encoding);
  if (xml && (!utf8 || message_.axis2.truth("WRITE_XML_DECLARATION"))) {
    std::string named = message_.axis2.text("XML_DECLARATION_ENCODING");
    const std::string standalone = message_.axis2.text("XML_DECLARATION_STANDALONE");
    if (named.empty()) named = charset;
    bytes.insert(0, fmt::format("<?xml version=\"1.0\" encoding=\"{}\"{}?>", named,
                                standalone.empty() ? "" : fmt::format(" standalone=\"{}\"", standalone)));
  }
  return utf8 ? bytes : tree::from_utf8(bytes, encoding);
}

Result<OutgoingBody> Formatter::finish(std::string bytes, MediaKind kind, std::string_view type) {
  const std::string name = charset();
  out_.content_type = message_.copy(content_type(kind, type, name));
  message_.formatted = encode(std::move(bytes), kind, name);
  out_.has_body = true;
  out_.bytes = message_.formatted;
  return is_soap(kind) ? attach() : Result<OutgoingBody>(out_);
}

// --- content encoding ------------------------------------------------------------------------------

/// Makes body and Content-Encoding agree: what goes out as it came keeps both, what was made anew loses
/// the encoding that was received, and one that a mediator has set since is carried out.
Result<void> Formatter::encode(OutgoingBody& body) {
  const std::string_view received = payload_.content_encoding();
  if (!body.has_body || (body.stream && received.empty())) return {};
  const Header* header = message_.headers.find("Content-Encoding");
  const bool kept = header && !received.empty() && header->value.data() == received.data();
  const bool as_received = body.stream || (payload_.received() && body.bytes.data() == payload_.bytes().data());
  if (as_received && kept) {
    // A field of the client's own does not go back to it: this one has to.
    if (answers_itself()) message_.headers.set("Content-Encoding", message_.copy(received));
    return {};
  }
  if (body.stream) return {};
  const ContentCoding wanted = header && !kept ? content_coding(header->value) : ContentCoding::identity;
  if (kept) message_.headers.remove("Content-Encoding");
  if (as_received && payload_.coded()) {
    const auto content = payload_.content();
    if (!content) return content.fault();
    body.bytes = *content;
  }
  if (wanted != ContentCoding::gzip && wanted != ContentCoding::deflate) return {};
  message_.formatted = compress(body.bytes, wanted);
  body.bytes = message_.formatted;
  return {};
}

/// What message texts put into heads may not end a line or a quoted text (REL-080).
Result<void> check(const OutgoingBody& body) {
  const auto breaks = [](std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  if (breaks(body.soap_action) || body.soap_action.find('"') != std::string_view::npos)
    return Fault("the SOAP action holds a control character or a quote");
  if (breaks(body.content_type)) return Fault("the content type holds a control character");
  return {};
}

Result<OutgoingBody> finished(Formatter& formatter, Result<OutgoingBody> body) {
  if (!body) return body;
  Result<void> done = formatter.encode(*body);
  if (done) done = check(*body);
  if (!done) return std::move(done).fault();
  return body;
}

}  // namespace

Need format_need(const FormatOptions& options) noexcept {
  const bool converts = options.format != EndpointFormat::as_is && options.format != EndpointFormat::rest;
  return converts || options.addressing != AddressingVersion::off ? Need::body : Need::nothing;
}

Result<OutgoingBody> format_request(Message& message, const FormatOptions& options) {
  Formatter formatter(message, options, true);
  return finished(formatter, formatter.request());
}

Result<OutgoingBody> format_reply(Message& message) {
  const FormatOptions options;
  Formatter formatter(message, options, false);
  return finished(formatter, formatter.reply());
}

namespace {

/// The start tags of XML text that may end anywhere.
class StartTags {
 public:
  explicit StartTags(std::string_view text) : text_(text) {}

  /// Local name of the next start or end tag, instructions and comments left out; nullopt when the text
  /// ends before that is known.
  std::optional<std::string_view> next() {
    for (;;) {
      const std::size_t at = text_.find('<');
      if (at == std::string_view::npos) return std::nullopt;
      text_.remove_prefix(at + 1);
      const std::string_view closing = text_.starts_with("!--") ? "-->" : ">";
      const std::size_t end = text_.find(closing);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view tag = text_.substr(0, end);
      text_.remove_prefix(end);
      if (tag.starts_with('!') || tag.starts_with('?')) continue;
      const std::string_view name = tag.substr(0, tag.find_first_of("/ \t\r\n", 1));
      return name.substr(name.rfind(':') + 1);
    }
  }

 private:
  std::string_view text_;
};

/// Whether what has come of a body may be a SOAP fault: true also when too little has come to tell. One
/// that is compressed is not unpacked for this.
bool begins_as_fault(const Payload& payload) {
  if (payload.coded() || !payload.source()) return false;
  const std::string_view begin = text::trim(payload.source()->buffered());
  if (!begin.empty() && begin.front() != '<' && begin.front() > 0x20) return false;  // no XML; UTF-16 and marks may be
  StartTags tags(begin);
  auto name = tags.next();
  if (name && *name != "Envelope") return false;
  while (name && *name != "Body") name = tags.next();
  if (name) name = tags.next();
  return !name || *name == "Fault";
}

}  // namespace

bool reply_needs_beginning(const Message& message) noexcept {
  const Payload& payload = message.payload;
  return payload.source() && message.status != 0 && message.status < 400 && message.client_is_rest() &&
         is_soap(payload.kind()) && !payload.coded() && payload.source()->buffered().empty() && !payload.source()->ended();
}

bool reply_needs_body(const Message& message) noexcept {
  const Payload& payload = message.payload;
  if (payload.loaded() || payload.empty()) return false;
  if (message.axis2.truth("HTTP_ETAG")) return true;
  const MediaKind kind = payload.kind();
  if (const Value* chosen = message.axis2.find("messageType"))
    if (const auto* type = chosen->as<std::string>(); type && !text::trim(*type).empty())
      return media_kind(*type) != kind;
  if (message.client_is_rest()) return is_soap(kind) && (message.status >= 400 || begins_as_fault(payload));
  return (is_soap(kind) || (kind == MediaKind::xml && message.unwrapped)) && kind != message.client_kind;
}

}  // namespace myelin
