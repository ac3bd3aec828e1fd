#include "engine/message/json.hpp"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/text.hpp"

namespace myelin {

namespace {
Fault refused(int status, std::string why) {
  Fault fault(code::kParse, "Error while parsing the JSON payload", std::move(why));
  fault.status = status;
  return fault;
}

/// RapidJSON lets "\\udc00" through when no first half stands before it.
bool has_lone_half(std::string_view utf8) noexcept {
  for (auto at = utf8.find('\xED'); at != std::string_view::npos; at = utf8.find('\xED', at + 1))
    if (at + 1 < utf8.size() && static_cast<unsigned char>(utf8[at + 1]) >= 0xA0) return true;
  return false;
}
}  // namespace

/// Receives RapidJSON's events; a false return ends the parse, and `fault` says why.
class JsonBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, JsonBuilder> {
 public:
  using Kind = JsonDocument::Kind;

  JsonBuilder(JsonDocument& document, const JsonDocument::Limits& limits)
      : document_(document), limits_(limits) {}

  std::optional<Fault> fault;

  bool Null() { return scalar(Kind::null, "null"); }
  bool Bool(bool value) { return scalar(Kind::boolean, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    if (size > limits_.number_bytes)
      return refuse(400, fmt::format("a number has more than {} characters", limits_.number_bytes));
    return scalar(Kind::number, std::string_view(text, size));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return whole({text, size}) && scalar(Kind::string, std::string_view(text, size));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!whole({text, size})) return false;
    key_ = keep(std::string_view(text, size));
    key_size_ = size;
    return true;
  }
  bool StartObject() { return open(Kind::object); }
  bool StartArray() { return open(Kind::array); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

 private:
  bool refuse(int status, std::string why) {
    fault = refused(status, std::move(why));
    return false;
  }
  bool whole(std::string_view text) {
    return !has_lone_half(text) || refuse(400, "an escape names half a character");
  }
  std::uint32_t keep(std::string_view text) {
    const auto at = static_cast<std::uint32_t>(document_.texts_.size());
    document_.texts_ += text;
    return at;
  }
  bool add(Kind kind, std::uint32_t text, std::uint32_t size) {
    if (document_.nodes_.size() >= limits_.nodes)
      return refuse(413, fmt::format("more than {} values", limits_.nodes));
    if (!open_.empty()) ++document_.nodes_[open_.back()].size;
    JsonDocument::Node node;
    node.kind = kind;
    node.text = text;
    node.size = size;
    node.key = key_;
    node.key_size = key_size_;
    node.end = static_cast<std::uint32_t>(document_.nodes_.size() + 1);
    document_.nodes_.push_back(node);
    key_ = key_size_ = 0;
    return true;
  }
  bool scalar(Kind kind, std::string_view text) {
    const std::uint32_t at = keep(text);
    return add(kind, at, static_cast<std::uint32_t>(text.size()));
  }
  bool open(Kind kind) {
    if (open_.size() >= limits_.depth)
      return refuse(400, fmt::format("nested deeper than {}", limits_.depth));
    if (!add(kind, 0, 0)) return false;
    open_.push_back(static_cast<JsonDocument::Id>(document_.nodes_.size() - 1));
    return true;
  }
  bool close() {
    document_.nodes_[open_.back()].end = static_cast<std::uint32_t>(document_.nodes_.size());
    open_.pop_back();
    return true;
  }

  JsonDocument& document_;
  const JsonDocument::Limits& limits_;
  std::vector<JsonDocument::Id> open_;
  std::uint32_t key_ = 0;
  std::uint32_t key_size_ = 0;
};

Result<std::shared_ptr<const JsonDocument>> JsonDocument::parse(std::string_view text, const Limits& limits) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.size() > 0x7FFF'FFFF) return refused(413, "more than 2 GiB");

