#include "engine/message/payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/message/builders.hpp"
#include "engine/message/coding.hpp"
#include "engine/message/json.hpp"
#include "engine/message/multipart.hpp"

namespace myelin {

// --- media types ---------------------------------------------------------------------------------

std::string_view media_type(std::string_view content_type) noexcept {
  const auto ends = [](char c) { return c == ';' || c == ','; };
  const auto end = std::find_if(content_type.begin(), content_type.end(), ends);
  return text::trim(content_type.substr(0, static_cast<std::size_t>(end - content_type.begin())));
}

MediaKind media_kind(std::string_view content_type) noexcept {
  const std::string_view type = media_type(content_type);
  const auto is = [type](std::string_view name) { return text::iequals(type, name); };
  const auto ends = [type](std::string_view suffix) {
    return type.size() > suffix.size() && text::iequals(type.substr(type.size() - suffix.size()), suffix);
  };
  if (type.empty()) return MediaKind::none;
  if (is("text/plain")) return MediaKind::text;
  if (is("text/xml")) return MediaKind::soap11;
  if (is("application/soap+xml")) return MediaKind::soap12;
  if (is("application/xml") || ends("+xml")) return MediaKind::xml;
  if (is("application/json") || is("text/json") || ends("+json")) return MediaKind::json;
  if (is("application/x-www-form-urlencoded")) return MediaKind::form;
  if (text::istarts_with(type, "multipart/")) return MediaKind::multipart;
  return MediaKind::binary;
}

namespace {

/// Where the value of a parameter ends: at the next `;` outside quotes.
std::size_t parameter_end(std::string_view text, std::size_t at) noexcept {
  bool quoted = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == '\\' && quoted)
      ++at;
    else if (text[at] == ';' && !quoted)
      break;
  }
  return std::min(at, text.size());
}

}  // namespace

