// Writing: untouched subtrees by their source bytes, everything else from the nodes, with the
// namespace declarations that the place of the text asks for.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "engine/message/tree.hpp"
#include "engine/message/tree_impl.hpp"

namespace myelin::tree {

namespace {

void escape(std::string_view text, bool attribute, std::string& to) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view instead;
    switch (text[i]) {
      case '&': instead = "&amp;"; break;
      case '<': instead = "&lt;"; break;
      case '>': instead = "&gt;"; break;
      case '\r': instead = "&#xD;"; break;
      case '"': instead = attribute ? "&quot;" : ""; break;
      case '\n': instead = attribute ? "&#xA;" : ""; break;
      case '\t': instead = attribute ? "&#x9;" : ""; break;
      default: break;
    }
    if (instead.empty()) continue;
    to.append(text, from, i - from);
    to += instead;
    from = i + 1;
  }
  to.append(text, from);
}

/// The prefix of a text that looks like one qualified name, else empty.
std::string_view content_prefix(std::string_view text) noexcept {
  const auto name = [](std::string_view part) {
    const auto good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
             c == '.' || static_cast<unsigned char>(c) >= 0x80;
    };
    return !part.empty() && !(part[0] >= '0' && part[0] <= '9') && part[0] != '-' && part[0] != '.' &&
           std::all_of(part.begin(), part.end(), good);
  };
  if (text.size() > 256) return {};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !name(text.substr(0, colon)) || !name(text.substr(colon + 1))) return {};
  return text.substr(0, colon);
}

/// Collects what a subtree needs from outside (see foreign_prefixes()).
class Needs {
 public:
  Needs(const Storage& document, NodeId top, Scope<std::string_view>& scope)
      : doc_(document), top_(top), scope_(scope) {}

  std::vector<Space> collect() {
    for (NodeId id = top_; id != kNone; id = step(id)) visit(id);
    return std::move(found_);
  }

 private:
  NodeId step(NodeId id) {
    const Node& node = doc_.at(id);
    if (node.has_children() && node.inner.first != kNone) return node.inner.first;
    for (;;) {
      if (doc_.at(id).kind == Kind::element) scope_.leave(id);
      if (id == top_) return kNone;
      if (doc_.at(id).next != kNone) return doc_.at(id).next;
      id = doc_.at(id).parent;
    }
  }
  void visit(NodeId id) {
    const Node& node = doc_.at(id);
    if (node.kind == Kind::text) return content(node.value());
    if (node.kind != Kind::element) return;
    for (std::uint32_t i = node.inner.declarations; i != kNone; i = doc_.spaces[i].next)
      scope_.bind(doc_.spaces[i].prefix, doc_.spaces[i].uri, id);
    need(doc_.spaces[node.space].prefix, doc_.spaces[node.space].uri);
    for (NodeId a = node.inner.attributes; a != kNone; a = doc_.at(a).next) {
      const Space& space = doc_.spaces[doc_.at(a).space];
      if (doc_.at(a).space > kXmlSpace && !space.prefix.empty()) need(space.prefix, space.uri);
      content(doc_.at(a).value());
    }
  }
  void need(std::string_view prefix, std::string_view uri) {
    if (prefix == "xml" || scope_.find(prefix) == uri || wanted(prefix)) return;
    wanted_.emplace(prefix, uri);
    found_.push_back(Space{prefix, uri, kNone});
  }
  bool wanted(std::string_view prefix) const { return wanted_.find(prefix) != wanted_.end(); }
  void content(std::string_view text) {
    const std::string_view prefix = content_prefix(text);
    if (prefix.empty() || !scope_.find(prefix).empty() || wanted(prefix)) return;
    const auto& around = surroundings();
    const auto outer = around.find(prefix);
    if (outer != around.end()) need(prefix, outer->second);
  }
  /// What the source has in scope around `top`, found out when first asked for.
  const std::map<std::string_view, std::string_view>& surroundings() {
    if (surroundings_known_) return surroundings_;
    surroundings_known_ = true;
    for (NodeId id = doc_.at(top_).parent; id != kNone; id = doc_.at(id).parent) {
      if (doc_.at(id).kind != Kind::element) continue;
      for (std::uint32_t i = doc_.at(id).inner.declarations; i != kNone; i = doc_.spaces[i].next)
        surroundings_.emplace(doc_.spaces[i].prefix, doc_.spaces[i].uri);
    }
    return surroundings_;
  }