  auto document = std::make_shared<JsonDocument>();
  document->texts_.reserve(text.size());
  document->nodes_.reserve(text.size() / 16 + 1);
  JsonBuilder builder(*document, limits);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (builder.fault) return std::move(*builder.fault);
  if (result.IsError())
    return refused(
        400, fmt::format("{} (at byte {})", rapidjson::GetParseError_En(result.Code()), result.Offset()));
  // The stream shows a NUL byte where it ends: one inside the text would hide what follows it.
  if (stream.Tell() != text.size()) return refused(400, fmt::format("NUL byte (at byte {})", stream.Tell()));
  return std::shared_ptr<const JsonDocument>(std::move(document));
}

JsonDocument::Id JsonDocument::member(Id object, std::string_view name) const noexcept {
  Id found = kNone;
  if (kind(object) != Kind::object) return found;
  for (Id at = object + 1; at < end(object); at = end(at))
    if (key(at) == name) found = at;
  return found;
}

JsonDocument::Id JsonDocument::item(Id array, std::size_t index) const noexcept {
  if (index >= size(array)) return kNone;
  Id at = array + 1;
  for (; index > 0; --index) at = end(at);
  return at;
}

namespace {

void write_string(std::string_view text, std::string& to) {
  to += '"';
  to += text::json_escape(text);
  to += '"';
}

/// The edits by node, for one walk in document order.
class Edits {
 public:
  using Edit = JsonDocument::Edit;
  explicit Edits(std::span<const Edit> edits) {
    for (const Edit& edit : edits) sorted_.push_back(&edit);
    std::stable_sort(sorted_.begin(), sorted_.end(),
                     [](const Edit* a, const Edit* b) { return a->node < b->node; });
  }
  const Edit* find(JsonDocument::Id node, Edit::Kind kind) const noexcept {
    const Edit* found = nullptr;
    for (auto at = lower(node); at != sorted_.end() && (*at)->node == node; ++at)
      if ((*at)->kind == kind) found = *at;
    return found;
  }
  template <class Visit>
  void appended(JsonDocument::Id node, Visit visit) const {
    for (auto at = lower(node); at != sorted_.end() && (*at)->node == node; ++at)
      if ((*at)->kind == Edit::Kind::append) visit(**at);
  }

