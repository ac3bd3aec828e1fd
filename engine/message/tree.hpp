#pragma once
// The XML of a message: an arena tree. Nodes are indices into one vector, texts are slices of the
// kept source buffer or of the document's own string arena. Parsing is strict: namespace
// well-formed XML 1.0 in UTF-8, no DTD, depth, attribute and node counts limited (REL-090..095);
// other encodings are transcoded by Xerces first. Subtrees that nobody edits are written back with
// their original bytes.
//
// A Document belongs to one message (one shard); it is not thread safe. NodeIds stay valid for the
// life of the document; a detached node stays readable. Attributes are nodes of kind `attribute`
// (own list), namespace declarations are kept apart and are no XPath attributes.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"

namespace myelin::tree {

using NodeId = std::uint32_t;
inline constexpr NodeId kNone = ~NodeId{0};

enum class Kind : std::uint8_t { document, element, attribute, text, comment, instruction };

struct Limits {
  std::uint32_t depth = 256;
  std::uint32_t attributes = 1000;       ///< per element
  std::uint32_t name_bytes = 1024;
  std::uint32_t attribute_bytes = 1 << 20;
  std::uint32_t nodes = 1'000'000;
};

struct Storage;  // engine/message/tree_impl.hpp

class Document {
 public:
  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  /// Parses a whole document. Faults: code::kParse, with status 400 (malformed), 413 (limits),
  /// 415 (encoding). `charset` from the Content-Type, empty: by BOM or XML declaration, else UTF-8.
  static Result<std::shared_ptr<Document>> parse(std::string bytes, std::string_view charset = {},
                                                 const Limits& limits = {});

  /// A deep copy of the whole document; NodeIds are the same in the copy.
  std::shared_ptr<Document> clone() const;

  // --- reading --------------------------------------------------------------------------------
  NodeId document() const noexcept { return 0; }  ///< the document node
  NodeId root() const noexcept;                   ///< its first element child, or kNone
  Kind kind(NodeId) const noexcept;
  std::string_view local(NodeId) const noexcept;   ///< local name; target of an instruction
  std::string_view prefix(NodeId) const noexcept;
  std::string_view ns(NodeId) const noexcept;      ///< namespace URI, empty for none
  /// Text, comment, attribute and instruction content; empty for elements.
  std::string_view value(NodeId) const noexcept;
  NodeId parent(NodeId) const noexcept;  ///< of an attribute: its element
  NodeId first_child(NodeId) const noexcept;
  NodeId last_child(NodeId) const noexcept;
  NodeId next(NodeId) const noexcept;      ///< sibling (attributes: next attribute)
  NodeId previous(NodeId) const noexcept;
  NodeId first_attribute(NodeId element) const noexcept;
  NodeId first_element(NodeId parent) const noexcept;  ///< first child that is an element
  NodeId next_element(NodeId) const noexcept;
  /// Child element by namespace and local name, or kNone.
  NodeId child(NodeId parent, std::string_view ns, std::string_view local) const noexcept;
  NodeId attribute(NodeId element, std::string_view ns, std::string_view local) const noexcept;
  /// XPath string value: all descendant text.
  std::string string_value(NodeId) const;
  /// Only the text directly inside an element.
  std::string direct_text(NodeId element) const;
  /// Namespace bound to `prefix` at `element`; empty when unbound.
  std::string_view resolve(NodeId element, std::string_view prefix) const noexcept;
  /// (prefix, URI) declared on this very element.
  std::vector<std::pair<std::string_view, std::string_view>> declarations(NodeId element) const;
  /// Negative, zero or positive as `a` stands before, at or behind `b` in document order.
  int order(NodeId a, NodeId b) const noexcept;
  std::size_t memory() const noexcept;  ///< bytes held, for REL-093

  // --- editing: marks ancestors as changed, so that they are no longer written verbatim ----------
  NodeId create_element(std::string_view ns, std::string_view prefix, std::string_view local);
  NodeId create_text(std::string_view text);
  void declare(NodeId element, std::string_view prefix, std::string_view ns);
  NodeId set_attribute(NodeId element, std::string_view ns, std::string_view prefix, std::string_view local,
                       std::string_view value);
  void set_value(NodeId text_or_attribute, std::string_view value);
  /// Replaces all children of an element by one text.
  void set_text(NodeId element, std::string_view text);
  void append(NodeId parent, NodeId child);         ///< child must be detached
  void insert_before(NodeId sibling, NodeId node);
  void insert_after(NodeId sibling, NodeId node);
  void detach(NodeId node);                         ///< attributes too
  void remove_children(NodeId element);
  void rename(NodeId element, std::string_view ns, std::string_view prefix, std::string_view local);
  /// Copies a subtree of another (or this) document; the copy is detached and declares every
  /// namespace it uses that its new place may lack.
  NodeId import(const Document& from, NodeId node);
  /// Parses a fragment (one root element) and returns it detached.
  Result<NodeId> import_xml(std::string_view xml);

  // --- writing ----------------------------------------------------------------------------------
  /// The subtree as it stands, without XML declaration. An element written away from its ancestors
  /// declares the namespaces it uses.
  void write(NodeId node, std::string& to) const;
  std::string xml(NodeId node) const;

  const Storage& storage() const noexcept { return *impl_; }  ///< for the XPath engine

 private:
  std::unique_ptr<Storage> impl_;
};

/// A node of some document. `owner` is set when the document is not the message's own envelope.
struct NodeRef {
  const Document* document = nullptr;
  NodeId id = kNone;
  bool operator==(const NodeRef&) const = default;
};

}  // namespace myelin::tree
