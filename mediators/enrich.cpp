// <enrich>
//   <source type="custom|envelope|body|property|inline" clone="true" xpath="e"? property="n"? key="k"?>inline</source>
//   <target type="custom|envelope|body|property|key" action="replace|child|sibling|remove" xpath="e"? property="n"?/>
// </enrich>
// Copies (or, with clone="false", moves) a part of the message into another: XML into the envelope or a
// property, JSON into the JSON payload. `remove` deletes what the source path selects, `key` renames.

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/message/json.hpp"
#include "mediators/common/content.hpp"
#include "mediators/common/inline_text.hpp"
#include "mediators/common/json_place.hpp"

namespace myelin::mediators {
namespace {

enum class SourceType { custom, envelope, body, property, content };
enum class TargetType { custom, envelope, body, property, key };
enum class Action { replace, child, sibling, remove };

constexpr std::pair<std::string_view, SourceType> kSources[] = {{"custom", SourceType::custom},
                                                                {"envelope", SourceType::envelope},
                                                                {"body", SourceType::body},
                                                                {"property", SourceType::property},
                                                                {"inline", SourceType::content}};
constexpr std::pair<std::string_view, TargetType> kTargets[] = {{"custom", TargetType::custom},
                                                                {"envelope", TargetType::envelope},
                                                                {"body", TargetType::body},
                                                                {"property", TargetType::property},
                                                                {"key", TargetType::key}};
constexpr std::pair<std::string_view, Action> kActions[] = {
    {"replace", Action::replace}, {"child", Action::child}, {"sibling", Action::sibling}, {"remove", Action::remove}};

Fault invalid_target() { return Fault("Invalid Target object to be enrich."); }

/// What is put into a place: elements, or a text.
struct Material {
  std::vector<tree::NodeRef> elements;
  std::string text;
  bool is_text() const noexcept { return elements.empty(); }
};

Material material_of(const Value& value) {
  Material material;
  if (const Nodes* nodes = value.as<Nodes>()) {
    for (const tree::NodeRef& node : nodes->items)
      if (node.document->kind(node.id) == tree::Kind::element) material.elements.push_back(node);
  }
  if (material.elements.empty()) material.text = value.text();
  return material;
}

bool is_empty(const Value& value) {
  const Nodes* nodes = value.as<Nodes>();
  return value.is_null() || (nodes && nodes->items.empty());
}

bool encloses(const tree::Document& tree, tree::NodeId outer, tree::NodeId node) {
  while (node != tree::kNone && node != outer) node = tree.parent(node);
  return node == outer;
}

/// Puts material at one node of the envelope.
class Placing {
 public:
  Placing(tree::Document& envelope, const Material& material, bool clone)
      : tree_(envelope), material_(material), clone_(clone) {}

  Result<void> at(tree::NodeId target, Action action) {
    switch (tree_.kind(target)) {
      case tree::Kind::element: return at_element(target, action);
      case tree::Kind::text: return at_text(target);
      case tree::Kind::attribute:
        if (!material_.is_text()) return invalid_target();
        tree_.set_value(target, material_.text);
        return {};
      default: return invalid_target();
    }
  }

  /// Into a body without content.
  void fill(tree::NodeId body) {
    for (const tree::NodeId node : nodes(body)) tree_.append(body, node);
  }

 private:
  Result<void> at_element(tree::NodeId target, Action action) {
    if (action == Action::replace && material_.is_text()) {
      tree_.set_text(target, material_.text);
      return {};
    }
    if (action != Action::child && holds_the_envelope(target)) return invalid_target();
    const std::vector<tree::NodeId> added = nodes(target);
    if (action == Action::child) {
      for (const tree::NodeId node : added) tree_.append(target, node);
      return {};
    }
    tree::NodeId after = target;
    for (const tree::NodeId node : added) {
      tree_.insert_after(after, node);
      after = node;
    }
    if (action == Action::replace) tree_.detach(target);
    return {};
  }

  Result<void> at_text(tree::NodeId target) {
    const tree::NodeId element = tree_.parent(target);
    if (material_.is_text()) {
      tree_.set_text(element, material_.text);
      return {};
    }
    const std::vector<tree::NodeId> added = nodes(element);
    tree_.detach(target);
    for (const tree::NodeId node : added) tree_.append(element, node);
    return {};
  }

  /// Without Envelope and Body there is no message.
  bool holds_the_envelope(tree::NodeId target) const {
    return target == tree_.root() || target == Payload::body(tree_);
  }

