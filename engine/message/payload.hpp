#pragma once
// The body of a message, in the cheapest form that will do: a stream that nobody has read, then
// bytes, then XML or JSON, each step only when somebody needs it (MED 1.3, 3). As long as nobody
// edits it, the original bytes are what goes out.
//
// The XML view is always a SOAP envelope, as in Synapse: SOAP is parsed as it is; other XML becomes
// the child of a SOAP 1.1 Body; JSON, text, forms and binary have their wrapper elements
// (expressions reference, 6.1 to 6.4). Belongs to one message; not thread safe.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/message/body_source.hpp"
#include "engine/message/tree.hpp"

namespace myelin {

class JsonDocument;  // engine/message/json.hpp

namespace soap {
inline constexpr std::string_view kEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr std::string_view kEnvelope12 = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr std::string_view kAddressing = "http://www.w3.org/2005/08/addressing";
inline constexpr std::string_view kAddressing2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
inline constexpr std::string_view kAnonymous = "http://www.w3.org/2005/08/addressing/anonymous";
}  // namespace soap

/// What a Content-Type means for building and formatting.
enum class MediaKind : std::uint8_t { none, soap11, soap12, xml, json, form, multipart, text, binary };

/// By media type alone: text/xml is soap11, application/xml and *+xml are xml ...
MediaKind media_kind(std::string_view content_type) noexcept;
/// `text/xml` of `text/xml; charset=UTF-8`, trimmed, case kept.
std::string_view media_type(std::string_view content_type) noexcept;
/// A parameter of a Content-Type (`charset`, `action`, `boundary`), unquoted; empty when absent.
std::string_view media_parameter(std::string_view content_type, std::string_view name) noexcept;

class Payload {
 public:
  Payload();
  ~Payload();
  Payload(Payload&&) noexcept;
  Payload& operator=(Payload&&) noexcept;

  // --- filling --------------------------------------------------------------------------------
  void reset() noexcept;                       ///< no body
  /// A body still to be read. `content_type` as received; it must outlive the payload.
  void receive(BodySource* source, std::string_view content_type);
  /// The Content-Encoding of a body that is received: the header's own value, which outlives the payload.
  void set_content_encoding(std::string_view encoding) noexcept { encoding_ = encoding; }
  /// The stream that is to be read instead of the one that was received: the same body.
  void reread(BodySource* source) noexcept;
  /// A whole body with the type it has.
  void assign(std::string bytes, std::string content_type);
  /// Replaces the envelope; the tree is what goes out from now on.
  void assign(std::shared_ptr<tree::Document> envelope, std::string content_type);
  /// A JSON text becomes the body (and the XML view follows it).
  void assign_json(std::string text);

  // --- reading the stream -----------------------------------------------------------------------
  /// The unread stream, or null when everything is in memory.
  BodySource* source() const noexcept { return source_; }
  bool loaded() const noexcept { return source_ == nullptr; }
  /// Takes what is buffered; true when the stream has thereby ended and the payload is loaded.
  bool try_load(std::size_t limit);
  /// Reads the stream to its end. Faults: the peer's, or status 413 past `limit` bytes.
  Task<Result<void>> load(std::size_t limit);
  /// The stream was handed to somebody who relays it (sender or listener).
  void release_source() noexcept { source_ = nullptr; streamed_away_ = true; }

  // --- what it is ---------------------------------------------------------------------------------
  bool empty() const noexcept;                 ///< no body at all (nothing received, nothing made)
  const std::string& content_type() const noexcept { return content_type_; }
  void set_content_type(std::string_view type) { content_type_ = type; }
  MediaKind kind() const noexcept { return kind_; }
  void set_kind(MediaKind kind) noexcept { kind_ = kind; }
  /// Somebody edited the XML or JSON: bytes() has to be made anew by the formatter.
  bool edited() const noexcept { return edited_; }
  /// The payload is JSON text; no longer once somebody edited its XML view.
  bool is_json() const noexcept { return kind_ == MediaKind::json && !edited_ && !empty(); }
  /// The bytes came from the transport: the message's own headers describe them.
  bool received() const noexcept { return received_; }
  /// The bytes as received or assigned; meaningful when loaded() and not edited().
  const std::string& bytes() const noexcept { return bytes_; }
  /// The Content-Encoding that was received, also after the body was replaced; empty: none. It says
  /// how bytes() are coded only while they are what was received: coded().
  std::string_view content_encoding() const noexcept { return encoding_; }
  bool coded() const noexcept;
  /// The bytes without their Content-Encoding, unpacked on first use. Faults: code::kParse with status
  /// 400, 413 (REL-018) or, for an encoding that is not known, 415.
  Result<std::string_view> content();

  // --- views; each requires loaded(). Faults: code::kParse with a status -------------------------
  /// The SOAP envelope, built on first use. Reading only.
  Result<const tree::Document*> envelope();
  /// The same for changing it: from now on the tree is what goes out. A multipart/related body is
  /// then of its root's kind.
  Result<tree::Document*> edit();
  /// The JSON payload parsed; an XML payload is converted first (6.5). Reading only; valid until the
  /// payload is edited or replaced.
  Result<const JsonDocument*> json();
  /// JSON text of the payload: the raw one if it is JSON, also when its XML view was edited but says
  /// the same (headers only).
  Result<std::string> json_text();
  /// Before a wait: views, several times the size of their text, are freed and built again when somebody asks.
  /// A big envelope that was edited becomes its text. Nodes of the envelope are gone.
  void put_away();
  /// True when envelope() was built already.
  bool built() const noexcept { return envelope_ != nullptr || put_away_; }

  // --- places in a built envelope --------------------------------------------------------------
  /// Body, header (or kNone) and first body child of the envelope.
  static tree::NodeId body(const tree::Document& envelope) noexcept;
  static tree::NodeId header(const tree::Document& envelope) noexcept;
  static tree::NodeId body_child(const tree::Document& envelope) noexcept;
  /// The header element, made in front of Body when it is missing.
  static tree::NodeId ensure_header(tree::Document& envelope);
  static bool is_soap12(const tree::Document& envelope) noexcept;
  /// First body child is a Fault in the envelope's namespace.
  static bool has_fault(const tree::Document& envelope) noexcept;
  /// `<Envelope><Body/></Envelope>` of that version.
  static std::shared_ptr<tree::Document> empty_envelope(bool soap12 = false);

  /// Deep copy of a loaded payload.
  Payload clone() const;

 private:
  Result<std::shared_ptr<tree::Document>> build();
  Result<void> unpack();
  void reserve_announced();
  bool append(std::size_t limit);

  BodySource* source_ = nullptr;
  bool streamed_away_ = false;
  bool edited_ = false;
  bool received_ = false;
  bool put_away_ = false;  // views were built; when edited_, bytes_ is the text of the envelope
  MediaKind kind_ = MediaKind::none;
  MediaKind root_kind_ = MediaKind::none;  // of a multipart/related body that was built
  std::string content_type_;
  std::string_view encoding_;
  std::string bytes_;
  std::string unpacked_;   // bytes_ without their coding, once somebody asked
  std::size_t limit_ = std::size_t{64} << 20;
  std::shared_ptr<tree::Document> envelope_;
  std::shared_ptr<const JsonDocument> json_;
};

}  // namespace myelin