  const Storage& doc_;
  NodeId top_;
  Scope<std::string_view>& scope_;
  std::vector<Space> found_;
  std::map<std::string_view, std::string_view> wanted_;
  std::map<std::string_view, std::string_view> surroundings_;
  bool surroundings_known_ = false;
};

class Writer {
 public:
  Writer(const Storage& document, NodeId top, std::string& to)
      : doc_(document), top_(top), out_(to), scope_(std::string_view{}) {
    const NodeId parent = doc_.at(top).parent;
    in_place_ = !doc_.moved && (top == 0 || parent == 0);
  }

  void run() {
    if (doc_.at(top_).kind == Kind::attribute) return attribute_text(top_, doc_.spaces[doc_.at(top_).space].prefix);
    NodeId id = top_;
    while (id != kNone) {
      const bool done = enter(id);
      const Node& node = doc_.at(id);
      id = !done && node.has_children() && node.inner.first != kNone ? node.inner.first : leave(id, done);
    }
  }

 private:
  /// Writes what stands before the children; true when the whole node is written.
  bool enter(NodeId id) {
    const Node& node = doc_.at(id);
    switch (node.kind) {
      case Kind::document: return false;
      case Kind::element: return element(id);
      case Kind::text:
        // Two texts that came together must not form "]]>".
        if (node.untouched() && !out_.ends_with(']'))
          out_ += doc_.source_of(node);
        else
          escape(node.value(), false, out_);
        return true;
      case Kind::comment: out_.append("<!--").append(node.value()).append("-->"); return true;
      case Kind::instruction:
        out_.append("<?").append(node.local());
        if (!node.value().empty()) out_.append(" ").append(node.value());
        out_ += "?>";
        return true;
      case Kind::attribute: return true;
    }
    return true;
  }
  /// Ends `id` and its ancestors as far as they end there; the node to go on with.
  NodeId leave(NodeId id, bool done) {
    for (;;) {
      if (doc_.at(id).kind == Kind::element && !done) end_tag(id);
      if (id == top_) return kNone;
      if (doc_.at(id).next != kNone) return doc_.at(id).next;
      id = doc_.at(id).parent;
      done = false;
    }
  }