  /// Copies, or with clone="false" the message's own nodes, taken from where they stood. What holds the
  /// target cannot move into it and is copied.
  std::vector<tree::NodeId> nodes(tree::NodeId target) {
    std::vector<tree::NodeId> made;
    if (material_.is_text()) {
      made.push_back(tree_.create_text(material_.text));
      return made;
    }
    for (const tree::NodeRef& node : material_.elements) {
      const bool own = !clone_ && node.document == &tree_ && !encloses(tree_, node.id, target) && node.id != tree_.root();
      if (own) tree_.detach(node.id);
      made.push_back(own ? node.id : tree_.import(*node.document, node.id));
    }
    return made;
  }

  tree::Document& tree_;
  const Material& material_;
  bool clone_;
};

struct Enrich final : Mediator {
  SourceType source = SourceType::custom;
  TargetType target = TargetType::custom;
  Action action = Action::replace;
  bool clone = true;
  bool apache = false;
  std::unique_ptr<expr::Expression> source_path, target_path;
  std::string source_property, target_property;
  std::optional<Value> content;             ///< inline text or JSON
  std::shared_ptr<const tree::Document> content_xml;
  std::optional<InlineText> content_text;   ///< inline with expressions in it
  std::string content_key;                  ///< inline by local entry
  std::optional<JsonPlace> source_place, target_place;  ///< of json-eval() paths in the payload

  Flow run(Message& message) const override {
    Result<void> done = apply(message);
    return done ? Flow::next : fail(message, std::move(done).fault());
  }
  Need need() const noexcept override { return Need::body; }

 private:
  Result<void> apply(Message& message) const {
    if (action == Action::remove) return remove(message);
    const Result<Value> value = evaluate(message);
    if (!value) return value.fault();
    if (is_empty(*value)) return {};
    if (target == TargetType::envelope || target == TargetType::body) message.axis2.remove("NO_ENTITY_BODY");
    switch (target) {
      case TargetType::custom: return into_path(message, *value);
      case TargetType::envelope: return into_envelope(message, *value);
      case TargetType::body: return into_body(message, *value);
      case TargetType::property: return store(message, *value);
      case TargetType::key: return rename(message, *value);
    }
    return {};
  }

  // --- sources ----------------------------------------------------------------------------------
  Result<Value> evaluate(Message& message) const {
    switch (source) {
      case SourceType::custom:
        return source_place && message.payload.is_json() ? from_payload(message) : source_path->evaluate(message);
      case SourceType::envelope: return node_of(message, [](const tree::Document& tree) { return tree.root(); });
      case SourceType::body:
        if (message.payload.is_json()) return body_value(message);
        return node_of(message, [](const tree::Document& tree) { return Payload::body_child(tree); });
      case SourceType::property: return message.property(source_property);
      case SourceType::content: return inline_value(message);
    }
    return Value();
  }

  /// What a JSONPath selects in the payload, which it leaves with clone="false". A single value that is
  /// stored keeps its JSON form: a string its quotes.
  Result<Value> from_payload(Message& message) const {
    Result<Value> value = source_path->evaluate(message);
    const bool stays_json = target == TargetType::property && source_place->definite();
    if (!value || is_empty(*value) || (clone && !stays_json)) return value;
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    const Result<JsonPlace::Ids> ids = source_place->find(**json);
    if (!ids) return ids.fault();
    if (stays_json && ids->size() == 1) value = Value(Json{(*json)->json(ids->front())});
    Result<void> left = clone ? Result<void>() : take_out(message, **json, *ids);
    return left ? std::move(value) : Result<Value>(std::move(left).fault());
  }

  static Result<Value> node_of(Message& message, tree::NodeId (*place)(const tree::Document&)) {
    const Result<const tree::Document*> envelope = message.payload.envelope();
    if (!envelope) return envelope.fault();
    const tree::NodeId node = place(**envelope);
    Nodes nodes;
    if (node != tree::kNone) nodes.items.push_back(tree::NodeRef{*envelope, node});
    return Value(std::move(nodes));
  }

