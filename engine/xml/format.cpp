#include "engine/xml/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "engine/base/text.hpp"
#include "engine/xml/write.hpp"

namespace myelin::xml {

namespace {

// --- canonical spelling ---------------------------------------------------------------------------

bool blank(const Node& node) { return node.kind == Node::Kind::text && text::trim(node.text).empty(); }

/// Synapse elements whose content is data, not configuration.
bool holds_data(const Element& element) {
  static constexpr std::string_view kData[] = {"format", "localEntry", "script", "source", "message", "parameter"};
  if (element.ns != kSynapse) return true;
  if (const auto* name = std::find(std::begin(kData), std::end(kData), element.name); name != std::end(kData)) return true;
  return std::any_of(element.attributes.begin(), element.attributes.end(), [](const Attribute& attribute) {
    return attribute.prefix == "xml" && attribute.name == "space" && attribute.value == "preserve";
  });
}

Attribute* find_attribute(Element& element, std::string_view name) {
  for (Attribute& attribute : element.attributes)
    if (attribute.name == name && attribute.ns.empty()) return &attribute;
  return nullptr;
}

void set_attribute(Element& element, std::string name, std::string value) {
  if (Attribute* found = find_attribute(element, name)) found->value = std::move(value);
  else element.attributes.push_back({std::move(name), {}, {}, std::move(value), {}});
}

void set_text(Element& element, std::string value) {
  element.nodes.clear();
  element.nodes.push_back(Node{Node::Kind::text, nullptr, std::move(value)});
}

/// `2` as Java writes a float: `2.0`; nullopt where Java would use an exponent.
std::optional<std::string> java_float(std::string_view value) {
  const auto number = text::parse_float(value);
  if (!number || *number < 1e-3F || *number >= 1e7F) return std::nullopt;
  std::array<char, 64> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *number, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  std::string out(buffer.data(), end);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

/// EP-166
void spell_balancing(Element& element) {
  if (element.name == "loadBalance") element.name = "loadbalance";
  if (element.name == "dynamicLoadBalance") element.name = "dynamicLoadbalance";
  Attribute* policy = find_attribute(element, "policy");
  if (!policy || text::trim(policy->value) != "roundRobin" || find_attribute(element, "algorithm")) return;
  policy->name = "algorithm";
  policy->value = "org.apache.synapse.endpoints.algorithms.RoundRobin";
}

/// The deprecated element, in seconds, becomes `suspendOnFailure`, in milliseconds.
void spell_suspension(Element& element) {
  const auto seconds = text::parse_long(text::trim(element.text()));
  if (!seconds || element.parent->child("suspendOnFailure")) return;
  element.name = "suspendOnFailure";
  element.nodes.clear();
  const auto add = [&element](std::string name, std::string value) {
    auto child = std::make_unique<Element>();
    child->name = std::move(name);
    child->prefix = element.prefix;
    child->ns = element.ns;
    child->parent = &element;
    set_text(*child, std::move(value));
    element.nodes.push_back(Node{Node::Kind::element, std::move(child), {}});
  };
  add("initialDuration", std::to_string(*seconds * 1000));
  add("progressionFactor", "1.0");
}

/// Puts child elements into the order of their ranks; comments stay in front of what they precede.
template <class Rank>
void reorder(Element& element, Rank rank) {
  struct Chunk {
    int rank;
    std::vector<Node> nodes;
  };
  std::vector<Chunk> chunks;
  std::vector<Node> pending;
  for (Node& node : element.nodes) {
    const bool ends = node.element != nullptr;
    const int order = ends ? rank(*node.element) : 0;
    pending.push_back(std::move(node));
    if (ends) chunks.push_back({order, std::exchange(pending, {})});
  }
  std::stable_sort(chunks.begin(), chunks.end(), [](const Chunk& a, const Chunk& b) { return a.rank < b.rank; });
  element.nodes.clear();
  for (Chunk& chunk : chunks)
    for (Node& node : chunk.nodes) element.nodes.push_back(std::move(node));
  for (Node& node : pending) element.nodes.push_back(std::move(node));
}

int position(std::span<const std::string_view> order, std::string_view name) {
  return static_cast<int>(std::find(order.begin(), order.end(), name) - order.begin());
}

/// EP-168
int definition_rank(const Element& child) {
  static constexpr std::string_view kOrder[] = {"enableAddressing", "enableSec",         "timeout",
                                                "suspendOnFailure", "markForSuspension", "retryConfig"};
  return position(kOrder, child.ns == kSynapse ? std::string_view(child.name) : std::string_view());
}

/// EP-171: a session stands behind its group; EP-174: the description is last.
int endpoint_rank(const Element& child) {
  if (child.is("session")) return 1;
  return child.is("description") ? 2 : 0;
}

void spell(Element& element) {
  const Element* parent = element.parent;
  const bool of_endpoint = parent && parent->is("endpoint");
  static constexpr std::string_view kDefinitions[] = {"address", "default", "wsdl", "http"};
  if (element.name == "loadbalance" || element.name == "loadBalance" || element.name == "dynamicLoadbalance" ||
      element.name == "dynamicLoadBalance" || element.name == "serviceDynamicLoadbalance")
    spell_balancing(element);
  else if (element.name == "suspendDurationOnFailure" && parent)
    spell_suspension(element);
  else if (element.name == "progressionFactor") {
    if (auto value = java_float(element.text())) set_text(element, std::move(*value));  // EP-167
  } else if (element.name == "member" && parent && (parent->is("loadbalance") || parent->is("recipientlist"))) {
    for (const std::string_view port : {"httpPort", "httpsPort"})  // EP-172
      if (!find_attribute(element, port)) set_attribute(element, std::string(port), "-1");
  } else if (element.name == "endpoints" && parent && parent->is("recipientlist")) {
    if (!find_attribute(element, "max-cache")) set_attribute(element, "max-cache", "20");  // EP-173
  } else if (element.name == "endpoint") {
    std::erase_if(element.attributes, [](const Attribute& attribute) {  // EP-165
      return attribute.name == "name" && attribute.ns.empty() && text::trim(attribute.value).empty();
    });
    reorder(element, endpoint_rank);
  }
  if (of_endpoint && std::find(std::begin(kDefinitions), std::end(kDefinitions), element.name) != std::end(kDefinitions))
    reorder(element, definition_rank);
}

void canonicalise(Element& element) {
  if (holds_data(element)) return;
  spell(element);
  for (Node& node : element.nodes)
    if (node.element) canonicalise(*node.element);
}

// --- layout ---------------------------------------------------------------------------------------

class Writer {
 public:
  std::string write(const Document& document) {
    out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    for (const Node& node : document.prolog) line(node, 0);
    element(*document.root, 0);
    for (const Node& node : document.epilog) line(node, 0);
    return std::move(out_);
  }

 private:
  void indent(std::size_t depth) { out_.append(depth * 4, ' '); }

  void line(const Node& node, std::size_t depth) {
    if (node.element) {
      element(*node.element, depth);
      return;
    }
    indent(depth);
    write_node(out_, node);
    out_ += '\n';
  }

  /// Content that has text of its own, or is data, is written as it stands.
  static bool verbatim(const Element& element) {
    if (holds_data(element)) return true;
    return std::any_of(element.nodes.begin(), element.nodes.end(), [](const Node& node) {
      return node.kind == Node::Kind::cdata || (node.kind == Node::Kind::text && !blank(node));
    });
  }

  void element(const Element& element, std::size_t depth) {
    indent(depth);
    const bool empty = std::all_of(element.nodes.begin(), element.nodes.end(), blank);
    write_start(out_, element);
    if (verbatim(element) ? element.nodes.empty() : empty) {
      out_ += "/>\n";
      return;
    }
    out_ += '>';
    if (verbatim(element)) {
      for (const Node& node : element.nodes) write_node(out_, node);
    } else {
      out_ += '\n';
      children(element, depth + 1);
      indent(depth);
    }
    out_ += "</" + qualified_name(element.prefix, element.name) + ">\n";
  }

  /// One blank line between children stays where there were any.
  void children(const Element& element, std::size_t depth) {
    bool first = true;
    bool gap = false;
    for (const Node& node : element.nodes) {
      if (blank(node)) {
        gap = std::count(node.text.begin(), node.text.end(), '\n') > 1;
        continue;
      }
      if (gap && !first) out_ += '\n';
      line(node, depth);
      first = gap = false;
    }
  }

  std::string out_;
};

}  // namespace

std::string format(std::unique_ptr<Document> document) {
  canonicalise(*document->root);
  return Writer().write(*document);
}

}  // namespace myelin::xml
