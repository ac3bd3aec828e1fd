#include "engine/flow/build.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/base/text.hpp"
#include "engine/flow/sequence.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

/// Built-in tags of Synapse (mediators reference, 1.9): those without a plug-in are refused with a
/// better reason than "unknown".
constexpr std::string_view kSynapseMediators[] = {
    "aggregate", "annotatedCommand", "bean", "cache", "call", "call-template", "callout", "class", "clone",
    "comment", "conditionalRouter", "datamapper", "dbreport", "dblookup", "detach", "drop", "ejb", "enqueue",
    "enrich", "entitlement", "eventPublisher", "fastXSLT", "filter", "foreach", "header", "in", "iterate",
    "jsontransform", "log", "loopback", "makefault", "NTLM", "oauthService", "opa", "out", "payloadFactory",
    "pojoCommand", "property", "propertyGroup", "publishEvent", "replace", "respond", "rewrite", "router",
    "rule", "rules", "sampler", "scatter-gather", "script", "send", "sequence", "smooks", "spring", "store",
    "switch", "synapse", "template", "throttle", "throwError", "transaction", "validate", "variable", "xquery",
    "xslt"};

bool is_synapse_mediator(std::string_view name) {
  return std::find(std::begin(kSynapseMediators), std::end(kSynapseMediators), name) != std::end(kSynapseMediators);
}

using xml::did_you_mean;
using xml::quote;
using xml::tag;

/// The registry's own copy of a name, which lives as long as the process.
std::string_view stable_name(std::string_view name) {
  thread_local std::vector<std::string_view> names;
  auto found = std::lower_bound(names.begin(), names.end(), name);
  if (found == names.end() || *found != name) {
    names = Mediators::instance().names();
    found = std::lower_bound(names.begin(), names.end(), name);
  }
  return *found;
}

}  // namespace

// --- mediators ------------------------------------------------------------------------------------

namespace {

void fill(List& list, const xml::Element& parent, std::initializer_list<std::string_view> skip, Build& build) {
  const auto skipped = [&](const xml::Element& child) {
    return child.is("description") ||
           std::any_of(skip.begin(), skip.end(), [&](std::string_view name) { return child.is(name); });
  };
  for (const xml::Node& node : parent.nodes) {
    if (node.element && !skipped(*node.element)) {
      if (auto built = build.mediator(*node.element)) list.add(std::move(built));
    } else if (node.kind == xml::Node::Kind::text && !text::trim(node.text).empty()) {
      build.problems.warning(parent.where, "text in " + tag(parent.name) + " is ignored", "mediators are allowed");
    }
  }
}

}  // namespace

std::unique_ptr<List> Build::list(const xml::Element& parent, std::initializer_list<std::string_view> skip) {
  auto list = std::make_unique<List>();
  list->set_kind("list");
  fill(*list, parent, skip, *this);
  return list;
}

std::unique_ptr<Mediator> Build::mediator(const xml::Element& element) {
  const std::string name = '{' + element.ns + '}' + element.name;
  if (element.ns != xml::kSynapse) {
    problems.error(element.where, "unknown mediator " + name,
                   "mediators are in namespace " + std::string(xml::kSynapse));
    return nullptr;
  }
  const MediatorFactory* factory = Mediators::instance().find(element.name);
  if (!factory) {
    if (is_synapse_mediator(element.name)) {
      problems.error(element.where, tag(element.name) + " is known but not supported by this version");
    } else {
      problems.error(element.where, "unknown mediator " + name,
                     did_you_mean(element.name, Mediators::instance().names()));
    }
    return nullptr;
  }
  auto built = (*factory)(element, *this);
  if (built) built->set_kind(stable_name(element.name));
  return built;
}

std::unique_ptr<Sequence> build_sequence(const xml::Element& element, Build& build) {
  auto sequence = std::make_unique<Sequence>();
  sequence->where = element.where;
  sequence->set_kind("sequence");
  xml::Bind bind(element, build.problems);
  sequence->name = bind.text("name").value_or("");
  sequence->on_error = bind.text("onError").value_or("");
  if (const auto* key = element.attribute("key"); key && !sequence->on_error.empty())
    bind.error(key->where, "key and onError on " + tag(element.name), "one of the two is allowed");  // SRV-106
  // The other anonymous forms (then, case ...) have attributes of their own, known to their owners.
  const bool plain = element.is("sequence") || element.is("inSequence") || element.is("outSequence") ||
                     element.is("faultSequence");
  if (plain) {
    bind.ignore({"version"});
    bind.all_children_known();
    bind.finish();
  }
  fill(*sequence, element, {}, build);
  return sequence;
}