  Result<Value> inline_value(Message& message) const {
    if (content) return *content;
    if (content_text) {
      Result<std::string> text = content_text->fill(message);
      if (!text) return std::move(text).fault();
      if (looks_like_xml(*text))
        if (Result<Value> xml = parse_xml(*text)) return xml;
      return is_json(*text) ? Value(Json{*std::move(text)}) : Value(*std::move(text));
    }
    if (content_xml) {
      Nodes nodes;
      nodes.items.push_back(tree::NodeRef{content_xml.get(), content_xml->root()});
      nodes.owner = content_xml;
      return Value(std::move(nodes));
    }
    const LocalEntry* entry = message.artifacts ? message.artifacts->entry(content_key) : nullptr;
    if (!entry) return Fault("the inline source '" + content_key + "' of enrich cannot be found");
    if (entry->type == LocalEntry::Type::xml) return parse_xml(entry->value);
    return is_json(entry->value) ? Value(Json{entry->value}) : Value(entry->value);
  }

  // --- targets ------------------------------------------------------------------------------------
  Result<void> into_path(Message& message, const Value& value) const {
    if (target_place) return into_json(message, value);
    // Before anything moves: where to.
    const Result<Value> found = target_path->evaluate(message);
    if (!found) return found.fault();
    const Nodes* nodes = found->as<Nodes>();
    if (!nodes || nodes->items.empty()) return invalid_target();
    const tree::NodeRef place = nodes->items.front();
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    const Material material = material_of(value);
    if (place.document != *envelope) return into_stored(message, place, material);
    return Placing(**envelope, material, clone).at(place.id, action);
  }

  /// Into the XML of a property, as `$ctx:name/a` finds it. Others may hold the same document: the
  /// property gets one of its own.
  Result<void> into_stored(Message& message, const tree::NodeRef& place, const Material& material) const {
    for (const auto& [name, stored] : message.properties) {
      const Nodes* old = stored.as<Nodes>();
      if (!old || old->items.empty() || old->owner.get() != place.document) continue;
      const bool whole = std::find(old->items.begin(), old->items.end(), place) != old->items.end();
      if (whole && action == Action::sibling) return invalid_target();
      if (whole && action == Action::replace && !material.is_text()) return into_property(message, name, material);
      const std::shared_ptr<tree::Document> copy = place.document->clone();
      Result<void> placed = Placing(*copy, material, true).at(place.id, action);
      if (placed && !clone) placed = take_out(message, material);
      if (!placed) return placed;
      Nodes nodes = *old;
      for (tree::NodeRef& node : nodes.items) node.document = copy.get();
      nodes.owner = copy;
      message.properties.set(std::string(name), std::move(nodes));
      return {};
    }
    return invalid_target();
  }

  static Result<void> into_envelope(Message& message, const Value& value) {
    const Material material = material_of(value);
    if (material.is_text() || !is_envelope(*material.elements.front().document, material.elements.front().id))
      return Fault("the source of enrich is no SOAP envelope");
    return replace_body(message, *material.elements.front().document, material.elements.front().id);
  }

  Result<void> into_body(Message& message, const Value& value) const {
    if (!apache && is_json_content(message, value)) return into_json_body(message, value);
    const Material material = material_of(value);
    if (!material.is_text() && is_envelope(*material.elements.front().document, material.elements.front().id))
      return into_envelope(message, value);
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    Placing placing(**envelope, material, clone);
    const tree::NodeId child = Payload::body_child(**envelope);
    if (child != tree::kNone) return placing.at(child, action);
    placing.fill(Payload::body(**envelope));
    return {};
  }

  Result<void> store(Message& message, const Value& value) const {
    const Material material = material_of(value);
    if (!material.is_text()) return into_property(message, target_property, material);
    message.properties.set(target_property, value.is_nodes() ? Value(material.text) : value);
    return {};
  }

  /// XML of the message is stored as a copy, so that later changes do not reach it (MED-131).
  Result<void> into_property(Message& message, const std::string& name, const Material& material) const {
    auto stored = std::make_shared<tree::Document>();
    Nodes nodes;
    const Value existing = message.property(name);
    const Nodes* old = existing.as<Nodes>();
    if (action == Action::child && old && !old->items.empty()) {
      const tree::NodeId root = stored->import(*old->items.front().document, old->items.front().id);
      stored->append(stored->document(), root);
      for (const tree::NodeRef& node : material.elements) stored->append(root, stored->import(*node.document, node.id));
      nodes.items.push_back(tree::NodeRef{stored.get(), root});
    } else {
      for (const tree::NodeRef& node : material.elements) {
        const tree::NodeId copy = stored->import(*node.document, node.id);
        stored->append(stored->document(), copy);
        nodes.items.push_back(tree::NodeRef{stored.get(), copy});
      }
    }
    Result<void> moved = clone ? Result<void>() : take_out(message, material);
    if (!moved) return moved;
    nodes.owner = std::move(stored);
    message.properties.set(name, std::move(nodes));
    return {};
  }

