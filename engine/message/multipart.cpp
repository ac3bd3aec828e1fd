#include "engine/message/multipart.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/message/builders.hpp"

namespace myelin::multipart {

namespace {

constexpr std::size_t kMostParts = 1000;      // REL-025
constexpr std::size_t kLongestHead = 8 * 1024;
constexpr std::size_t kLongestBoundary = 70;

Fault refused(std::string why) {
  Fault fault(code::kParse, "Error while building the message", std::move(why));
  fault.status = 400;
  return fault;
}

bool is_boundary(std::string_view text) noexcept {
  if (text.empty() || text.size() > kLongestBoundary || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const char low = text::lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  });
}

std::string_view without_brackets(std::string_view id) noexcept {
  if (id.size() >= 2 && id.front() == '<' && id.back() == '>') return id.substr(1, id.size() - 2);
  return id;
}

/// Fields of a part's head; false when a line is none. Folded lines belong to the field before them.
bool read_head(Part& part) {
  for (std::string_view left = part.head; !left.empty();) {
    std::size_t end = left.find("\r\n");
    while (end != std::string_view::npos && end + 2 < left.size() && (left[end + 2] == ' ' || left[end + 2] == '\t'))
      end = left.find("\r\n", end + 2);
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = text::trim(line.substr(colon + 1));
    if (text::iequals(name, "Content-Type")) part.content_type = value;
    else if (text::iequals(name, "Content-ID")) part.content_id = without_brackets(value);
    else if (text::iequals(name, "Content-Transfer-Encoding")) part.transfer_encoding = value;
    else if (text::iequals(name, "Content-Disposition")) {
      part.name = media_parameter(value, "name");
      part.filename = media_parameter(value, "filename");
      part.has_filename = part.filename.data() != nullptr;
    }
  }
  return true;
}

std::string from_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=') {
      out += text[at];
    } else if (text.substr(at + 1, 2) == "\r\n") {
      at += 2;
    } else if (const auto byte = text::percent_decode("%" + std::string(text.substr(at + 1, 2))); byte.size() == 1) {
      out += byte;
      at += 2;
    } else {
      out += '=';
    }
  }
  return out;
}

/// Finds the delimiter lines of one body.
class Delimiters {
 public:
  explicit Delimiters(std::string_view boundary) : mark_("\r\n--" + std::string(boundary)) {}

  enum class Kind { none, next, last };
  struct Found {
    Kind kind = Kind::none;
    std::size_t at = 0;      ///< where the part before it ends
    std::size_t behind = 0;  ///< where the part after it begins
  };

  Found find(std::string_view bytes, std::size_t from) const {
    if (from == 0 && bytes.starts_with(std::string_view(mark_).substr(2)))
      if (const Found found = judge(bytes, 0, mark_.size() - 2); found.kind != Kind::none) return found;
    for (std::size_t at = bytes.find(mark_, from); at != std::string_view::npos; at = bytes.find(mark_, at + 2))
      if (const Found found = judge(bytes, at, at + mark_.size()); found.kind != Kind::none) return found;
    return {};
  }

 private:
  /// Whether what follows the mark ends the line.
  static Found judge(std::string_view bytes, std::size_t at, std::size_t behind) {
    const bool last = bytes.substr(behind, 2) == "--";
    if (last) return {Kind::last, at, behind + 2};
    while (behind < bytes.size() && (bytes[behind] == ' ' || bytes[behind] == '\t')) ++behind;
    if (bytes.substr(behind, 2) == "\r\n") return {Kind::next, at, behind + 2};
    return {};
  }

  std::string mark_;
};

Result<Part> read_part(std::string_view text) {
  Part part;
  if (text.empty()) return part;
  const bool no_head = text.starts_with("\r\n");
  const std::size_t end = no_head ? 0 : text.find("\r\n\r\n");
  if (end == std::string_view::npos || end > kLongestHead) return refused("the head of a part is not complete or longer than 8 KiB");
  part.head = text.substr(0, end);
  part.body = text.substr(end + (no_head ? 2 : 4));
  if (!read_head(part)) return refused("the head of a part is malformed");
  return part;
}

}  // namespace

Result<std::string> Part::content() const {
  if (text::iequals(transfer_encoding, "quoted-printable")) return from_quoted_printable(body);
  if (!text::iequals(transfer_encoding, "base64")) return std::string(body);
  auto decoded = text::base64_decode(body);
  if (!decoded) return refused("a part is not base64 as it says");
  return *std::move(decoded);
}

Result<std::vector<Part>> parse(std::string_view bytes, std::string_view content_type) {
  const std::string_view boundary = media_parameter(content_type, "boundary");
  if (!is_boundary(boundary)) return refused("the boundary of the multipart body is missing or not allowed");
  const Delimiters delimiters(boundary);
  std::vector<Part> parts;
  Delimiters::Found at = delimiters.find(bytes, 0);
  while (at.kind == Delimiters::Kind::next) {
    if (parts.size() == kMostParts) return refused(fmt::format("the multipart body has more than {} parts", kMostParts));
    // The line end before the next delimiter may be the one behind this one: an empty part.
    const Delimiters::Found end = delimiters.find(bytes, at.behind - 2);
    if (end.kind == Delimiters::Kind::none) break;
    auto part = read_part(bytes.substr(at.behind, end.at < at.behind ? 0 : end.at - at.behind));
    if (!part) return std::move(part).fault();
    parts.push_back(*part);
    at = end;
  }
  if (at.kind != Delimiters::Kind::last) return refused("the multipart body has no end");
  return parts;
}

bool is_form_data(std::string_view content_type) noexcept { return text::iequals(media_type(content_type), "multipart/form-data"); }
bool is_related(std::string_view content_type) noexcept { return text::iequals(media_type(content_type), "multipart/related"); }

MediaKind root_kind(std::string_view content_type) noexcept {
  if (!is_related(content_type)) return MediaKind::multipart;
  std::string_view type = media_parameter(content_type, "type");
  if (text::iequals(media_type(type), "application/xop+xml")) type = media_parameter(content_type, "start-info");
  const MediaKind kind = media_kind(type);
  return kind == MediaKind::none ? MediaKind::multipart : kind;
}

const Part& root_of(const std::vector<Part>& parts, std::string_view content_type) noexcept {
  const std::string_view start = without_brackets(media_parameter(content_type, "start"));
  if (!start.empty())
    for (const Part& part : parts)
      if (part.content_id == start) return part;
  return parts.front();
}

}  // namespace myelin::multipart