// --- endpoints ------------------------------------------------------------------------------------

namespace {

/// What selects a kind, in the order of the endpoints reference, 1.1.
struct KindMark {
  std::string_view mark;      ///< attribute or child
  std::string_view registered;
  bool attribute = false;
};
constexpr std::array kKindMarks{
    KindMark{"key", "@key", true},
    KindMark{"key-expression", "@key-expression", true},
    KindMark{"template", "@template", true},
    KindMark{"address", "address"},
    KindMark{"wsdl", "wsdl"},
    KindMark{"default", "default"},
    KindMark{"loadbalance", "loadbalance"},
    KindMark{"loadBalance", "loadbalance"},
    KindMark{"dynamicLoadbalance", "dynamicLoadbalance"},
    KindMark{"dynamicLoadBalance", "dynamicLoadbalance"},
    KindMark{"serviceDynamicLoadbalance", "serviceDynamicLoadbalance"},
    KindMark{"failover", "failover"},
    KindMark{"recipientlist", "recipientlist"},
    KindMark{"switch", "switch"},
    KindMark{"http", "http"},
    KindMark{"class", "class"},
};

struct Kind {
  const KindMark* mark = nullptr;
  const xml::Element* element = nullptr;
};

Kind find_kind(const xml::Element& endpoint) {
  for (const KindMark& mark : kKindMarks) {
    if (mark.attribute) {
      if (endpoint.attribute(mark.mark)) return {&mark, &endpoint};
    } else if (const auto* child = endpoint.child(mark.mark)) {
      return {&mark, child};
    }
  }
  return {};
}

/// EP-001: names what was found instead of a kind.
void no_kind(const xml::Element& endpoint, xml::Problems& problems) {
  std::vector<std::string_view> allowed;
  for (const KindMark& mark : kKindMarks)
    if (!mark.attribute && mark.mark == mark.registered) allowed.push_back(mark.mark);
  for (const xml::Element* child : endpoint.children()) {
    if (child->is("description") || child->is("property") || child->is("session")) continue;
    const bool foreign = child->ns != xml::kSynapse;
    problems.error(child->where,
                   "Invalid endpoint configuration: found " +
                       (foreign ? '{' + child->ns + '}' + child->name : tag(child->name)),
                   foreign ? "elements are in namespace " + std::string(xml::kSynapse)
                           : xml::suggest(child->name, allowed));
    return;
  }
  problems.error(endpoint.where, "Invalid endpoint configuration: <endpoint> has no kind",
                 "allowed: attribute key, key-expression or template, or child " + text::one_of(allowed));
}

bool takes_session(std::string_view kind) {
  return kind == "loadbalance" || kind == "dynamicLoadbalance" || kind == "serviceDynamicLoadbalance";
}

/// Reports what is on `<endpoint>` besides its kind; the kind reports on its own element.
void check_endpoint_element(xml::Bind& bind, const Kind& kind) {
  bind.ignore({"name", "onError", "key", "key-expression", "template", "weight", "backup", "tenants", "inherit", "state"},
              {"property"});
  if (kind.mark->registered == "@template") bind.ignore({"uri"}, {"parameter"});
  for (const KindMark& mark : kKindMarks) {
    if (mark.attribute) continue;
    for (const xml::Element* child : bind.children(mark.mark))
      if (child != kind.element)
        bind.warning(child->where, tag(child->name) + " is ignored",
                     (kind.mark->attribute ? "attribute " + quote(kind.mark->mark) : tag(kind.mark->mark)) +
                         " selects the kind");
  }
  for (const xml::Element* session : bind.children("session"))
    if (!takes_session(kind.mark->registered))
      bind.warning(session->where, "<session> is ignored", "only load balancing has sessions");
  bind.finish();
}

constexpr std::pair<std::string_view, EndpointProperty::Scope> kScopes[] = {
    {"default", EndpointProperty::Scope::normal},
    {"axis2", EndpointProperty::Scope::axis2},
    {"axis2-client", EndpointProperty::Scope::client},
    {"transport", EndpointProperty::Scope::transport}};

EndpointProperty read_property(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  EndpointProperty property;
  property.name = bind.required("name");
  const auto* value = bind.attribute("value");
  const auto* expression = bind.attribute("expression");
  property.scope = bind.choice<EndpointProperty::Scope>("scope", kScopes, EndpointProperty::Scope::normal);
  if (value) {
    property.value = bind.required("value");
  } else if (expression) {
    property.expression = build.expression(expression, element);
  } else {
    bind.error("<property> without a value", "attribute 'value' or 'expression' is needed");  // EP-030
  }
  bind.finish();
  return property;
}

constexpr std::pair<std::string_view, Switch> kSwitches[] = {
    {"on", Switch::on}, {"off", Switch::off}, {"drain", Switch::drain}};

}  // namespace