  /// clone="false": the elements leave the message.
  static Result<void> take_out(Message& message, const Material& material) {
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    for (const tree::NodeRef& node : material.elements)
      if (node.document == *envelope && node.id != (*envelope)->root()) (*envelope)->detach(node.id);
    return {};
  }

  // --- JSON ---------------------------------------------------------------------------------------
  using Edit = JsonDocument::Edit;

  /// A text that is a JSON object or array becomes the payload, and JSON goes into a JSON payload.
  bool is_json_content(const Message& message, const Value& value) const {
    if (value.is_nodes() || (action != Action::replace && !message.payload.is_json())) return false;
    if (value.is_json()) return message.payload.is_json() || looks_like_json(value.text());
    const std::string text = value.text();
    return looks_like_json(text) && is_json(text);
  }

  /// Property and inline texts that are JSON count as JSON, as the incumbent parses them.
  Result<std::string> json_of(const Value& value) const {
    const bool parses = value.is_string() && source != SourceType::custom;
    if (parses && is_json(value.text())) return value.text();
    return to_json_text(value);
  }

  static Result<void> write(Message& message, const std::vector<Edit>& edits) {
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    std::string text;
    (*json)->write_edited((*json)->root(), edits, text);
    message.payload.assign_json(std::move(text));
    return {};
  }

  Result<void> into_json(Message& message, const Value& value) const {
    if (!message.payload.is_json()) return invalid_target();
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    const Result<std::string> text = json_of(value);
    if (!text) return text.fault();
    if (action == Action::sibling) return Fault("enrich cannot add a sibling to JSON");
    const Result<JsonPlace::Ids> ids = target_place->find(**json);
    if (!ids) return ids.fault();
    std::vector<Edit> edits;
    for (const JsonDocument::Id id : *ids) {
      if (action == Action::replace) {
        edits.push_back(Edit{Edit::Kind::replace, id, *text, {}});
      } else {
        Result<void> added = add_child(**json, id, *text, edits);
        if (!added) return added;
      }
    }
    if (action == Action::replace) {
      const Result<JsonPlace::Ids> objects = target_place->lacking(**json);
      if (!objects) return objects.fault();
      for (const JsonDocument::Id object : *objects)
        edits.push_back(Edit{Edit::Kind::append, object, *text, target_place->member()});
    }
    if (edits.empty()) return invalid_target();
    return write(message, edits);
  }

  /// An array gets an item, an object the members of the object that is added.
  static Result<void> add_child(const JsonDocument& json, JsonDocument::Id id, const std::string& text,
                                std::vector<Edit>& edits) {
    if (json.kind(id) == JsonDocument::Kind::array) {
      edits.push_back(Edit{Edit::Kind::append, id, text, {}});
      return {};
    }
    const auto added = JsonDocument::parse(text);
    if (!added) return added.fault();
    const JsonDocument& members = **added;
    if (json.kind(id) != JsonDocument::Kind::object || members.kind(members.root()) != JsonDocument::Kind::object)
      return invalid_target();
    JsonDocument::Id member = members.first(members.root());
    for (std::size_t n = members.size(members.root()); n > 0; --n, member = members.end(member)) {
      const std::string name(members.key(member));
      const JsonDocument::Id known = json.member(id, name);
      if (known == JsonDocument::kNone) {
        edits.push_back(Edit{Edit::Kind::append, id, members.json(member), name});
      } else {
        edits.push_back(Edit{Edit::Kind::replace, known, members.json(member), {}});
      }
    }
    return {};
  }

  Result<void> into_json_body(Message& message, const Value& value) const {
    Result<std::string> text = json_of(value);
    if (!text) return std::move(text).fault();
    if (action == Action::replace) {
      if (!looks_like_json(*text)) return invalid_target();
      message.payload.assign_json(*std::move(text));
      return {};
    }
    if (action == Action::sibling) return Fault("enrich cannot add a sibling to JSON");
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    std::vector<Edit> edits;
    Result<void> added = add_child(**json, (*json)->root(), *text, edits);
    return added ? write(message, edits) : added;
  }