std::string_view media_parameter(std::string_view content_type, std::string_view name) noexcept {
  for (std::size_t at = parameter_end(content_type, 0); at < content_type.size();) {
    const std::size_t end = parameter_end(content_type, at + 1);
    const std::string_view parameter = content_type.substr(at + 1, end - at - 1);
    const std::size_t equals = parameter.find('=');
    at = end;
    if (equals == std::string_view::npos || !text::iequals(text::trim(parameter.substr(0, equals)), name))
      continue;
    std::string_view value = text::trim(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// --- filling -------------------------------------------------------------------------------------

// A connection that waits for its next request does not hold on to a big body's memory (REL-131).
constexpr std::size_t kKeptCapacity = 4096;

Payload::Payload() = default;
Payload::~Payload() = default;
Payload::Payload(Payload&&) noexcept = default;
Payload& Payload::operator=(Payload&&) noexcept = default;

void Payload::reset() noexcept {
  source_ = nullptr;
  streamed_away_ = edited_ = received_ = put_away_ = false;
  kind_ = root_kind_ = MediaKind::none;
  content_type_.clear();
  encoding_ = {};
  bytes_.clear();
  if (bytes_.capacity() > kKeptCapacity) bytes_.shrink_to_fit();
  if (!unpacked_.empty()) std::string().swap(unpacked_);
  if (envelope_) envelope_.reset();
  if (json_) json_.reset();
}

void Payload::receive(BodySource* source, std::string_view content_type) {
  reset();
  source_ = source;
  received_ = true;
  content_type_ = content_type;
  kind_ = media_kind(content_type);
}

void Payload::reread(BodySource* source) noexcept {
  source_ = source;
  streamed_away_ = false;
  bytes_.clear();
}

void Payload::assign(std::string bytes, std::string content_type) {
  const std::string_view encoding = encoding_;
  reset();
  encoding_ = encoding;
  bytes_ = std::move(bytes);
  content_type_ = std::move(content_type);
  kind_ = media_kind(content_type_);
}

void Payload::assign(std::shared_ptr<tree::Document> envelope, std::string content_type) {
  const std::string_view encoding = encoding_;
  reset();
  encoding_ = encoding;
  envelope_ = std::move(envelope);
  edited_ = true;
  const bool soap12 = is_soap12(*envelope_);
  kind_ = media_kind(content_type);
  if (kind_ == MediaKind::none || kind_ == MediaKind::soap11 || kind_ == MediaKind::soap12) {
    const MediaKind is = soap12 ? MediaKind::soap12 : MediaKind::soap11;
    if (kind_ != is)
      content_type = soap12 ? "application/soap+xml; charset=UTF-8" : "text/xml; charset=UTF-8";
    kind_ = is;
  }
  content_type_ = std::move(content_type);
}

void Payload::assign_json(std::string text) {
  std::string type = kind_ == MediaKind::json ? std::move(content_type_) : std::string("application/json");
  assign(std::move(text), std::move(type));
}

// --- reading the stream --------------------------------------------------------------------------

namespace {
Fault too_large(std::size_t limit) {
  Fault fault(code::kParse, "Error while building the message",
              fmt::format("the body has more than {} bytes", limit));
  fault.status = 413;
  return fault;
}
}  // namespace

/// Takes what is buffered; false when that would be too much.
bool Payload::append(std::size_t limit) {
  const std::string_view here = source_->buffered();
  if (here.size() > limit || bytes_.size() > limit - here.size()) return false;
  const bool last = source_->ended();  // of what is buffered now, not of what may be then
  bytes_.append(here);
  source_->consume(here.size());
  if (last) source_ = nullptr;
  return true;
}

void Payload::reserve_announced() {
  // What a peer only announces is not reserved beyond this.
  constexpr std::uint64_t kReserve = 1 << 20;
  if (source_ && source_->length()) bytes_.reserve(static_cast<std::size_t>(std::min(*source_->length(), kReserve)));
}

bool Payload::try_load(std::size_t limit) {
  limit_ = limit;
  reserve_announced();
  if (source_) append(limit);
  return loaded();
}

Task<Result<void>> Payload::load(std::size_t limit) {
  limit_ = limit;
  if (source_ && source_->length() && *source_->length() > limit) co_return too_large(limit);
  reserve_announced();
  while (source_) {
    if (!append(limit)) co_return too_large(limit);
    if (!source_) break;
    const BodySource::Status status = co_await source_->fill();
    if (status == BodySource::Status::failed) co_return source_->fault();
  }
  co_return Result<void>();
}

bool Payload::empty() const noexcept {
  if (source_) return source_->buffered().empty() && source_->ended() && bytes_.empty();
  return !streamed_away_ && bytes_.empty() && !envelope_;
}

// --- the content encoding --------------------------------------------------------------------------

bool Payload::coded() const noexcept {
  const bool own_text = put_away_ && edited_;
  return received_ && !own_text && !encoding_.empty() && content_coding(encoding_) != ContentCoding::identity;
}

Result<void> Payload::unpack() {
  if (!coded() || !unpacked_.empty() || bytes_.empty()) return {};
  const ContentCoding coding = content_coding(encoding_);
  if (coding == ContentCoding::unknown) {
    Fault fault(code::kParse, "Error while building the message",
                fmt::format("Content-Encoding '{}' is not supported; gzip and deflate are", encoding_));
    fault.status = 415;
    log::warn("message", fault.detail);
    return fault;
  }
  auto plain = decompress(bytes_, coding, limit_);
  if (!plain) return std::move(plain).fault();
  unpacked_ = *std::move(plain);
  return {};
}

Result<std::string_view> Payload::content() {
  assert(loaded());
  auto done = unpack();
  if (!done) return std::move(done).fault();
  return std::string_view(coded() ? unpacked_ : bytes_);
}

// --- views ---------------------------------------------------------------------------------------

namespace {

Result<std::shared_ptr<tree::Document>> envelope_of(const JsonDocument& json) {
  auto document = std::make_shared<tree::Document>();
  const auto root = json::to_xml(json, *document);
  if (!root) return root.fault();
  wrap(*document, *root);
  return document;
}

}  // namespace

Result<std::shared_ptr<tree::Document>> Payload::build() {
  const auto plain = content();
  if (!plain) return plain.fault();
  if (kind_ == MediaKind::multipart && multipart::is_related(content_type_))
    return multipart::build_related(*plain, content_type_, root_kind_);
  if (kind_ == MediaKind::multipart && multipart::is_form_data(content_type_)) return multipart::build_form_data(*plain, content_type_);
  if (kind_ != MediaKind::json) return build_envelope(*plain, content_type_, kind_);
  if (plain->empty()) return empty_envelope();
  const auto parsed = json();
  if (!parsed) return parsed.fault();
  return envelope_of(**parsed);
}

Result<const tree::Document*> Payload::envelope() {
  assert(loaded());
  if (!envelope_) {
    const bool as_text = std::exchange(put_away_, false) && edited_;
    auto built = as_text ? tree::Document::parse(std::exchange(bytes_, {}), "UTF-8") : build();
    if (!built) return std::move(built.fault());
    envelope_ = std::move(*built);
  }
  return static_cast<const tree::Document*>(envelope_.get());
}

Result<tree::Document*> Payload::edit() {
  const auto built = envelope();
  if (!built) return built.fault();
  edited_ = true;
  if (kind_ == MediaKind::multipart && root_kind_ != MediaKind::none) kind_ = root_kind_;
  json_.reset();
  return envelope_.get();
}

void Payload::put_away() {
  constexpr std::size_t kBig = std::size_t{64} << 10;
  if (source_ || !envelope_) return;
  if (edited_) {
    if (multipart::is_related(content_type_)) return;  // bytes_ holds the attachments
    const bool xml = kind_ == MediaKind::soap11 || kind_ == MediaKind::soap12 || kind_ == MediaKind::xml;
    if (!xml || envelope_->memory() < kBig) return;
    bytes_ = envelope_->xml(envelope_->root());
  }
  put_away_ = true;
  envelope_.reset();
  json_.reset();
}

Result<std::string> Payload::json_text() {
  assert(loaded());
  const auto plain = content();
  if (!plain) return plain.fault();
  if (is_json() && !plain->empty()) return std::string(*plain);
  const auto built = envelope();
  if (!built) return built.fault();
  const tree::NodeId child = body_child(*envelope_);
  if (child == tree::kNone) return std::string("{}");
  if (kind_ == MediaKind::json && !plain->empty()) {
    const auto original = JsonDocument::parse(*plain);
    const auto before =
        original ? envelope_of(**original) : Result<std::shared_ptr<tree::Document>>(original.fault());
    if (before && (*before)->xml(body_child(**before)) == envelope_->xml(child)) return std::string(*plain);
  }
  return json::from_xml(*envelope_, child);
}

Result<const JsonDocument*> Payload::json() {
  if (!json_) {
    const auto text = json_text();
    if (!text) return text.fault();
    auto parsed = JsonDocument::parse(*text);
    if (!parsed) return std::move(parsed.fault());
    json_ = std::move(*parsed);
  }
  return json_.get();
}

// --- places in an envelope -----------------------------------------------------------------------

tree::NodeId Payload::body(const tree::Document& envelope) noexcept {
  const tree::NodeId root = envelope.root();
  return root == tree::kNone ? tree::kNone : envelope.child(root, envelope.ns(root), "Body");
}

tree::NodeId Payload::header(const tree::Document& envelope) noexcept {
  const tree::NodeId root = envelope.root();
  return root == tree::kNone ? tree::kNone : envelope.child(root, envelope.ns(root), "Header");
}

tree::NodeId Payload::body_child(const tree::Document& envelope) noexcept {
  const tree::NodeId at = body(envelope);
  return at == tree::kNone ? tree::kNone : envelope.first_element(at);
}

tree::NodeId Payload::ensure_header(tree::Document& envelope) {
  const tree::NodeId existing = header(envelope);
  if (existing != tree::kNone) return existing;
  const tree::NodeId root = envelope.root();
  const std::string prefix(envelope.prefix(root));
  const tree::NodeId made = envelope.create_element(envelope.ns(root), prefix, "Header");
  const tree::NodeId first = envelope.first_child(root);
  if (first == tree::kNone)
    envelope.append(root, made);
  else
    envelope.insert_before(first, made);
  return made;
}

bool Payload::is_soap12(const tree::Document& envelope) noexcept {
  const tree::NodeId root = envelope.root();
  return root != tree::kNone && envelope.ns(root) == soap::kEnvelope12;
}

bool Payload::has_fault(const tree::Document& envelope) noexcept {
  const tree::NodeId child = body_child(envelope);
  return child != tree::kNone && envelope.local(child) == "Fault" &&
         envelope.ns(child) == envelope.ns(envelope.root());
}

std::shared_ptr<tree::Document> Payload::empty_envelope(bool soap12) {
  auto document = std::make_shared<tree::Document>();
  const std::string_view ns = soap12 ? soap::kEnvelope12 : soap::kEnvelope11;
  const tree::NodeId root = document->create_element(ns, "soapenv", "Envelope");
  document->declare(root, "soapenv", ns);
  document->append(root, document->create_element(ns, "soapenv", "Body"));
  document->append(document->document(), root);
  return document;
}

Payload Payload::clone() const {
  assert(loaded());
  Payload copy;
  copy.streamed_away_ = streamed_away_;
  copy.edited_ = edited_;
  copy.received_ = received_;
  copy.put_away_ = put_away_;
  copy.kind_ = kind_;
  copy.root_kind_ = root_kind_;
  copy.content_type_ = content_type_;
  copy.encoding_ = encoding_;
  copy.bytes_ = bytes_;
  copy.unpacked_ = unpacked_;
  copy.limit_ = limit_;
  if (envelope_) copy.envelope_ = envelope_->clone();
  copy.json_ = json_;
  return copy;
}

}  // namespace myelin
