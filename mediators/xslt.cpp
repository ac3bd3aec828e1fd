// <xslt key="entry | {expression}" source="xpath"? target="property"? useCache="true|false"?>
//   <property name="n" value="v" | expression="e"/>*   parameters of the style sheet
//   <resource location="href" key="entry"/>*           what it imports, includes or reads by document()
//   <feature name="n" value="true|false"/>* <attribute name="n" value="v"/>*   of Java's transformers
// </xslt>
// Transforms an element of the message, the first child of its body unless told otherwise, and puts the
// result in its place or into a property. The style sheet is compiled when the configuration is linked, with
// a computed key when it is first used.

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/message/builders.hpp"
#include "engine/xml/words.hpp"
#include "mediators/common/content.hpp"
#include "mediators/common/off_thread.hpp"
#include "mediators/common/property_list.hpp"
#include "mediators/common/transformation.hpp"

namespace myelin::mediators {
namespace {

/// Bigger messages are left to a worker without an attempt on their own thread (REL-136).
constexpr std::size_t kBriefBytes = std::size_t{64} << 10;

using Output = Transformation::Output;

/// Style sheets found by a computed key. Each is compiled once, or refused once.
class Sheets {
 public:
  using Compiled = Result<std::shared_ptr<const Stylesheet>>;

  template <class Compile>
  Compiled find(const std::string& key, Compile compile) const {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = sheets_.find(key); known != sheets_.end()) return known->second;
    }
    Compiled made = compile();
    const std::lock_guard lock(mutex_);
    return sheets_.emplace(key, std::move(made)).first->second;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, Compiled> sheets_;
};

struct Xslt final : Mediator {
  struct Include {
    std::string location, key;
    xml::Location where;
  };
  std::unique_ptr<expr::Expression> key, source;
  std::string static_key, target;
  xml::Location where;  ///< of the key
  bool apache = false;
  PropertyList parameters;
  std::vector<Include> includes;

  Flow run(Message& message) const override {
    Result<Flow> flow = transform(message);
    return flow ? *flow : fail(message, std::move(flow).fault());
  }
  Need need() const noexcept override { return Need::body; }

  void link(Linker& linker) override {
    for (const Include& include : includes)
      if (const LocalEntry* entry = linker.entry(include.key, include.where))
        resources_.push_back({include.location, *entry});
    if (static_key.empty()) return;
    const LocalEntry* entry = linker.entry(static_key, where);
    // What `check` does not fetch cannot be compiled.
    if (entry && entry->type != LocalEntry::Type::url) sheet_ = Stylesheet::compile(*entry, resources_, linker.problems);
  }

  /// A transformation of the message, ready to be run; without one there is nothing to do.
  struct Prepared {
    std::shared_ptr<Transformation> transformation;
    tree::NodeId source = tree::kNone;
  };
  Result<Prepared> prepare(Message& message) const {
    const Result<tree::NodeRef> from = find_source(message);
    if (!from) return from.fault();
    if (from->id == tree::kNone) return Prepared();
    Result<std::shared_ptr<const Stylesheet>> sheet = sheet_for(message);
    if (!sheet) return std::move(sheet).fault();
    Result<StyleParameters> values = evaluate_parameters(message);
    if (!values) return std::move(values).fault();
    return Prepared{std::make_shared<Transformation>(*std::move(sheet), from->document->xml(from->id), *std::move(values)), from->id};
  }

  /// Puts what was made where it belongs. `at` is the source.
  Result<void> place(Message& message, Output output, tree::NodeId at) const {
    if (target.empty()) return output.xml ? place_xml(message, *output.xml, at) : place_text(message, output.text, at);
    if (output.xml) message.properties.set(target, root_of(std::move(output.xml)));
    else message.properties.set(target, std::move(output.text));
    return {};
  }

 private:
  Result<Flow> transform(Message& message) const {
    Payload& payload = message.payload;
    if (!payload.edited() && payload.bytes().size() > kBriefBytes) {
      payload.put_away();
      return leave_to_worker(message);
    }
    Result<Prepared> prepared = prepare(message);
    if (!prepared) return std::move(prepared).fault();
    if (!prepared->transformation) return Flow::next;
    if (prepared->transformation->source_bytes() > kBriefBytes) return leave_to_worker(message);
    std::optional<Result<Output>> output = prepared->transformation->run_briefly();
    if (!output) return leave_to_worker(message);
    if (!*output) return std::move(*output).fault();
    Result<void> done = place(message, **std::move(output), prepared->source);
    if (!done) return std::move(done).fault();
    return Flow::next;
  }

  Flow leave_to_worker(Message& message) const;

  /// kNone: there is nothing to transform, which is no fault.
  Result<tree::NodeRef> find_source(Message& message) const {
    const Result<const tree::Document*> envelope = message.payload.envelope();
    if (!envelope) return envelope.fault();
    if (!source) {
      const tree::NodeRef child{*envelope, Payload::body_child(**envelope)};
      if (child.id != tree::kNone) return child;
      if (apache) return Fault("the body of the message is empty: there is nothing for xslt to transform");
      log::warn("mediator", message.log_prefix() + "xslt: the body of the message is empty and stays as it is");
      return child;
    }
    const Result<Value> found = source->evaluate(message);
    if (!found) return found.fault();
    const Nodes* nodes = found->as<Nodes>();
    if (!nodes || nodes->items.empty() || nodes->items.front().document->kind(nodes->items.front().id) != tree::Kind::element)
      return Fault("the source '" + source->source() + "' of xslt selects no element");
    if (target.empty() && nodes->items.front().document != *envelope)
      return Fault("the source '" + source->source() + "' of xslt is no part of the message, and there is no target for the result");
    return nodes->items.front();
  }

