#pragma once
// What a tree::Document is made of. For the tree's own files and the axes of the XPath engine, which
// visit every node of a message; everybody else uses tree.hpp.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.hpp"
#include "engine/message/tree.hpp"

namespace myelin::tree {

inline constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view kXmlnsNamespace = "http://www.w3.org/2000/xmlns/";

/// A prefix with its URI. Elements and attributes name one; those that are declarations hang in the
/// chain of the element that carries them.
struct Space {
  std::string_view prefix;
  std::string_view uri;
  std::uint32_t next = kNone;
};
inline constexpr std::uint32_t kNoSpace = 0;   ///< record of "no namespace"
inline constexpr std::uint32_t kXmlSpace = 1;  ///< record of the prefix `xml`

/// `tag`: the node itself differs from its source bytes. `inside`: something below it does; then all
/// its ancestors have that flag as well.
enum Change : std::uint8_t { kTagChanged = 1, kInsideChanged = 2 };

struct Node {
  struct Inner {
    NodeId first, last, attributes;
    std::uint32_t declarations;
  };
  struct Leaf {
    const char* text;
    std::uint32_t size;
  };

  NodeId parent = kNone, next = kNone, previous = kNone;
  std::uint32_t space = kNoSpace;
  const char* name = nullptr;
  std::uint32_t name_size = 0;
  Kind kind = Kind::text;
  std::uint8_t changes = 0;
  union {
    Inner inner;  ///< element, document
    Leaf leaf;    ///< everything else
  };
  std::uint32_t begin = 0, end = 0;  ///< place in the source; equal: the node was made later

  explicit Node(Kind node_kind) noexcept : kind(node_kind) {
    if (has_children())
      inner = Inner{kNone, kNone, kNone, kNone};
    else
      leaf = Leaf{nullptr, 0};
  }
  bool has_children() const noexcept { return kind == Kind::element || kind == Kind::document; }
  bool from_source() const noexcept { return end > begin; }
  /// Its source bytes still say what it is.
  bool untouched() const noexcept { return from_source() && changes == 0; }
  std::string_view local() const noexcept { return {name, name_size}; }
  std::string_view value() const noexcept { return {leaf.text, leaf.size}; }
};

/// Prefixes in scope while a document is read or written: the innermost binding of a prefix is
/// found in constant time, whatever the number of declarations around it.
template <class T>
class Scope {
 public:
  explicit Scope(T unbound) : unbound_(unbound) {}

  T find(std::string_view prefix) const noexcept {
    const Entry* entry = lookup(prefix);
    return entry ? entry->value : unbound_;
  }
  /// False when `owner` bound that prefix already.
  bool bind(std::string_view prefix, T value, NodeId owner) {
    Entry& entry = make(prefix);
    if (entry.owner == owner) return false;
    undo_.push_back(Undo{static_cast<std::uint32_t>(&entry - entries_.data()), entry.owner, entry.value, owner});
    entry.value = value;
    entry.owner = owner;
    return true;
  }
  bool bound_by(std::string_view prefix, NodeId owner) const noexcept {
    const Entry* entry = lookup(prefix);
    return entry && entry->owner == owner;
  }
  /// Takes back what `owner`, the innermost element, bound.
  void leave(NodeId owner) noexcept {
    while (!undo_.empty() && undo_.back().owner == owner) {
      const Undo& last = undo_.back();
      entries_[last.entry].value = last.value;
      entries_[last.entry].owner = last.old_owner;
      undo_.pop_back();
    }
  }

 private:
  struct Entry {
    std::string_view prefix;
    T value;
    NodeId owner;
  };
  struct Undo {
    std::uint32_t entry;
    NodeId old_owner;
    T value;
    NodeId owner;
  };
  static constexpr std::size_t kLinear = 12;  // a short list is faster than any index

  const Entry* lookup(std::string_view prefix) const noexcept {
    if (entries_.size() <= kLinear) {
      for (std::size_t i = entries_.size(); i > 0; --i)
        if (entries_[i - 1].prefix == prefix) return &entries_[i - 1];
      return nullptr;
    }
    const auto found = index_.find(prefix);
    return found == index_.end() ? nullptr : &entries_[found->second];
  }
  Entry& make(std::string_view prefix) {
    if (const Entry* found = lookup(prefix)) return entries_[static_cast<std::size_t>(found - entries_.data())];
    entries_.push_back(Entry{prefix, unbound_, kNone});
    if (entries_.size() == kLinear + 1)
      for (std::size_t i = 0; i < kLinear; ++i) index_.emplace(entries_[i].prefix, i);
    if (entries_.size() > kLinear) index_.emplace(prefix, entries_.size() - 1);
    return entries_.back();
  }

  T unbound_;
  std::vector<Entry> entries_;
  std::vector<Undo> undo_;
  std::map<std::string_view, std::size_t> index_;  // ordered: nobody can make it degenerate
};

/// Everything a Document holds.
struct Storage {
  std::shared_ptr<const std::string> source;     ///< shared with copies; nodes point into it
  std::vector<std::shared_ptr<Arena>> borrowed;  ///< texts of the documents this is a copy of
  std::shared_ptr<Arena> texts;                  ///< texts that are not in the source
  std::size_t text_bytes = 0;
  std::vector<Node> nodes;
  std::vector<Space> spaces;
  bool ordered = true;   ///< NodeIds stand in document order
  bool moved = false;    ///< a source node stands where other namespaces may be in scope
  mutable std::vector<std::uint32_t> positions;  ///< document order when !ordered; empty: unknown

  Storage();
  Storage(const Storage&) = default;
  Storage& operator=(const Storage&) = default;
  ~Storage();

  /// Goes on in the memory of a document that was freed on this thread.
  void take_spare_nodes();

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    if (!texts) texts = std::make_shared<Arena>();
    text_bytes += text.size();
    return texts->copy(text);
  }
  /// The same with everything XML cannot say replaced by U+FFFD, so that a document can always be
  /// read back.
  std::string_view keep_legal(std::string_view text);

  Node& at(NodeId id) noexcept { return nodes[id]; }
  const Node& at(NodeId id) const noexcept { return nodes[id]; }
  std::string_view source_of(const Node& node) const noexcept {
    return std::string_view(*source).substr(node.begin, node.end - node.begin);
  }

  NodeId add(Kind kind);
  void set_leaf(NodeId id, std::string_view text) noexcept;
  void set_name(NodeId id, std::string_view prefix, std::string_view uri, std::string_view local);
  std::uint32_t space(std::string_view prefix, std::string_view uri);
  /// Marks `node` itself and everything above it.
  void changed(NodeId node) noexcept;
  void inside_changed(NodeId node) noexcept;
  void link(NodeId parent, NodeId before, NodeId node);  ///< `before` kNone: at the end
  void unlink(NodeId node) noexcept;
  void link_attribute(NodeId element, NodeId attribute) noexcept;
  NodeId next_in_order(NodeId node, NodeId top) const noexcept;  ///< descendants of `top`, no attributes
  std::string_view resolve(NodeId element, std::string_view prefix) const noexcept;
  void number_nodes() const;
  NodeId copy(const Storage& from, NodeId node);
};

/// Prefixes that the subtree takes from outside itself, with what they mean there: those of names,
/// and those that look like a qualified name in a text or attribute (xsi:type, faultcode).
/// `scope` holds what is bound where the subtree is to stand; what it has already is left out. It is
/// used on the way and comes back as it was.
std::vector<Space> foreign_prefixes(const Storage& document, NodeId element,
                                    Scope<std::string_view>& scope);

}  // namespace myelin::tree