std::int64_t read_weight(xml::Bind& bind) {
  const auto* attribute = bind.attribute("weight");
  if (!attribute) return 0;
  const auto value = text::parse_long(text::trim(attribute->value));
  if (!value) {
    bind.error(attribute->where, "weight of " + tag(bind.element().name) + " is " + quote(attribute->value),
               "a whole number is needed");
    return 0;
  }
  if (*value <= 0) bind.warning(attribute->where, "weight " + attribute->value + " counts as 1", "1 or more");
  return std::max<std::int64_t>(*value, 1);
}

namespace {

/// None of the tags of `tenants` is one of this server's; a server without tags uses everything (GW-104).
bool is_foreign(const xml::Attribute& tenants, const Artifacts& settings) {
  const std::string_view own = settings.setting("server.tags");
  if (text::trim(own).empty()) return false;
  const auto tags = text::split(own, ", ");
  for (const std::string_view tenant : text::split(tenants.value, ", "))
    if (std::find(tags.begin(), tags.end(), tenant) != tags.end()) return false;
  return true;
}

/// What an endpoint says to the group around it (gateways reference, 4.2).
struct Place {
  Place(xml::Bind& bind, const Build& build)
      : weight(read_weight(bind)),
        backup(bind.is_true("backup")),
        state(bind.choice<Switch>("state", kSwitches, Switch::on)) {
    if (const auto* tenants = bind.attribute("tenants")) foreign = is_foreign(*tenants, build.settings);
  }
  void apply(Endpoint& endpoint) const noexcept {
    endpoint.weight = weight;
    endpoint.backup = backup;
    endpoint.foreign = foreign;
    endpoint.initial = state;
  }

  std::int64_t weight;
  bool backup;
  Switch state;
  bool foreign = false;
};

/// EP-032: the last of one name wins, whatever its scope.
void read_properties(const xml::Element& element, Endpoint& endpoint, Build& build) {
  for (const xml::Element* child : element.children()) {
    if (!child->is("property")) continue;
    auto property = read_property(*child, build);
    const auto same = std::find_if(endpoint.properties.begin(), endpoint.properties.end(),
                                   [&](const auto& old) { return old.name == property.name; });
    if (same == endpoint.properties.end()) endpoint.properties.push_back(std::move(property));
    else *same = std::move(property);
  }
}

}  // namespace

const xml::Element* Build::inherited(std::string_view block) const noexcept {
  for (auto around = shared.rbegin(); around != shared.rend(); ++around)
    if (const xml::Element* found = (*around)->child(block)) return found;
  return nullptr;
}

std::string Build::endpoint_key(const xml::Element& element, const std::string& name) {
  if (name.empty()) return next_key();
  const bool top_level = !element.parent || element.parent->is("definitions");
  std::string key = top_level ? "endpoint:" + name : scope + '/' + name;
  if (!endpoint_keys_.insert(key).second) key += '#' + std::to_string(counter_++);
  return key;
}

std::unique_ptr<Endpoint> Build::endpoint(const xml::Element& element) {
  if (!element.is("endpoint")) {
    problems.error(element.where, "found {" + element.ns + '}' + element.name,
                   "an <endpoint> of namespace " + std::string(xml::kSynapse) + " is needed");
    return nullptr;
  }
  const Kind kind = find_kind(element);
  if (!kind.mark) {
    no_kind(element, problems);
    return nullptr;
  }
  if (!kind.mark->attribute && kind.mark->mark != kind.mark->registered)  // EP-004
    problems.warning(kind.element->where, tag(kind.mark->mark) + " is read as " + tag(kind.mark->registered),
                     "write " + tag(kind.mark->registered));
  xml::Bind bind(element, problems);
  check_endpoint_element(bind, kind);
  const EndpointFactory* factory = Endpoints::instance().find(kind.mark->registered);
  if (!factory) {
    problems.error(kind.element->where, (kind.mark->attribute ? "attribute " + quote(kind.mark->mark) + " of <endpoint>"
                                                              : tag(kind.mark->mark)) +
                                            " is known but not supported by this version");
    return nullptr;
  }
  // The key is taken first, so that a group's number does not depend on what it holds.
  const std::string name{text::trim(bind.text("name").value_or(""))};
  std::string key = endpoint_key(element, name);
  const Place place(bind, *this);
  const auto inherit = bind.text("inherit");
  std::vector<const xml::Element*> outer;
  const bool cut_off = inherit && text::is_false(*inherit);
  if (cut_off) outer.swap(shared);
  auto endpoint = (*factory)(element, *kind.element, *this);
  if (cut_off) outer.swap(shared);
  if (!endpoint) return nullptr;
  place.apply(*endpoint);
  endpoint->name = name;
  endpoint->key = std::move(key);
  endpoint->where = element.where;
  if (const auto* text = element.child("description")) endpoint->description = text::trim(text->text());
  if (kind.mark->registered != "@template" && kind.mark->registered != "class")
    read_properties(element, *endpoint, *this);
  if (auto* leaf = dynamic_cast<Leaf*>(endpoint.get())) leaf->on_error = bind.text("onError").value_or("");
  return endpoint;
}