  Result<std::shared_ptr<const Stylesheet>> sheet_for(Message& message) const {
    if (sheet_) return sheet_;
    const Result<std::optional<std::string>> name = key->text(message);
    if (!name) return name.fault();
    const std::string entry_key = name->value_or(std::string());
    const LocalEntry* entry = message.artifacts ? message.artifacts->entry(entry_key) : nullptr;
    if (!entry) return Fault("the style sheet '" + entry_key + "' of xslt cannot be found");
    return dynamic_.find(entry_key, [&]() -> Sheets::Compiled {
      xml::Problems problems;
      auto compiled = Stylesheet::compile(*entry, resources_, problems);
      if (compiled) return compiled;
      return Fault("the style sheet '" + entry_key + "' of xslt cannot be used: " + problems.all().front().text());
    });
  }

  Result<StyleParameters> evaluate_parameters(Message& message) const {
    StyleParameters values;
    for (const ListedProperty& parameter : parameters) {
      Result<std::optional<std::string>> value = parameter.value->text(message);
      if (!value) return std::move(value).fault();
      if (*value) values.emplace_back(parameter.name, **std::move(value));
    }
    return values;
  }

  static Result<void> place_xml(Message& message, const tree::Document& made, tree::NodeId at) {
    if (is_envelope(made, made.root())) return replace_body(message, made, made.root());
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    return put(**envelope, (*envelope)->import(made, made.root()), at);
  }

  static Result<void> place_text(Message& message, const std::string& text, tree::NodeId at) {
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    const tree::NodeId wrapper = (*envelope)->create_element(kPayloadNamespace, {}, "text");
    (*envelope)->declare(wrapper, {}, kPayloadNamespace);
    (*envelope)->set_text(wrapper, text);
    return put(**envelope, wrapper, at);
  }

  static Result<void> put(tree::Document& envelope, tree::NodeId made, tree::NodeId at) {
    if (at == envelope.root() || at == Payload::body(envelope))
      return Fault("only a SOAP envelope can take the place of the message's envelope or body");
    envelope.insert_after(at, made);
    envelope.detach(at);
    return {};
  }

  std::vector<libxml::Resource> resources_;
  std::shared_ptr<const Stylesheet> sheet_;  ///< of a static key
  Sheets dynamic_;
};

/// On its turn the message is parsed, transformed by a worker, and gets the result.
class TransformOnWorker final : public Work {
 public:
  explicit TransformOnWorker(const Xslt& mediator) : mediator_(mediator) {}

  Task<Result<void>> run(Message& message, Sender& shard) override {
    Turn turn;
    const bool mine = co_await turn.await(shard, message.is_response());
    if (!mine) co_return transformations_wait();
    Result<Xslt::Prepared> prepared = mediator_.prepare(message);
    if (!prepared) co_return std::move(prepared).fault();
    if (!prepared->transformation) co_return Result<void>();
    Result<Output> output = co_await run_on_worker(std::move(prepared->transformation), shard);
    if (!output) co_return std::move(output).fault();
    co_return mediator_.place(message, *std::move(output), prepared->source);
  }

 private:
  const Xslt& mediator_;
};

Flow Xslt::leave_to_worker(Message& message) const {
  message.pending.kind = Pending::Kind::work;
  message.pending.work = std::make_unique<TransformOnWorker>(*this);
  return Flow::suspend;
}

// --- reading ----------------------------------------------------------------------------------------

/// `<feature>` and `<attribute>` tell a Java transformer how to work; they are checked, and nothing else.
void read_pairs(std::string_view name, bool boolean, xml::Bind& bind, Build& build) {
  std::set<std::string> seen;
  for (const xml::Element* child : bind.children(name)) {
    xml::Bind of(*child, build.problems);
    const std::string key(text::trim(of.required("name")));
    const std::string value(text::trim(of.required("value")));
    of.finish();
    if (boolean && !value.empty() && !text::iequals(value, "true") && !text::iequals(value, "false"))
      of.error(of.attribute("value")->where, "attribute 'value' on <feature> is " + xml::quote(value), "true or false is needed");
    if (!key.empty() && !seen.insert(key).second)
      of.error("a second " + xml::tag(name) + ' ' + xml::quote(key), "one is allowed");
  }
}

void read_includes(Xslt& xslt, xml::Bind& bind, Build& build) {
  for (const xml::Element* child : bind.children("resource")) {
    xml::Bind of(*child, build.problems);
    Xslt::Include include;
    include.location = text::trim(of.required("location"));
    include.key = text::trim(of.required("key"));
    include.where = child->where;
    of.finish();
    if (!include.location.empty() && !include.key.empty()) xslt.includes.push_back(std::move(include));
  }
}

std::unique_ptr<Mediator> build_xslt(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace", "useCache"});
  auto xslt = std::make_unique<Xslt>();
  xslt->apache = build.settings.apache_dialect();
  static_cast<void>(bind.required("key"));
  const xml::Attribute* key = bind.attribute("key");
  if (key && !text::trim(key->value).empty()) xslt->key = build.value(key, element);
  if (xslt->key && xslt->key->is_constant()) xslt->static_key = key->value;
  if (key) xslt->where = key->where;
  const xml::Attribute* source = bind.attribute("source");
  if (source) xslt->source = build.xpath(source, element);
  xslt->target = text::trim(bind.text("target").value_or(""));
  xslt->parameters.read(bind, build);
  read_pairs("feature", true, bind, build);
  read_pairs("attribute", false, bind, build);
  read_includes(*xslt, bind, build);
  bind.finish();
  if (!xslt->key || (source && !xslt->source)) return nullptr;
  return xslt;
}

}  // namespace

MYELIN_MEDIATOR("xslt", build_xslt);
}  // namespace myelin::mediators