  bool element(NodeId id) {
    const Node& node = doc_.at(id);
    if (node.untouched()) {
      verbatim(id);
      return true;
    }
    if (in_place_ && node.from_source() && !(node.changes & kTagChanged)) {
      source_tag(id);
    } else {
      tag(id);
    }
    if (node.inner.first == kNone) {
      out_ += "/>";
      scope_.leave(id);
      return true;
    }
    out_ += '>';
    return false;
  }
  void verbatim(NodeId id) {
    const std::string_view source = doc_.source_of(doc_.at(id));
    if (in_place_) {
      out_ += source;
      return;
    }
    const Node& node = doc_.at(id);
    const std::size_t prefix = doc_.spaces[node.space].prefix.size();
    const std::size_t name_end = 1 + prefix + (prefix > 0) + node.local().size();
    out_ += source.substr(0, name_end);
    for (const Space& needed : foreign_prefixes(doc_, id, scope_)) declaration(needed.prefix, needed.uri);
    out_ += source.substr(name_end);
  }
  /// The start tag as it came, without its end (`>` or `/>`).
  void source_tag(NodeId id) {
    const std::string_view source = doc_.source_of(doc_.at(id));
    std::size_t end = 1;
    for (char quote = 0; quote || source[end] != '>'; ++end) {
      const char c = source[end];
      if (quote)
        quote = c == quote ? '\0' : quote;
      else if (c == '"' || c == '\'')
        quote = c;
    }
    if (source[end - 1] == '/') --end;
    out_ += source.substr(0, end);
    for (std::uint32_t i = doc_.at(id).inner.declarations; i != kNone; i = doc_.spaces[i].next)
      scope_.bind(doc_.spaces[i].prefix, doc_.spaces[i].uri, id);
  }
  void qname(NodeId id) {
    const std::string_view prefix = doc_.spaces[doc_.at(id).space].prefix;
    if (!prefix.empty()) out_.append(prefix).append(":");
    out_ += doc_.at(id).local();
  }
  void declaration(std::string_view prefix, std::string_view uri) {
    out_ += " xmlns";
    if (!prefix.empty()) out_.append(":").append(prefix);
    out_ += "=\"";
    escape(uri, true, out_);
    out_ += '"';
  }
  void bind(NodeId id, std::string_view prefix, std::string_view uri) {
    if (scope_.bind(prefix, uri, id)) declaration(prefix, uri);
  }
  void tag(NodeId id) {
    const Node& node = doc_.at(id);
    const Space& space = doc_.spaces[node.space];
    out_ += '<';
    qname(id);
    // The element's own name comes first: a declaration that contradicts it cannot stand here.
    if (node.space != kXmlSpace && scope_.find(space.prefix) != space.uri) bind(id, space.prefix, space.uri);
    for (std::uint32_t i = node.inner.declarations; i != kNone; i = doc_.spaces[i].next) {
      const Space& declared = doc_.spaces[i];
      if (declared.prefix == space.prefix && declared.uri != space.uri) continue;
      bind(id, declared.prefix, declared.uri);
    }
    // An attribute must not give another meaning to a prefix that was used from outside.
    if (node.space != kXmlSpace) scope_.bind(space.prefix, space.uri, id);
    for (NodeId a = node.inner.attributes; a != kNone; a = doc_.at(a).next) {
      const std::string prefix = attribute_prefix(id, a);
      out_ += ' ';
      attribute_text(a, prefix);
    }
  }
  /// A prefix that means the attribute's namespace here; declared when it must be.
  std::string attribute_prefix(NodeId element, NodeId id) {
    const Space& space = doc_.spaces[doc_.at(id).space];
    if (doc_.at(id).space <= kXmlSpace) return std::string(space.prefix);
    std::string prefix(space.prefix);
    for (int n = 1; prefix.empty() || (scope_.find(prefix) != space.uri && scope_.bound_by(prefix, element)); ++n)
      prefix = fmt::format("ns{}", n);
    if (scope_.find(prefix) != space.uri) {
      made_prefixes_.push_back(std::make_unique<std::string>(prefix));
      bind(element, *made_prefixes_.back(), space.uri);
    } else {
      scope_.bind(prefix, space.uri, element);  // known already: the view is not kept
    }
    return prefix;
  }
  void attribute_text(NodeId id, std::string_view prefix) {
    if (!prefix.empty()) out_.append(prefix).append(":");
    out_.append(doc_.at(id).local()).append("=\"");
    escape(doc_.at(id).value(), true, out_);
    out_ += '"';
  }
  void end_tag(NodeId id) {
    out_ += "</";
    qname(id);
    out_ += '>';
    scope_.leave(id);
  }

  const Storage& doc_;
  NodeId top_;
  std::string& out_;
  Scope<std::string_view> scope_;
  bool in_place_;
  std::vector<std::unique_ptr<std::string>> made_prefixes_;
};

}  // namespace

std::vector<Space> foreign_prefixes(const Storage& document, NodeId element, Scope<std::string_view>& scope) {
  return Needs(document, element, scope).collect();
}

void Document::write(NodeId node, std::string& to) const { Writer(*impl_, node, to).run(); }

std::string Document::xml(NodeId node) const {
  std::string out;
  write(node, out);
  return out;
}

}  // namespace myelin::tree
