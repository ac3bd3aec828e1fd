// Strict namespace-aware XML 1.0 (fifth edition) for messages: one pass to check the characters,
// one to build the nodes. Iterative; texts without references stay slices of the source.
#include "engine/message/tree_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "engine/base/text.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin::tree {

namespace {

enum CharClass : std::uint8_t { kNameStart = 1, kName = 2, kTextStop = 4, kValueStop = 8, kBlank = 16 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (letter) table[c] |= kNameStart;
    if (letter || digit || c == '-' || c == '.') table[c] |= kName;
  }
  for (const char c : std::string_view("<&]\r\0", 5)) table[static_cast<unsigned char>(c)] |= kTextStop;
  for (const char c : std::string_view("<&\"'\t\n\r\0", 8)) table[static_cast<unsigned char>(c)] |= kValueStop;
  for (const char c : std::string_view(" \t\r\n")) table[static_cast<unsigned char>(c)] |= kBlank;
  return table;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is(char c, CharClass what) noexcept { return kClasses[static_cast<unsigned char>(c)] & what; }
constexpr bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

struct Range {
  char32_t first, last;
};
constexpr Range kWideNameStart[] = {{0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
                                    {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
                                    {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}};
constexpr Range kWideNameMore[] = {{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}};

template <std::size_t N>
constexpr bool within(const Range (&ranges)[N], char32_t point) noexcept {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [point](const Range& range) { return point >= range.first && point <= range.last; });
}
constexpr bool is_wide_name_start(char32_t point) noexcept { return within(kWideNameStart, point); }
constexpr bool is_wide_name(char32_t point) noexcept {
  return is_wide_name_start(point) || within(kWideNameMore, point);
}
constexpr bool is_xml_char(std::uint32_t point) noexcept {
  return point == 9 || point == 10 || point == 13 || (point >= 0x20 && point <= 0xD7FF) ||
         (point >= 0xE000 && point <= 0xFFFD) || (point >= 0x10000 && point <= 0x10FFFF);
}

/// Length of the UTF-8 sequence at `at` when it is well-formed and an XML character, else 0.
std::size_t sequence_length(const unsigned char* at, const unsigned char* end) noexcept {
  const auto more = [&](std::size_t i) { return (at[i] & 0xC0) == 0x80; };
  const auto left = static_cast<std::size_t>(end - at);
  const unsigned lead = at[0];
  if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && more(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (left < 3 || !more(1) || !more(2)) return 0;
    const unsigned point = (lead & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    return point >= 0x800 && is_xml_char(point) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (left < 4 || !more(1) || !more(2) || !more(3)) return 0;
    const unsigned point = (lead & 7u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    return point >= 0x10000 && point <= 0x10FFFF ? 4 : 0;
  }
  return 0;
}

constexpr std::uint64_t bytes_of(std::uint64_t byte) noexcept { return byte * 0x0101010101010101ull; }

/// All eight bytes are ASCII and no controls but tab and line ends. The high bit of every byte is
/// clear at first, so that no addition carries into the next byte.
bool plain_word(std::uint64_t word) noexcept {
  constexpr std::uint64_t kHigh = bytes_of(0x80), kLow = bytes_of(0x7F);
  if (word & kHigh) return false;
  const std::uint64_t controls = ~(word + bytes_of(0x60)) & kHigh;
  if (controls == 0) return true;
  const auto differs = [&](std::uint64_t c) { return (word ^ bytes_of(c)) + kLow; };
  return (controls & differs('\t') & differs('\n') & differs('\r')) == 0;
}

/// The first byte that is no XML character in UTF-8, or `to`.
const char* first_bad_character(const char* from, const char* to) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(from);
  const auto* end = reinterpret_cast<const unsigned char*>(to);
  while (at < end) {
    std::uint64_t word;
    if (end - at >= 8 && (std::memcpy(&word, at, 8), plain_word(word))) {
      at += 8;
      continue;
    }
    const auto* stop = end - at > 8 ? at + 8 : end;
    while (at < stop) {
      const bool ascii = *at < 0x80;
      const bool legal = *at >= 0x20 || *at == '\n' || *at == '\t' || *at == '\r';
      const std::size_t length = ascii ? legal : sequence_length(at, end);
      if (length == 0) return reinterpret_cast<const char*>(at);
      at += length;
    }
  }
  return to;
}

/// Nodes that room is made for at once; a document with more grows as it is read.
constexpr std::size_t kFirstNodes = 4096;

struct QName {
  std::string_view prefix;
  std::string_view local;
};

class Parser {
 public:
  Parser(Storage& document, const Limits& limits)
      : doc_(document),
        limits_(limits),
        begin_(document.source->data()),
        at_(begin_),
        end_(begin_ + document.source->size()),
        scope_(kNone) {
    // REL-093: what is held for a message stays within ten times its size and a constant.
    const std::size_t budget = document.source->size() * 10 + (std::size_t{1} << 20);
    memory_limit_ = budget;
    node_limit_ = std::min<std::size_t>(limits.nodes, budget / sizeof(Node));
  }

  Result<void> run() {
    if (read()) return {};
    return std::move(fault_);
  }

 private:
  bool read() {
    const char* bad = first_bad_character(begin_, end_);
    if (bad != end_) {
      at_ = bad;
      return malformed(static_cast<unsigned char>(*bad) < 0x20 ? "control character" : "bytes that are not UTF-8 characters");
    }
    scope_.bind("", kNoSpace, kNone - 1);
    scope_.bind("xml", kXmlSpace, kNone - 1);
    doc_.take_spare_nodes();
    doc_.nodes.reserve(std::min({node_limit_, doc_.source->size() / 12 + 8, kFirstNodes}));
    return declaration() && content() && finish();
  }

  bool finish() {
    if (current_ != 0) return malformed(fmt::format("the document ends inside <{}>", raw_name(current_)));
    if (!seen_root_) return malformed("no root element");
    return true;
  }

  // --- faults -----------------------------------------------------------------------------------
  bool malformed(std::string_view what) { return fail(400, "malformed XML", what); }
  bool too_much(std::string_view what) { return fail(413, "XML beyond the limits", what); }
  bool fail(int status, std::string_view kind, std::string_view what) {
    const auto line = 1 + std::count(begin_, at_, '\n');
    const char* start = at_;
    while (start > begin_ && start[-1] != '\n') --start;
    const auto column = 1 + std::count_if(start, at_, [](char c) { return (c & 0xC0) != 0x80; });
    fault_ = Fault(code::kParse, fmt::format("{} at line {}, column {}: {}", kind, line, column, what));
    fault_.status = status;
    return false;
  }

  // --- pieces -----------------------------------------------------------------------------------
  std::uint32_t offset() const noexcept { return static_cast<std::uint32_t>(at_ - begin_); }
  bool starts(std::string_view text) const noexcept {
    return static_cast<std::size_t>(end_ - at_) >= text.size() && std::memcmp(at_, text.data(), text.size()) == 0;
  }
  bool skip_blanks() noexcept {
    const char* start = at_;
    while (is(*at_, kBlank)) ++at_;
    return at_ != start;
  }
  std::string_view raw_name(NodeId element) const noexcept {
    const Node& node = doc_.at(element);
    const char* start = begin_ + node.begin + 1;
    return {start, static_cast<std::size_t>(node.name + node.name_size - start)};
  }
  /// Steps over one non-ASCII name character.
  bool wide(bool (*allowed)(char32_t)) noexcept {
    const char* next = at_;
    if (!allowed(next_code_point(next, end_))) return false;
    at_ = next;
    return true;
  }
  bool ncname(std::string_view& name) {
    const char* start = at_;
    if (is(*at_, kNameStart))
      ++at_;
    else if (is_ascii(*at_) || !wide(is_wide_name_start))
      return malformed("a name was expected");
    do {
      while (is(*at_, kName)) ++at_;
    } while (!is_ascii(*at_) && wide(is_wide_name));
    name = {start, static_cast<std::size_t>(at_ - start)};
    return true;
  }
  bool qname(QName& name) {
    const char* start = at_;
    if (!ncname(name.local)) return false;
    name.prefix = {};
    if (*at_ == ':') {
      ++at_;
      name.prefix = name.local;
      if (!ncname(name.local)) return false;
    }
    if (static_cast<std::size_t>(at_ - start) > limits_.name_bytes) return too_much("name too long");
    return true;
  }
  bool add(Kind kind, NodeId& id) {
    if (doc_.nodes.size() >= node_limit_) return too_much("too many nodes");
    if (doc_.nodes.size() == doc_.nodes.capacity())
      doc_.nodes.reserve(std::min(node_limit_, doc_.nodes.capacity() * 2 + 16));
    id = static_cast<NodeId>(doc_.nodes.size());
    doc_.nodes.emplace_back(kind);
    return true;
  }
  /// A new last child of the current node.
  bool add_child(Kind kind, const char* start, NodeId& id) {
    if (!add(kind, id)) return false;
    Node& node = doc_.at(id);
    Node& parent = doc_.at(current_);
    node.parent = current_;
    node.previous = parent.inner.last;
    node.begin = static_cast<std::uint32_t>(start - begin_);
    if (parent.inner.last == kNone)
      parent.inner.first = id;
    else
      doc_.at(parent.inner.last).next = id;
    parent.inner.last = id;
    return true;
  }
  /// A text with line ends made uniform, in the arena when that changes it.
  std::string_view uniform(std::string_view raw) {
    if (raw.find('\r') == std::string_view::npos) return raw;
    buffer_.clear();
    append_uniform(raw);
    return doc_.keep(buffer_);
  }
  void append_uniform(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\r') {
        buffer_ += raw[i];
      } else {
        buffer_ += '\n';
        if (i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
      }
    }
  }

  // --- prolog -----------------------------------------------------------------------------------
  bool declaration() {
    if (!starts("<?xml") || !is(at_[5], kBlank)) return true;
    at_ += 5;
    std::string_view value;
    if (!pseudo_attribute("version", value, true)) return false;
    if (value.size() < 3 || !value.starts_with("1.") || value.find_first_not_of("0123456789", 2) != std::string_view::npos)
      return malformed("XML version is not 1.0");
    if (!pseudo_attribute("encoding", value, false)) return false;
    if (value.data() && !is_encoding_name(value)) return malformed("a bad encoding name in the XML declaration");
    if (!pseudo_attribute("standalone", value, false)) return false;
    if (value.data() && value != "yes" && value != "no") return malformed("standalone is neither yes nor no");
    skip_blanks();
    if (!starts("?>")) return malformed("the XML declaration is not closed");
    at_ += 2;
    return true;
  }
  static bool is_encoding_name(std::string_view name) noexcept {
    return is(name.front(), kNameStart) && name.front() != '_' &&
           std::all_of(name.begin(), name.end(), [](char c) { return is(c, kName); });
  }
  /// `value` has no data when the attribute is absent.
  bool pseudo_attribute(std::string_view name, std::string_view& value, bool required) {
    value = {};
    const char* start = at_;
    const bool blank = skip_blanks();
    if (!starts(name)) {
      if (required) return malformed(fmt::format("'{}' was expected in the XML declaration", name));
      at_ = start;
      return true;
    }
    if (!blank) return malformed("white space was expected in the XML declaration");
    at_ += name.size();
    skip_blanks();
    if (*at_ != '=') return malformed("'=' was expected in the XML declaration");
    ++at_;
    skip_blanks();
    const char quote = *at_;
    if (quote != '"' && quote != '\'') return malformed("a quoted value was expected in the XML declaration");
    const char* close = static_cast<const char*>(std::memchr(at_ + 1, quote, static_cast<std::size_t>(end_ - at_ - 1)));
    if (!close) return malformed("a quoted value was expected in the XML declaration");
    value = {at_ + 1, static_cast<std::size_t>(close - at_ - 1)};
    if (value.empty() || value.find_first_of("<&>") != std::string_view::npos)
      return malformed("a bad value in the XML declaration");
    at_ = close + 1;
    return true;
  }

  // --- content ----------------------------------------------------------------------------------
  bool content() {
    while (at_ < end_) {
      if (current_ == 0 ? !outside() : !inside()) return false;
    }
    return true;
  }
  bool outside() {
    if (skip_blanks()) return true;
    if (*at_ != '<') return malformed("text outside the root element");
    if (starts("<!DOCTYPE")) return fail(400, "XML refused", "a document type declaration (DOCTYPE) is not allowed");
    if (at_[1] == '!' || at_[1] == '?') return markup();
    if (at_[1] == '/') return malformed("an end tag without a start tag");
    if (seen_root_) return malformed("a second root element");
    seen_root_ = true;
    return start_tag();
  }
  bool inside() {
    if (*at_ != '<') return text();
    switch (at_[1]) {
      case '/': return end_tag();
      case '?': return instruction();
      case '!': return starts("<![CDATA[") ? text() : markup();
      default: return start_tag();
    }
  }
  bool markup() {
    if (at_[1] == '?') return instruction();
    if (starts("<!--")) return comment();
    return malformed("unknown markup after '<!'");
  }

  bool start_tag() {
    if (++depth_ > limits_.depth) return too_much("elements are nested too deeply");
    NodeId id = kNone;
    if (!add_child(Kind::element, at_, id)) return false;
    ++at_;
    QName name;
    if (!qname(name)) return false;
    doc_.at(id).name = name.local.data();
    doc_.at(id).name_size = static_cast<std::uint32_t>(name.local.size());
    current_ = id;
    if (!attributes(id)) return false;
    const std::uint32_t space = scope_.find(name.prefix);
    if (space == kNone || name.prefix == "xmlns") return malformed(fmt::format("the prefix '{}' is not declared", name.prefix));
    doc_.at(id).space = space;
    if (*at_ == '>') {
      ++at_;
      return true;
    }
    if (at_[0] != '/' || at_[1] != '>') return malformed(fmt::format("the tag <{}> is not closed", raw_name(id)));
    at_ += 2;
    close(id);
    return true;
  }
  void close(NodeId id) noexcept {
    Node& node = doc_.at(id);
    node.end = offset();
    if (node.inner.declarations != kNone) scope_.leave(id);
    current_ = node.parent;
    --depth_;
  }
  bool end_tag() {
    const std::string_view name = raw_name(current_);
    const std::string_view rest(at_ + 2, static_cast<std::size_t>(end_ - at_ - 2));
    const char after = rest.size() > name.size() ? rest[name.size()] : '\0';
    if (!rest.starts_with(name) || (after != '>' && !is(after, kBlank)))
      return malformed(fmt::format("the end tag does not match <{}>", name));
    at_ += 2 + name.size();
    skip_blanks();
    if (*at_ != '>') return malformed("an end tag is not closed");
    ++at_;
    close(current_);
    return true;
  }

  // --- attributes -------------------------------------------------------------------------------
  bool attributes(NodeId element) {
    const auto first = static_cast<NodeId>(doc_.nodes.size());
    prefixes_.clear();
    std::uint32_t count = 0;
    for (;;) {
      const bool blank = skip_blanks();
      if (*at_ == '>' || *at_ == '/') break;
      if (!blank) return malformed("white space was expected between attributes");
      if (++count > limits_.attributes) return too_much("too many attributes");
      if (!attribute(element)) return false;
    }
    if (doc_.nodes.size() == first) return true;
    doc_.at(element).inner.attributes = first;
    return resolve_attributes(first) && unique_attributes(first);
  }
  bool attribute(NodeId element) {
    const char* start = at_;
    QName name;
    if (!qname(name)) return false;
    skip_blanks();
    if (*at_ != '=') return malformed(fmt::format("the attribute '{}' has no value", name.local));
    ++at_;
    skip_blanks();
    std::string_view value;
    if (!attribute_value(value)) return false;
    if (name.prefix == "xmlns") return declare(element, name.local, value);
    if (name.prefix.empty() && name.local == "xmlns") return declare(element, {}, value);
    NodeId id = kNone;
    if (!add(Kind::attribute, id)) return false;
    Node& node = doc_.at(id);
    node.parent = element;
    node.name = name.local.data();
    node.name_size = static_cast<std::uint32_t>(name.local.size());
    node.begin = static_cast<std::uint32_t>(start - begin_);
    node.end = offset();
    doc_.set_leaf(id, value);
    if (!prefixes_.empty()) {
      node.previous = id - 1;
      doc_.at(id - 1).next = id;
    }
    prefixes_.push_back(name.prefix);
    return true;
  }
  bool attribute_value(std::string_view& value) {
    const char quote = *at_;
    if (quote != '"' && quote != '\'') return malformed("an attribute value is not quoted");
    const char* start = ++at_;
    bool plain = true;
    for (;;) {
      while (!is(*at_, kValueStop)) ++at_;
      if (*at_ == quote) break;
      if (*at_ == '\0') return malformed("an attribute value is not closed");
      if (*at_ == '<') return malformed("'<' in an attribute value");
      if (*at_ == '"' || *at_ == '\'') {
        ++at_;
        continue;
      }
      if (plain) buffer_.clear();
      plain = false;
      buffer_.append(start, at_);
      if (*at_ == '&') {
        if (!reference()) return false;
      } else {
        if (*at_ == '\r' && at_[1] == '\n') ++at_;
        buffer_ += ' ';
        ++at_;
      }
      start = at_;
    }
    if (!plain) buffer_.append(start, at_);
    value = plain ? std::string_view(start, static_cast<std::size_t>(at_ - start)) : doc_.keep(buffer_);
    ++at_;
    if (value.size() > limits_.attribute_bytes) return too_much("attribute value too long");
    return true;
  }
  bool declare(NodeId element, std::string_view prefix, std::string_view uri) {
    if (prefix == "xmlns" || uri == kXmlnsNamespace) return malformed("the prefix 'xmlns' cannot be declared");
    if ((prefix == "xml") != (uri == kXmlNamespace)) return malformed("the prefix 'xml' and its namespace belong together");
    if (uri.empty() && !prefix.empty()) return malformed(fmt::format("the prefix '{}' is declared empty", prefix));
    std::uint32_t record = kNoSpace;
    if (!(prefix.empty() && uri.empty())) record = static_cast<std::uint32_t>(doc_.spaces.size());
    if (!scope_.bind(prefix, record, element)) return malformed(fmt::format("the prefix '{}' is declared twice", prefix));
    const auto declared = static_cast<std::uint32_t>(doc_.spaces.size());
    if (held() > memory_limit_) return too_much("too many namespace declarations");
    doc_.spaces.push_back(Space{prefix, uri, kNone});
    std::uint32_t* link = &doc_.at(element).inner.declarations;
    if (*link != kNone) link = &doc_.spaces[declared - 1].next;
    *link = declared;
    return true;
  }
  std::size_t held() const noexcept {
    return doc_.nodes.size() * sizeof(Node) + doc_.spaces.size() * sizeof(Space) + doc_.text_bytes;
  }
  bool resolve_attributes(NodeId first) {
    for (std::size_t i = 0; i < prefixes_.size(); ++i) {
      if (prefixes_[i].empty()) continue;
      const std::uint32_t space = scope_.find(prefixes_[i]);
      if (space == kNone) return malformed(fmt::format("the prefix '{}' is not declared", prefixes_[i]));
      doc_.at(first + static_cast<NodeId>(i)).space = space;
    }
    return true;
  }
  bool same_name(NodeId a, NodeId b) const noexcept {
    const Node& x = doc_.at(a);
    const Node& y = doc_.at(b);
    return x.local() == y.local() && (x.space == y.space || doc_.spaces[x.space].uri == doc_.spaces[y.space].uri);
  }
  bool unique_attributes(NodeId first) {
    const auto last = static_cast<NodeId>(doc_.nodes.size());
    if (last - first <= 8) {
      for (NodeId a = first; a < last; ++a)
        for (NodeId b = first; b < a; ++b)
          if (same_name(a, b)) return duplicate(a);
      return true;
    }
    std::vector<NodeId> sorted(last - first);
    std::iota(sorted.begin(), sorted.end(), first);
    std::sort(sorted.begin(), sorted.end(), [this](NodeId a, NodeId b) {
      const int order = doc_.at(a).local().compare(doc_.at(b).local());
      return order != 0 ? order < 0 : doc_.spaces[doc_.at(a).space].uri < doc_.spaces[doc_.at(b).space].uri;
    });
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (same_name(sorted[i - 1], sorted[i])) return duplicate(sorted[i]);
    return true;
  }
  bool duplicate(NodeId attribute) {
    return malformed(fmt::format("the attribute '{}' stands twice", doc_.at(attribute).local()));
  }

  // --- text -------------------------------------------------------------------------------------
  bool text() {
    const char* first = at_;
    const char* start = at_;
    bool plain = true;
    for (;;) {
      while (!is(*at_, kTextStop)) ++at_;
      if (*at_ == ']') {
        if (starts("]]>")) return malformed("']]>' in text");
        ++at_;
        continue;
      }
      const bool cdata = *at_ == '<' && at_[1] == '!' && starts("<![CDATA[");
      if (*at_ == '\0' || (*at_ == '<' && !cdata)) break;
      if (plain) buffer_.clear();
      plain = false;
      buffer_.append(start, at_);
      if (cdata ? !cdata_section() : *at_ == '&' ? !reference() : !line_end()) return false;
      start = at_;
    }
    if (!plain) buffer_.append(start, at_);
    if (!plain && buffer_.empty()) return true;  // an empty CDATA section alone is no text
    NodeId id = kNone;
    if (!add_child(Kind::text, first, id)) return false;
    doc_.at(id).end = offset();
    doc_.set_leaf(id, plain ? std::string_view(start, static_cast<std::size_t>(at_ - start)) : doc_.keep(buffer_));
    return true;
  }
  bool line_end() {
    buffer_ += '\n';
    at_ += at_[1] == '\n' ? 2 : 1;
    return true;
  }
  bool cdata_section() {
    at_ += 9;
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    const std::size_t close = rest.find("]]>");
    if (close == std::string_view::npos) return malformed("a CDATA section is not closed");
    append_uniform(rest.substr(0, close));
    at_ += close + 3;
    return true;
  }
  /// `&name;` or `&#n;` at the current place, appended to the buffer.
  bool reference() {
    if (at_[1] == '#') return character_reference();
    const std::string_view near(at_ + 1, std::min<std::size_t>(5, static_cast<std::size_t>(end_ - at_ - 1)));
    static constexpr std::pair<std::string_view, char> kEntities[] = {
        {"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    for (const auto& [name, c] : kEntities)
      if (near.starts_with(name)) {
        buffer_ += c;
        at_ += 1 + name.size();
        return true;
      }
    return malformed("an undefined entity or a bare '&'");
  }
  bool character_reference() {
    const bool hex = at_[2] == 'x';
    const char* digit = at_ + (hex ? 3 : 2);
    const char* start = digit;
    std::uint32_t point = 0;
    for (; point <= 0x10FFFF; ++digit) {
      const char c = text::lower(*digit);
      if (c >= '0' && c <= '9')
        point = point * (hex ? 16 : 10) + static_cast<std::uint32_t>(c - '0');
      else if (hex && c >= 'a' && c <= 'f')
        point = point * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      else
        break;
    }
    if (digit == start || *digit != ';' || !is_xml_char(point)) return malformed("a bad character reference");
    text::append_utf8(buffer_, point);
    at_ = digit + 1;
    return true;
  }

  // --- comments and instructions ------------------------------------------------------------------
  bool comment() {
    const char* start = at_;
    const std::string_view rest(at_ + 4, static_cast<std::size_t>(end_ - at_ - 4));
    const std::size_t close = rest.find("--");
    if (close == std::string_view::npos || close + 2 >= rest.size() || rest[close + 2] != '>')
      return malformed(close == std::string_view::npos ? "a comment is not closed" : "'--' in a comment");
    at_ += close + 7;
    NodeId id = kNone;
    if (!add_child(Kind::comment, start, id)) return false;
    doc_.at(id).end = offset();
    doc_.set_leaf(id, uniform(rest.substr(0, close)));
    return true;
  }
  bool instruction() {
    const char* start = at_;
    at_ += 2;
    std::string_view target;
    if (!ncname(target)) return false;
    if (target.size() > limits_.name_bytes) return too_much("name too long");
    if (text::iequals(target, "xml")) return malformed("an XML declaration is only allowed at the very start");
    const bool blank = skip_blanks();
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    const std::size_t close = rest.find("?>");
    if (close == std::string_view::npos) return malformed("a processing instruction is not closed");
    if (!blank && close != 0) return malformed("a bad character in the target of a processing instruction");
    at_ += close + 2;
    NodeId id = kNone;
    if (!add_child(Kind::instruction, start, id)) return false;
    Node& node = doc_.at(id);
    node.name = target.data();
    node.name_size = static_cast<std::uint32_t>(target.size());
    node.end = offset();
    doc_.set_leaf(id, uniform(rest.substr(0, close)));
    return true;
  }

  Storage& doc_;
  const Limits& limits_;
  const char* begin_;
  const char* at_;
  const char* end_;
  Scope<std::uint32_t> scope_;
  std::size_t node_limit_ = 0;
  std::size_t memory_limit_ = 0;
  NodeId current_ = 0;
  std::uint32_t depth_ = 0;
  bool seen_root_ = false;
  std::string buffer_;
  std::vector<std::string_view> prefixes_;  ///< of the attributes of the current tag
  Fault fault_;
};

}  // namespace

Result<void> parse_into(Storage& document, const Limits& limits) {
  return Parser(document, limits).run();
}

}  // namespace myelin::tree