// --- expressions ----------------------------------------------------------------------------------

namespace {

using Compile = std::unique_ptr<expr::Expression> (*)(std::string_view, const expr::Namespaces&, expr::SyntaxError&);

std::unique_ptr<expr::Expression> compile(Compile compiler, const xml::Attribute* attribute, const xml::Element& at,
                                          xml::Problems& problems) {
  if (!attribute) return nullptr;
  expr::SyntaxError error;
  auto compiled = compiler(attribute->value, at.namespaces(), error);
  if (!compiled)
    problems.error(attribute->where,
                   "attribute " + quote(attribute->name) + " on " + tag(at.name) + " is no expression: " + error.message,
                   "at character " + std::to_string(error.offset + 1) + " of " + quote(attribute->value));
  return compiled;
}

/// Synapse takes a blank expression for a missing one.
bool blank(const xml::Attribute* attribute, const xml::Element& at, xml::Problems& problems) {
  if (!attribute || !text::trim(attribute->value).empty()) return false;
  problems.error(attribute->where, "attribute " + quote(attribute->name) + " on " + tag(at.name) + " is empty",
                 "an expression is needed");
  return true;
}

}  // namespace

std::unique_ptr<expr::Expression> Build::noted(std::unique_ptr<expr::Expression> expression) {
  if (expression && registry_keys)
    for (std::string& key : expression->registry_keys()) registry_keys->insert(std::move(key));
  return expression;
}

std::unique_ptr<expr::Expression> Build::expression(const xml::Attribute* attribute, const xml::Element& at) {
  if (blank(attribute, at, problems)) return nullptr;
  return noted(compile(expr::compile, attribute, at, problems));
}

std::unique_ptr<expr::Expression> Build::xpath(const xml::Attribute* attribute, const xml::Element& at) {
  if (blank(attribute, at, problems)) return nullptr;
  return noted(compile(expr::compile_xpath, attribute, at, problems));
}

std::unique_ptr<expr::Expression> Build::value(const xml::Attribute* attribute, const xml::Element& at) {
  auto compiled = noted(compile(expr::compile_value, attribute, at, problems));
  if (compiled && !compiled->is_constant()) note_computed_key();
  return compiled;
}

// --- links ----------------------------------------------------------------------------------------

const Mediator* Linker::sequence(std::string_view key, const xml::Location& where) {
  const Mediator* found = artifacts.sequence(key);
  if (!found) unresolved("sequence", key, where, sequence_names);
  return found;
}

const Endpoint* Linker::endpoint(std::string_view key, const xml::Location& where) {
  const Endpoint* found = artifacts.endpoint(key);
  if (!found) unresolved("endpoint", key, where, endpoint_names);
  return found;
}

const EndpointTemplate* Linker::endpoint_template(std::string_view key, const xml::Location& where) {
  const EndpointTemplate* found = artifacts.endpoint_template(key);
  if (!found) unresolved("endpoint template", key, where, template_names);
  return found;
}

const LocalEntry* Linker::entry(std::string_view key, const xml::Location& where) {
  const LocalEntry* found = artifacts.entry(key);
  if (!found) unresolved("local entry", key, where, entry_names);
  return found;
}

void Linker::unresolved(std::string_view kind, std::string_view key, const xml::Location& where,
                        const std::vector<std::string_view>& names) {
  std::string found = std::string(kind) + ' ' + quote(key) + " is defined by no loaded file";
  if (strict) problems.error(where, std::move(found), did_you_mean(key, names));
  else problems.warning(where, std::move(found), did_you_mean(key, names));
}

}  // namespace myelin