 private:
  std::vector<const Edit*>::const_iterator lower(JsonDocument::Id node) const noexcept {
    return std::lower_bound(sorted_.begin(), sorted_.end(), node,
                            [](const Edit* edit, JsonDocument::Id id) { return edit->node < id; });
  }
  std::vector<const Edit*> sorted_;
};

struct OpenContainer {
  JsonDocument::Id id;
  bool object;
  bool empty = true;  // nothing was written into it yet
};

}  // namespace

void JsonDocument::write_edited(Id id, std::span<const Edit> edits, std::string& to) const {
  const Edits changes(edits);
  std::vector<OpenContainer> open;
  const auto separate = [&] {
    if (open.empty()) return;
    if (!open.back().empty) to += ',';
    open.back().empty = false;
  };
  const auto close = [&] {
    const bool object = open.back().object;
    changes.appended(open.back().id, [&](const Edit& edit) {
      separate();
      if (object) {
        write_string(edit.key, to);
        to += ':';
      }
      to += edit.text;
    });
    to += object ? '}' : ']';
    open.pop_back();
  };

  const Id last = end(id);
  for (Id at = id; at < last;) {
    while (!open.empty() && at == end(open.back().id)) close();
    if (changes.find(at, Edit::Kind::remove)) {
      at = end(at);
      continue;
    }
    separate();
    if (!open.empty() && open.back().object) {
      const Edit* rename = changes.find(at, Edit::Kind::rename);
      write_string(rename ? std::string_view(rename->text) : key(at), to);
      to += ':';
    }
    if (const Edit* replace = changes.find(at, Edit::Kind::replace)) {
      to += replace->text;
      at = end(at);
    } else if (is_container(at)) {
      to += kind(at) == Kind::object ? '{' : '[';
      open.push_back(OpenContainer{at, kind(at) == Kind::object});
      ++at;
    } else {
      if (kind(at) == Kind::string)
        write_string(text(at), to);
      else
        to += text(at);
      ++at;
    }
  }
  while (!open.empty()) close();
}

// --- names --------------------------------------------------------------------------------------

namespace json {

namespace {

constexpr std::string_view kMark = "_JsonReader_";
constexpr std::string_view kDigitMark = "_JsonReader_PD_";
constexpr std::string_view kDollarMark = "_JsonReader_PS_";
constexpr std::string_view kEmptyMark = "_JsonReader_";
constexpr std::string_view kObject = "jsonObject";
constexpr std::string_view kArray = "jsonArray";
constexpr std::string_view kValue = "jsonValue";
constexpr std::string_view kItem = "jsonElement";
constexpr std::uint32_t kMaxDepth = tree::Limits{}.depth;
constexpr std::uint32_t kMaxNodes = tree::Limits{}.nodes;
constexpr std::uint32_t kMaxAttributes = tree::Limits{}.attributes;
constexpr std::uint32_t kMaxAttribute = tree::Limits{}.attribute_bytes;
constexpr std::uint32_t kMaxName = tree::Limits{}.name_bytes;

struct CharRange {
  std::uint32_t from, to;
};
// XML 1.0 (fifth edition) NameStartChar and NameChar without the colon.
constexpr CharRange kNameStart[] = {{'A', 'Z'},       {'_', '_'},       {'a', 'z'},        {0xC0, 0xD6},
                                    {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},    {0x37F, 0x1FFF},
                                    {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},  {0x3001, 0xD7FF},
                                    {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}};
constexpr CharRange kNameMore[] = {{'-', '.'}, {'0', '9'}, {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}};

bool within(std::uint32_t point, std::span<const CharRange> ranges) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [point](const CharRange& range) { return point >= range.from && point <= range.to; });
}

/// Code point at the front of valid UTF-8, which is removed from `text`.
std::uint32_t take_point(std::string_view& text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  size = std::min(size, text.size());
  std::uint32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  text.remove_prefix(size);
  return point;
}

void append_name(std::string& to, std::string_view text, bool at_start) {
  while (!text.empty()) {
    const std::string_view before = text;
    const std::uint32_t point = take_point(text);
    if (within(point, kNameStart) || (!at_start && within(point, kNameMore)))
      to += before.substr(0, before.size() - text.size());
    else
      to += fmt::format("{}{}_", kMark, point);
    at_start = false;
  }
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::string> xml_name(std::string_view key) {
  if (key.empty()) return std::string(kEmptyMark);
  std::string name;
  if (is_digit(key.front())) {
    name = kDigitMark;
    append_name(name, key, false);
  } else if (key.front() == '$') {
    name = kDollarMark;
    append_name(name, key.substr(1), false);
  } else {
    append_name(name, key, true);
  }
  if (name.size() > kMaxName) return refused(400, fmt::format("a name has as XML more than {} bytes", kMaxName));
  return name;
}

std::string key_name(std::string_view element) {
  if (element == kEmptyMark) return {};
  std::string key;
  if (element.starts_with(kDigitMark)) {
    element.remove_prefix(kDigitMark.size());
  } else if (element.starts_with(kDollarMark)) {
    element.remove_prefix(kDollarMark.size());
    key = '$';
  }
  for (std::size_t at; (at = element.find(kMark)) != std::string_view::npos;) {
    const std::string_view digits = element.substr(at + kMark.size());
    std::uint32_t point = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), point);
    const bool character = point < 0x110000 && (point < 0xD800 || point > 0xDFFF);
    const bool encoded = error == std::errc{} && end != digits.data() + digits.size() && *end == '_' && character;
    key += element.substr(0, encoded ? at : at + kMark.size());
    if (encoded) text::append_utf8(key, point);
    element = encoded ? digits.substr(static_cast<std::size_t>(end - digits.data()) + 1) : digits;
  }
  key += element;
  return key;
}

bool is_root_name(std::string_view local) noexcept {
  return local == kObject || local == kArray || local == kValue;
}

// --- JSON to XML ----------------------------------------------------------------------------------

namespace {

/// Where the values of one JSON container go: children of `parent`, named after their key, or all
/// of them `item` when the container is an array.
struct Place {
  JsonDocument::Id end;
  tree::NodeId parent;
  bool array;
  std::string item;
  std::uint32_t depth;  // of parent in the envelope
  std::uint32_t attributes = 0;  // of parent
};

class XmlWriter {
 public:
  XmlWriter(const JsonDocument& from, tree::Document& into) : from_(from), into_(into) {}

