#pragma once
// JSON of a message: a compact read-only tree in document order, and the conversions between JSON
// and XML (expressions reference, 6.4 and 6.5). Parsed by RapidJSON: strict UTF-8, no comments, no
// NaN, depth and number length limited (REL-099). The text of numbers is kept, so 1.50 stays 1.50.
// All walks are iterative (REL-100). A document is immutable after parse() and may be shared.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/message/tree.hpp"

namespace myelin {

class JsonDocument {
 public:
  /// Nodes are numbered in document order; a container is followed by its content.
  using Id = std::uint32_t;
  static constexpr Id kNone = ~Id{0};
  enum class Kind : std::uint8_t { null, boolean, number, string, object, array };

  struct Limits {
    std::uint32_t depth = 256;
    std::uint32_t number_bytes = 1000;
    std::uint32_t nodes = 1'000'000;
  };

  /// One change for write_edited(). `text` is JSON for replace and append, the new key for rename.
  /// append adds an item to an array, or to an object the member `key`.
  struct Edit {
    enum class Kind : std::uint8_t { replace, remove, rename, append };
    Kind kind = Kind::replace;
    Id node = 0;
    std::string text;
    std::string key;
  };

  /// Faults: code::kParse with status 400 (malformed, too deep) or 413 (too many nodes).
  static Result<std::shared_ptr<const JsonDocument>> parse(std::string_view text, const Limits& limits);
  static Result<std::shared_ptr<const JsonDocument>> parse(std::string_view text) {
    return parse(text, Limits());
  }

  Id root() const noexcept { return 0; }
  Kind kind(Id id) const noexcept { return nodes_[id].kind; }
  bool is_container(Id id) const noexcept { return kind(id) >= Kind::object; }
  /// A string's content, or the text of a number, boolean or null; empty for containers.
  std::string_view text(Id id) const noexcept {
    return is_container(id) ? std::string_view{} : slice(nodes_[id].text, nodes_[id].size);
  }
  /// Member name; empty for array items and the root.
  std::string_view key(Id id) const noexcept { return slice(nodes_[id].key, nodes_[id].key_size); }
  /// Number of members or items.
  std::size_t size(Id id) const noexcept { return is_container(id) ? nodes_[id].size : 0; }
  Id first(Id id) const noexcept { return size(id) > 0 ? id + 1 : kNone; }
  /// One past the last node inside `id`: the next sibling when `id` is not the last child.
  Id end(Id id) const noexcept { return nodes_[id].end; }
  /// The member of that name (the last one when the name is repeated, as Gson reads it), or kNone.
  Id member(Id object, std::string_view name) const noexcept;
  Id item(Id array, std::size_t index) const noexcept;  ///< kNone past the end

  /// Compact JSON text of a node.
  void write(Id id, std::string& to) const { write_edited(id, {}, to); }
  std::string json(Id id) const {
    std::string out;
    write(id, out);
    return out;
  }
  /// The same with changes; edits of nodes inside a replaced or removed node are ignored.
  void write_edited(Id id, std::span<const Edit> edits, std::string& to) const;

 private:
  friend class JsonBuilder;
  struct Node {
    std::uint32_t text = 0;  // where its text begins in texts_
    std::uint32_t size = 0;  // bytes of text, or number of children
    std::uint32_t end = 0;
    std::uint32_t key = 0;
    std::uint32_t key_size = 0;
    Kind kind = Kind::null;
  };
  std::string_view slice(std::uint32_t at, std::uint32_t size) const noexcept {
    return std::string_view(texts_).substr(at, size);
  }

  std::vector<Node> nodes_;
  std::string texts_;
};

namespace json {

/// An XML element name for a member name, and back (`_JsonReader_PD_`, `_JsonReader_PS_`,
/// `_JsonReader_<code>_`). Faults: code::kParse when no document may have so long a name (REL-092).
Result<std::string> xml_name(std::string_view key);
std::string key_name(std::string_view element);
/// jsonObject, jsonArray or jsonValue.
bool is_root_name(std::string_view local) noexcept;

/// The XML view: a detached jsonObject, jsonArray or jsonValue element of `into`. Faults: code::kParse
/// when it would be too deep or too large.
Result<tree::NodeId> to_xml(const JsonDocument& document, tree::Document& into);
/// JSON text of an element: `<a>5</a>` is {"a":5}; the wrapper elements of to_xml() vanish. Faults on
/// mixed content.
Result<std::string> from_xml(const tree::Document& document, tree::NodeId element);
/// The JSON literal an element's text stands for: number, true, false, null, else a quoted string.
std::string primitive(std::string_view text);

}  // namespace json
}  // namespace myelin
