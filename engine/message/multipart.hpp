#pragma once
// MIME multipart bodies: taking them apart, and putting them together (expressions reference, 6.3;
// REL-025). Views point into the text that was parsed. Thread safe.

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/message/payload.hpp"

namespace myelin::multipart {

struct Part {
  std::string_view head;          ///< field lines as they came, without the empty line
  std::string_view body;          ///< still in its transfer encoding
  std::string_view content_type;
  std::string_view content_id;    ///< without angle brackets
  std::string_view name, filename;  ///< of Content-Disposition
  std::string_view transfer_encoding;
  bool has_filename = false;

  /// The body without base64 or quoted-printable. Fault: status 400.
  Result<std::string> content() const;
};

/// Fault: status 400 when boundary, heads or framing are wrong, or there are more than 1000 parts.
Result<std::vector<Part>> parse(std::string_view bytes, std::string_view content_type);

bool is_form_data(std::string_view content_type) noexcept;
bool is_related(std::string_view content_type) noexcept;

/// What the root of a multipart/related is, by its `type` and `start-info` alone; `multipart` for
/// other types.
MediaKind root_kind(std::string_view content_type) noexcept;
/// The part that `start` names, else the first. `parts` is not empty.
const Part& root_of(const std::vector<Part>& parts, std::string_view content_type) noexcept;

/// The root part's envelope with the parts it includes by xop:Include as base64 text; `kind` becomes
/// the root's.
Result<std::shared_ptr<tree::Document>> build_related(std::string_view bytes, std::string_view content_type, MediaKind& kind);
/// `<mediate>` with a child per part: its text, or for a file its base64 and attributes filename,
/// content-type and charset.
Result<std::shared_ptr<tree::Document>> build_form_data(std::string_view bytes, std::string_view content_type);

struct Written {
  std::string bytes;
  std::string content_type;
};

/// The children of `parent` as form-data. A file of `original` (may be empty) whose element still has
/// its base64 text goes out as it came; other files' texts are decoded when `decode` says so.
Written write_form_data(const tree::Document& document, tree::NodeId parent, const std::vector<Part>& original, bool decode);
/// An envelope of that type with all parts of `original` but its root. `mtom`: parts that were
/// included in the envelope are so again; else they stay text and attachments (SwA).
Written write_related(std::string envelope, std::string_view envelope_type, const std::vector<Part>& original,
                      std::string_view original_type, bool mtom);

}  // namespace myelin::multipart