  Result<tree::NodeId> run() {
    constexpr std::uint32_t kRootDepth = 3;  // Envelope, Body, root
    const auto root = from_.root();
    if (!from_.is_container(root)) {
      const tree::NodeId element = into_.create_element({}, {}, kValue);
      into_.set_text(element, from_.json(root));
      return element;
    }
    const bool array = from_.kind(root) == JsonDocument::Kind::array;
    const tree::NodeId element = into_.create_element({}, {}, array ? kArray : kObject);
    enter(root, element, array ? std::string(kItem) : std::string(), kRootDepth);
    for (JsonDocument::Id at = root + 1; at < from_.end(root);) {
      while (at == places_.back().end) places_.pop_back();
      if (places_.back().depth >= kMaxDepth)
        return refused(400, fmt::format("as XML it is nested deeper than {}", kMaxDepth));
      if (++nodes_ > kMaxNodes)
        return refused(413, fmt::format("as XML it has more than {} nodes", kMaxNodes));
      at = value(at);
      if (fault_) return std::move(*fault_);
    }
    return element;
  }

 private:
  using Kind = JsonDocument::Kind;

  void enter(JsonDocument::Id container, tree::NodeId parent, std::string item, std::uint32_t depth) {
    places_.push_back(
        Place{from_.end(container), parent, from_.kind(container) == Kind::array, std::move(item), depth, 0});
  }

  /// Writes one value into the innermost place; returns the next one to write.
  JsonDocument::Id value(JsonDocument::Id at) {
    const Place& place = places_.back();
    const std::string_view key = place.array ? std::string_view() : from_.key(at);
    if (!from_.is_container(at) && special(at, key, place.parent)) return at + 1;
    std::string name = place.array ? place.item : name_of(key);
    const std::uint32_t depth = place.depth;
    const tree::NodeId parent = place.parent;
    if (from_.kind(at) == Kind::array && !place.array) {
      enter(at, parent, std::move(name), depth);
      return at + 1;
    }
    const tree::NodeId element = into_.create_element({}, {}, name);
    into_.append(parent, element);
    if (from_.kind(at) == Kind::array) {
      const tree::NodeId inner = into_.create_element({}, {}, kArray);
      into_.append(element, inner);
      enter(at, inner, std::string(kItem), depth + 2);
    } else if (from_.kind(at) == Kind::object) {
      enter(at, element, {}, depth + 1);
    } else {
      set_text(element, at);
    }
    return at + 1;
  }

  /// `"@x"` is an attribute, `"$"` the element's own text.
  bool special(JsonDocument::Id at, std::string_view key, tree::NodeId element) {
    if (key.size() > 1 && key.front() == '@') {
      const std::string_view value = from_.kind(at) == Kind::null ? std::string_view() : from_.text(at);
      const std::string name = name_of(key.substr(1));
      if (++places_.back().attributes > kMaxAttributes || value.size() > kMaxAttribute)
        fault_ = refused(400, fmt::format("as XML an element has more than {} attributes, or one of more than {} bytes",
                                          kMaxAttributes, kMaxAttribute));
      if (!fault_) into_.set_attribute(element, {}, {}, name, value);
      return true;
    }
    if (key != "$") return false;
    if (from_.kind(at) != Kind::null && !from_.text(at).empty())
      into_.append(element, into_.create_text(from_.text(at)));
    return true;
  }

  /// Empty after a fault.
  std::string name_of(std::string_view key) {
    auto name = xml_name(key);
    if (name) return std::move(*name);
    fault_ = std::move(name).fault();
    return {};
  }

  void set_text(tree::NodeId element, JsonDocument::Id at) {
    if (from_.kind(at) == Kind::null || from_.text(at).empty()) return;
    into_.append(element, into_.create_text(from_.text(at)));
    ++nodes_;
  }

  const JsonDocument& from_;
  tree::Document& into_;
  std::vector<Place> places_;
  std::uint32_t nodes_ = 0;
  std::optional<Fault> fault_;
};

}  // namespace

Result<tree::NodeId> to_xml(const JsonDocument& document, tree::Document& into) {
  return XmlWriter(document, into).run();
}

// --- XML to JSON ----------------------------------------------------------------------------------