  Result<void> rename(Message& message, const Value& value) const {
    if (!message.payload.is_json()) return invalid_target();
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    const Result<JsonPlace::Ids> ids = target_place->find(**json);
    if (!ids) return ids.fault();
    std::vector<Edit> edits;
    for (const JsonDocument::Id id : *ids) edits.push_back(Edit{Edit::Kind::rename, id, value.text(), {}});
    return edits.empty() ? Result<void>() : write(message, edits);
  }

  /// Deletes what the source path selects in the JSON body or in a JSON property; XML stays as it is.
  Result<void> remove(Message& message) const {
    if (!source_place) return {};
    if (target == TargetType::property) return remove_from_property(message);
    if (!message.payload.is_json()) return {};
    const Result<const JsonDocument*> json = message.payload.json();
    if (!json) return json.fault();
    const Result<JsonPlace::Ids> ids = source_place->find(**json);
    return ids ? take_out(message, **json, *ids) : Result<void>(ids.fault());
  }

  static Result<void> take_out(Message& message, const JsonDocument& json, const JsonPlace::Ids& ids) {
    const std::vector<Edit> edits = removals(json, ids);
    return edits.empty() ? Result<void>() : write(message, edits);
  }

  Result<void> remove_from_property(Message& message) const {
    const Value value = message.property(target_property);
    const auto json = JsonDocument::parse(value.text());
    if (!json) return {};
    const Result<JsonPlace::Ids> ids = source_place->find(**json);
    if (!ids) return ids.fault();
    std::string text;
    (*json)->write_edited((*json)->root(), removals(**json, *ids), text);
    message.properties.set(target_property, Value(Json{std::move(text)}));
    return {};
  }

  static std::vector<Edit> removals(const JsonDocument& json, const JsonPlace::Ids& ids) {
    std::vector<Edit> edits;
    for (const JsonDocument::Id id : ids)
      if (id != json.root()) edits.push_back(Edit{Edit::Kind::remove, id, {}, {}});
    return edits;
  }
};

// --- configuration -----------------------------------------------------------------------------------

/// The JSONPath of a json-eval() in the payload; nullopt: none.
std::optional<std::string_view> payload_path(const xml::Attribute& attribute) {
  std::string_view text = text::trim(attribute.value);
  if (!text.starts_with("json-eval(") || !text.ends_with(')')) return std::nullopt;
  text = text::trim(text.substr(10, text.size() - 11));
  const bool of_a_property = text.starts_with("$ctx:") || text.starts_with("$trp:") || text.starts_with("$axis2:");
  return of_a_property ? std::nullopt : std::optional(text);
}

/// A path and, when it is json-eval(), the place it means.
bool read_path(xml::Bind& bind, Build& build, std::unique_ptr<expr::Expression>& path, std::optional<JsonPlace>& place) {
  bind.required("xpath");
  const xml::Attribute* attribute = bind.attribute("xpath");
  path = build.expression(attribute, bind.element());
  if (!path) return false;
  expr::SyntaxError ignored;
  if (const auto json = payload_path(*attribute)) place = JsonPlace::parse(*json, ignored);
  return true;
}

/// What is removed: one JSONPath, or several with commas between them.
bool read_removed(Enrich& enrich, xml::Bind& bind, Build& build) {
  const xml::Attribute* attribute = bind.attribute("xpath");
  const auto json = attribute ? payload_path(*attribute) : std::nullopt;
  if (!json) return read_path(bind, build, enrich.source_path, enrich.source_place);
  expr::SyntaxError error;
  enrich.source_place = JsonPlace::parse_list(*json, error);
  if (!enrich.source_place) bind.error(attribute->where, "'" + attribute->value + "' is no JSONPath: " + error.message);
  return enrich.source_place.has_value();
}

bool read_inline(Enrich& enrich, xml::Bind& bind, Build& build) {
  const xml::Element& element = bind.element();
  const std::vector<const xml::Element*> children = element.children();
  bool usable = true;
  if (!enrich.apache)
    enrich.content_text =
        InlineText::read(children.empty() ? text::trim(element.text()) : children.front()->outer_xml(), element, build, usable);
  if (enrich.content_text || !usable) return usable;
  if (!children.empty()) {
    Result<std::shared_ptr<tree::Document>> document = tree::Document::parse(children.front()->outer_xml());
    if (!document) {
      bind.error(children.front()->where, document.fault().message);
      return false;
    }
    enrich.content_xml = *std::move(document);
    return true;
  }
  std::string text(text::trim(element.text()));
  if (!text.empty()) {
    enrich.content = is_json(text) ? Value(Json{text}) : Value(text);
    return true;
  }
  enrich.content_key = bind.text("key").value_or("");
  if (!enrich.content_key.empty()) return true;
  bind.error("inline <source> of <enrich> is empty", "an XML element, a text or key=");
  return false;
}

bool read_source(Enrich& enrich, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  bind.ignore({"xpath", "property", "key"});
  enrich.source = bind.choice<SourceType>("type", kSources, SourceType::custom);
  enrich.clone = text::iequals(bind.text("clone").value_or("true"), "true");
  bool usable = true;
  switch (enrich.source) {
    case SourceType::custom:
      usable = enrich.action == Action::remove ? read_removed(enrich, bind, build)
                                               : read_path(bind, build, enrich.source_path, enrich.source_place);
      break;
    case SourceType::property: usable = !(enrich.source_property = bind.required("property")).empty(); break;
    case SourceType::content: usable = read_inline(enrich, bind, build); break;
    default: break;
  }
  bind.finish();
  return usable;
}

bool read_target(Enrich& enrich, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"xpath", "property"});
  enrich.target = bind.choice<TargetType>("type", kTargets, TargetType::custom);
  const auto unknown = enrich.apache ? xml::Bind::Unknown::keep_default : xml::Bind::Unknown::error;
  enrich.action = bind.choice<Action>("action", kActions, Action::replace, unknown);
  bool usable = true;
  switch (enrich.target) {
    case TargetType::custom:
    case TargetType::key: usable = read_path(bind, build, enrich.target_path, enrich.target_place); break;
    case TargetType::property: usable = !(enrich.target_property = bind.required("property")).empty(); break;
    default: break;
  }
  if (usable && enrich.target == TargetType::key && !enrich.target_place) {
    bind.error("target type 'key' of <enrich> without a JSONPath", "xpath=\"json-eval(...)\"");
    usable = false;
  }
  bind.finish();
  return usable;
}

/// Why source, target and action cannot go together in WSO2; empty when they can.
std::string_view contradiction(const Enrich& enrich) {
  using S = SourceType;
  using T = TargetType;
  const S source = enrich.source;
  const T target = enrich.target;
  if (enrich.action == Action::remove) {
    if (source != S::custom) return "action 'remove' needs a source of type custom";
    return target == T::body || target == T::property ? "" : "action 'remove' needs a target of type body or property";
  }
  if (source == S::envelope && target != T::property && target != T::key)
    return "a source of type envelope can only go into a property";
  if (source == S::body && (target == T::envelope || target == T::body || target == T::key))
    return "a source of type body cannot go into envelope, body or key";
  if (source == S::custom && target == T::envelope) return "a source of type custom cannot go into the envelope";
  if (target == T::envelope && enrich.action != Action::replace) return "the envelope can only be replaced";
  if (target == T::key && enrich.action != Action::replace) return "a key can only be replaced";
  const bool root = target == T::custom && enrich.target_place && enrich.target_place->is_root();
  return root && enrich.action == Action::replace ? "the JSON root cannot be replaced through a path" : "";
}

/// A target without a type escapes the checks of the incumbent, so such a configuration may be in use.
bool check_combination(const Enrich& enrich, xml::Bind& bind, const xml::Element& target) {
  if (enrich.apache) return true;
  const std::string_view why = contradiction(enrich);
  if (why.empty()) return true;
  if (!target.attribute("type")) {
    bind.warning(target.where, std::string(why));
    return true;
  }
  bind.error(target.where, std::string(why));
  return false;
}

std::unique_ptr<Mediator> build_enrich(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto enrich = std::make_unique<Enrich>();
  enrich->apache = build.settings.apache_dialect();
  const xml::Element* source = bind.child("source");
  const xml::Element* target = bind.child("target");
  bind.finish();
  if (!source) bind.error("<enrich> without <source>");
  if (!target) bind.error("<enrich> without <target>");
  if (!source || !target) return nullptr;
  bool usable = read_target(*enrich, *target, build);
  usable &= read_source(*enrich, *source, build);
  usable = usable && check_combination(*enrich, bind, *target);
  if (!usable) return nullptr;
  return enrich;
}

}  // namespace

MYELIN_MEDIATOR("enrich", build_enrich);
}  // namespace myelin::mediators