namespace {

/// Parts of a number as JSON writes it; nullopt when the text is none.
struct Decimal {
  bool negative = false;
  std::string_view whole, fraction;
  std::string_view exponent;  // with sign, empty when there is none
};

std::string_view take_digits(std::string_view& text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

std::optional<Decimal> parse_decimal(std::string_view text) noexcept {
  Decimal number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  number.whole = take_digits(text);
  if (number.whole.empty() || (number.whole.size() > 1 && number.whole.front() == '0')) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
    if (number.fraction.empty()) return std::nullopt;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    number.exponent = text;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (take_digits(text).empty()) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

constexpr std::int64_t kLargestExponent = 308;  // that a reader of JSON takes

/// As Java's BigDecimal prints a number that was written with an exponent; nullopt when the
/// exponent does not fit.
std::optional<std::string> big_decimal(const Decimal& number) {
  std::string_view exponent_text = number.exponent;
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  const auto exponent = text::parse_int(exponent_text);
  if (!exponent) return std::nullopt;
  std::string digits(number.whole);
  digits += number.fraction;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const std::int64_t scale = static_cast<std::int64_t>(number.fraction.size()) - *exponent;
  const std::int64_t adjusted = static_cast<std::int64_t>(digits.size()) - 1 - scale;
  if (adjusted > kLargestExponent) return std::nullopt;
  std::string out = number.negative && digits != "0" ? "-" : "";
  if (scale == 0) return out + digits;
  if (scale > 0 && adjusted >= -6) {
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
    return out + digits;
  }
  out += digits.front();
  if (digits.size() > 1) out += "." + digits.substr(1);
  return out + fmt::format("E{:+}", adjusted);
}

std::optional<std::string> number_text(std::string_view text) {
  if (text.size() > JsonDocument::Limits{}.number_bytes) return std::nullopt;
  const auto number = parse_decimal(text);
  if (!number) return std::nullopt;
  if (!number->exponent.empty()) return big_decimal(*number);
  const bool zero = text.find_first_not_of("-0.") == std::string_view::npos;
  return std::string(number->negative && zero ? text.substr(1) : text);
}

bool blank(std::string_view text) noexcept { return text::trim(text).empty(); }

struct Level {
  tree::NodeId next;  // child node to look at
  bool array = false;
  bool empty = true;             // nothing was written into it yet
  bool run = false;              // inside [...] of siblings of one name
  bool run_ends = false;         // the sibling being written is the last of them
  std::string_view forced = {};  // name announced by <?xml-multiple name?>, not met yet
};

class JsonWriter {
 public:
  explicit JsonWriter(const tree::Document& from) : from_(from) {}

  Result<std::string> run(tree::NodeId root) {
    const std::string_view local = from_.local(root);
    if (local == kValue) return raw(from_.direct_text(root));
    const bool wrapper = is_root_name(local);
    if (!wrapper) {
      out_ += '{';
      write_key(local);
    }
    bool fine = value(root);
    while (fine && !levels_.empty()) fine = step();
    if (!fine) return std::move(*fault_);
    if (!wrapper) out_ += '}';
    return std::move(out_);
  }

 private:
  /// jsonValue holds the JSON text itself.
  static std::string raw(const std::string& text) {
    return JsonDocument::parse(text) ? text : primitive(text);
  }

  void write_key(std::string_view local) {
    write_string(key_name(local), out_);
    out_ += ':';
  }
  void separate(Level& level) {
    if (!level.empty) out_ += ',';
    level.empty = false;
  }
  /// `<?xml-multiple name?>` that no element of that name followed: an empty array.
  void write_forced(Level& level) {
    separate(level);
    write_key(level.forced);
    out_ += "[]";
    level.forced = {};
  }

  /// Writes a scalar, or opens a level for an element that is an object or array. False: fault.
  bool value(tree::NodeId element) {
    element = unwrap(element);
    const std::string_view local = from_.local(element);
    const tree::NodeId child = from_.first_element(element);
    const bool attributes = from_.first_attribute(element) != tree::kNone;
    if (local == kArray) return open(element, true);
    const std::string text = from_.direct_text(element);
    if (child == tree::kNone && !attributes && !multiple_inside(element)) {
      out_ += blank(text) ? "null" : primitive(text);
      return true;
    }
    if (child != tree::kNone && !blank(text)) {
      fault_ = Fault(code::kParse, "Error while converting XML to JSON",
                     fmt::format("element '{}' has mixed content", local));
      return false;
    }
    open(element, false);
    write_attributes(element, text);
    return true;
  }

  bool open(tree::NodeId element, bool array) {
    out_ += array ? '[' : '{';
    Level level;
    level.next = from_.first_child(element);
    level.array = array;
    levels_.push_back(level);
    return true;
  }

  void write_attributes(tree::NodeId element, std::string_view text) {
    Level& level = levels_.back();
    for (tree::NodeId at = from_.first_attribute(element); at != tree::kNone; at = from_.next(at)) {
      separate(level);
      write_string("@" + key_name(from_.local(at)), out_);
      out_ += ':';
      write_string(from_.value(at), out_);
    }
    if (blank(text)) return;
    separate(level);
    out_ += "\"$\":" + primitive(text);
  }

  /// `<a><jsonObject>…</jsonObject></a>` stands for what the wrapper holds.
  tree::NodeId unwrap(tree::NodeId element) const {
    for (;;) {
      const tree::NodeId child = from_.first_element(element);
      if (child == tree::kNone || from_.next_element(child) != tree::kNone) return element;
      const std::string_view local = from_.local(child);
      if ((local != kObject && local != kArray) || from_.local(element) == kArray) return element;
      if (from_.first_attribute(element) != tree::kNone || !blank(from_.direct_text(element))) return element;
      element = child;
    }
  }

  /// The name an xml-multiple instruction announces, empty for any other node.
  std::string_view multiple(tree::NodeId node) const noexcept {
    if (from_.kind(node) != tree::Kind::instruction || from_.local(node) != "xml-multiple") return {};
    const std::string_view name = text::trim(from_.value(node));
    return name.substr(name.find(':') + 1);
  }
  bool multiple_inside(tree::NodeId element) const noexcept {
    for (tree::NodeId at = from_.first_child(element); at != tree::kNone; at = from_.next(at))
      if (!multiple(at).empty()) return true;
    return false;
  }

  /// Goes on in the innermost level: its next child, or its end. False: fault.
  bool step() {
    Level& level = levels_.back();
    if (level.run_ends) {
      out_ += ']';
      level.run = level.run_ends = false;
    }
    for (; level.next != tree::kNone && from_.kind(level.next) != tree::Kind::element;
         level.next = from_.next(level.next)) {
      const std::string_view name = level.array || level.run ? std::string_view() : multiple(level.next);
      if (name.empty()) continue;
      if (!level.forced.empty()) write_forced(level);
      level.forced = name;
    }
    if (level.next == tree::kNone) {
      if (!level.forced.empty()) write_forced(level);
      out_ += level.array ? ']' : '}';
      levels_.pop_back();
      return true;
    }
    const tree::NodeId element = level.next;
    level.next = from_.next(element);
    if (level.array || level.run)
      separate(level);
    else
      begin_member(level, element);
    level.run_ends = level.run && !same_name_follows(element);
    return value(element);
  }

  void begin_member(Level& level, tree::NodeId element) {
    const std::string_view local = from_.local(element);
    const bool forced = level.forced == local;
    if (!level.forced.empty() && !forced) write_forced(level);
    level.forced = {};
    separate(level);
    write_key(local);
    level.run = forced || same_name_follows(element);
    if (level.run) out_ += '[';
  }

  bool same_name_follows(tree::NodeId element) const noexcept {
    const tree::NodeId next = from_.next_element(element);
    return next != tree::kNone && from_.local(next) == from_.local(element);
  }

  const tree::Document& from_;
  std::string out_;
  std::vector<Level> levels_;
  std::optional<Fault> fault_;
};

}  // namespace

std::string primitive(std::string_view text) {
  if (text == "true" || text == "false" || text == "null") return std::string(text);
  if (auto number = number_text(text)) return std::move(*number);
  std::string out;
  write_string(text, out);
  return out;
}

Result<std::string> from_xml(const tree::Document& document, tree::NodeId element) {
  if (document.local(element) == kObject && document.first_child(element) == tree::kNone &&
      document.first_attribute(element) == tree::kNone)
    return std::string("null");
  return JsonWriter(document).run(element);
}

}  // namespace json
}  // namespace myelin
