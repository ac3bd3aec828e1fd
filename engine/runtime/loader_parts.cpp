#include "engine/runtime/loader_parts.hpp"

#include <algorithm>

#include "engine/base/text.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/xml/bind.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

constexpr std::string_view kUrlRegistry = "org.apache.synapse.registry.url.SimpleURLRegistry";
constexpr std::string_view kSpaceRegistries[] = {"org.wso2.micro.integrator.registry.MicroIntegratorRegistry",
                                                 "org.wso2.carbon.mediation.registry.WSO2Registry",
                                                 "org.wso2.carbon.mediation.registry.ESBRegistry"};

std::string_view kind_name(Claim::Kind kind) {
  switch (kind) {
    case Claim::Kind::sequence: return "sequence";
    case Claim::Kind::endpoint: return "endpoint";
    case Claim::Kind::entry: return "local entry";
    case Claim::Kind::endpoint_template: return "endpoint template";
    case Claim::Kind::proxy: return "proxy";
    case Claim::Kind::api: return "api";
    case Claim::Kind::api_context: return "api context";
  }
  return "";
}

bool in_local_registry(Claim::Kind kind) {
  return kind == Claim::Kind::sequence || kind == Claim::Kind::endpoint || kind == Claim::Kind::entry ||
         kind == Claim::Kind::endpoint_template;
}

/// SRV-014: Apache keeps sequences, endpoints, templates and entries in one map; WSO2 guards only entries.
bool share_names(Claim::Kind earlier, Claim::Kind later, bool apache) {
  if (earlier == later) return true;
  return in_local_registry(earlier) && in_local_registry(later) && (apache || earlier == Claim::Kind::entry);
}

std::string place(const xml::Location& where) {
  return where.file + ':' + std::to_string(where.line) + ':' + std::to_string(where.column);
}

/// An element as messages name it: `<x>`, `{urn:a}x`, `<x> without a namespace`.
std::string shown(const xml::Element& element) {
  if (element.ns == xml::kSynapse) return xml::tag(element.name);
  return element.ns.empty() ? xml::tag(element.name) + " without a namespace" : '{' + element.ns + '}' + element.name;
}

/// Binds the artifacts of one document.
class Binder {
 public:
  Binder(BindContext& context, Parts& parts, xml::Problems& problems)
      : context_(context), parts_(parts), problems_(problems) {}

  void definitions(const xml::Element& root) {
    xml::Bind bind(root, problems_);
    bind.ignore({"name"});
    bind.all_children_known();
    bind.finish();
    if (!text::trim(root.text()).empty())
      problems_.warning(root.where, "text in <definitions> is ignored", "artifacts are allowed");
    for (const xml::Node& node : root.nodes) {
      if (!node.element || node.element->is("description")) continue;
      const Category* category = node.element->ns == xml::kSynapse ? category_of(node.element->name) : nullptr;
      if (category) artifact(*node.element, *category);
      else invalid(*node.element);
    }
  }

  void artifact(const xml::Element& element, const Category& category) {
    xml::Problems own;
    bind(element, category, own);
    for (xml::Problem& problem : own.all()) {
      if (problem.level == xml::Level::error && !hard_ && context_.failsafe.tolerates(category.failsafe)) {
        problem.level = xml::Level::warning;
        problem.found += ", so this " + std::string(category.element) + " is skipped";
      }
      problems_.add(std::move(problem));
    }
    hard_ = false;
  }

 private:
  /// SRV-003, MED-003
  void invalid(const xml::Element& element) {
    std::string found = "Invalid configuration element at the top level: ";
    if (element.ns != xml::kSynapse) {
      problems_.error(element.where, found + shown(element),
                      "elements are in namespace " + std::string(xml::kSynapse));
    } else if (Mediators::instance().find(element.name)) {
      problems_.error(element.where, found + xml::tag(element.name), "mediators stand in a <sequence>");
    } else {
      std::vector<std::string_view> names;
      for (const Category& category : categories())
        if (std::find(names.begin(), names.end(), category.element) == names.end()) names.push_back(category.element);
      problems_.error(element.where, found + xml::tag(element.name), xml::suggest(element.name, names));
    }
  }

  void bind(const xml::Element& element, const Category& category, xml::Problems& own) {
    if (category.element == "sequence") sequence(element, own);
    else if (category.element == "endpoint") endpoint(element, own);
    else if (category.element == "localEntry") entry(element, own);
    else if (category.element == "template" && !element.child("sequence")) endpoint_template(element, own);
    else if (category.element == "proxy") proxy(element, own);
    else if (category.element == "api") api(element, own);
    else if (category.element == "registry") registry(element, own);
    else if (category.element == "import" || category.element == "taskManager")
      own.warning(element.where, xml::tag(element.name) + " is known but not supported by this version; it is skipped");
    else
      own.error(element.where, xml::tag(element.name) + " is known but not supported by this version");
  }

  Build build(xml::Problems& own, std::string scope) {
    Build made(own, context_.states, context_.settings, context_.base, std::move(scope));
    made.offline = context_.offline;
    made.registry_keys = &context_.registry_keys;
    return made;
  }

  /// The trimmed name of a top-level artifact (EP-009); empty after an error.
  static std::string name_of(const xml::Element& element, std::string_view attribute, xml::Problems& own) {
    return std::string(text::trim(xml::Bind(element, own).required(attribute)));
  }

  /// True when the artifact may be kept: no errors, and its name is free in this file.
  bool claim(Claim::Kind kind, std::string name, const xml::Location& where, xml::Problems& own) {
    Claims added;
    added.emplace(std::move(name), Claim{kind, where});
    check_names(parts_.claims, added, context_.settings.apache_dialect(), own);
    if (own.has_errors()) return false;
    parts_.claims.merge(added);
    return true;
  }

  void sequence(const xml::Element& element, xml::Problems& own) {
    if (const auto* key = element.attribute("key")) {  // SRV-005
      own.error(key->where, "a top-level <sequence> with a key", "a definition with a name is needed");
      hard_ = true;
      return;
    }
    std::string name = name_of(element, "name", own);
    Build builder = build(own, "sequence:" + name);
    auto built = build_sequence(element, builder);
    built->name = name;
    if (!claim(Claim::Kind::sequence, name, element.where, own)) return;
    ++parts_.artifacts;
    parts_.sequence_elements[name] = &element;
    parts_.sequences[std::move(name)] = std::move(built);
  }

  void endpoint(const xml::Element& element, xml::Problems& own) {
    std::string name = name_of(element, "name", own);
    Build builder = build(own, "endpoint:" + name);
    auto built = builder.endpoint(element);
    if (!built || !claim(Claim::Kind::endpoint, name, element.where, own)) return;
    ++parts_.artifacts;
    parts_.endpoints[std::move(name)] = std::move(built);
  }

  void entry(const xml::Element& element, xml::Problems& own) {
    const auto* key = element.attribute("key");
    Build builder = build(own, "entry:" + (key ? key->value : std::string()));
    auto built = build_local_entry(element, builder);
    if (!built || !claim(Claim::Kind::entry, built->entry.key, element.where, own)) return;
    ++parts_.artifacts;
    const std::string name = built->entry.key;
    if (built->sequence) parts_.entry_sequences[name] = std::move(built->sequence);
    if (built->endpoint) parts_.entry_endpoints[name] = std::move(built->endpoint);
    if (built->endpoint_template) parts_.entry_templates[name] = std::move(built->endpoint_template);
    parts_.entries[name] = std::move(built->entry);
  }

  void endpoint_template(const xml::Element& element, xml::Problems& own) {
    auto built = build_endpoint_template(element, own);
    if (!built || !claim(Claim::Kind::endpoint_template, built->name, element.where, own)) return;
    ++parts_.artifacts;
    std::string name = built->name;
    parts_.endpoint_templates[std::move(name)] = std::move(built);
  }

  void proxy(const xml::Element& element, xml::Problems& own) {
    const auto* name = element.attribute("name");
    Build builder = build(own, "proxy:" + (name ? name->value : std::string()));
    auto built = build_proxy(element, builder);
    if (!claim(Claim::Kind::proxy, built->name, element.where, own)) return;
    ++parts_.artifacts;
    parts_.proxies[built->name] = std::move(built);
  }

  void api(const xml::Element& element, xml::Problems& own) {
    const auto* name = element.attribute("name");
    Build builder = build(own, "api:" + (name ? name->value : std::string()));
    auto built = build_api(element, builder);
    std::string context = built->context;
    if (built->versioning == Api::Versioning::url) context += '/' + built->version;
    // Both names or none.
    Claims added;
    added.emplace(built->name, Claim{Claim::Kind::api, element.where});
    added.emplace(std::move(context), Claim{Claim::Kind::api_context, element.where});  // SRV-016
    check_names(parts_.claims, added, context_.settings.apache_dialect(), own);
    if (own.has_errors()) return;
    parts_.claims.merge(added);
    ++parts_.artifacts;
    parts_.apis.push_back(std::move(built));
  }

  void registry(const xml::Element& element, xml::Problems& own) {
    if (parts_.has_registry) {  // SRV-004
      own.error(element.where, "a second <registry>", "one is allowed");
      return;
    }
    parts_.has_registry = true;
    xml::Bind bind(element, own);
    const std::string provider = bind.required("provider");
    RegistrySettings settings;
    settings.where = element.where;
    for (const xml::Element* child : bind.children("parameter")) registry_parameter(*child, settings, own);
    bind.finish();
    if (provider.empty()) return;
    const bool spaces = std::find(std::begin(kSpaceRegistries), std::end(kSpaceRegistries), provider) != std::end(kSpaceRegistries);
    settings.own_root = !settings.root.empty();
    if (spaces) settings.keys = RegistrySettings::Keys::spaces;
    if (spaces && !settings.own_root) settings.root = "file:registry/";
    if (provider != kUrlRegistry && !spaces)
      own.warning(element.where, "the registry " + provider + " is known but not supported by this version; its keys stay unresolved");
    else if (settings.root.empty())
      own.error(element.where, "the registry has no root", "<parameter name=\"root\"> is needed");
    else
      parts_.registry = std::move(settings);
  }

  static void registry_parameter(const xml::Element& element, RegistrySettings& settings, xml::Problems& own) {
    xml::Bind bind(element, own);
    const std::string name = bind.required("name");
    bind.finish();
    const std::string value{text::trim(element.text())};
    if (name == "root" || name == "RegRoot") settings.root = value;
    if (name != "cachableDuration") return;
    const auto duration = text::parse_long(value);
    if (!duration) bind.error("cachableDuration is " + xml::quote(value), "a whole number is needed");
    settings.cachable = duration.value_or(settings.cachable);
  }

  BindContext& context_;
  Parts& parts_;
  xml::Problems& problems_;
  bool hard_ = false;  ///< the error at hand is not tolerated by fail-safe
};

bool is_artifact(const xml::Element& root) { return root.ns == xml::kSynapse && category_of(root.name); }

/// SRV-002
void wrong_root(const xml::Element& root, std::string_view wanted, xml::Problems& problems) {
  problems.error(root.where, "the root element is " + shown(root),
                 std::string(wanted) + " of namespace " + std::string(xml::kSynapse) + " is needed");
}

}  // namespace

FailSafe::FailSafe(std::string_view setting) {
  for (const std::string_view item : text::split(setting, ",")) categories_.emplace(item);
  all_ = categories_.contains("all");
}

void check_names(const Claims& taken, const Claims& added, bool apache, xml::Problems& problems) {
  for (const auto& [name, later] : added) {
    const auto [begin, end] = taken.equal_range(name);
    for (auto at = begin; at != end; ++at) {
      const Claim& earlier = at->second;
      if (!share_names(earlier.kind, later.kind, apache)) continue;
      problems.error(later.where, "a second " + std::string(kind_name(later.kind)) + ' ' + xml::quote(name),
                     std::string(kind_name(earlier.kind)) + " of that name is at " + place(earlier.where));
      break;
    }
  }
}

Parts bind_document(const xml::Document& document, const SourceFile& file, BindContext& context,
                    xml::Problems& problems) {
  Parts parts;
  Binder binder(context, parts, problems);
  const xml::Element& root = *document.root;
  const bool definitions = root.is("definitions");
  switch (file.role) {
    case SourceFile::Role::single:
      if (definitions) binder.definitions(root);
      else if (is_artifact(root)) binder.artifact(root, *category_of(root.name));
      else wrong_root(root, "<definitions> or one artifact", problems);
      break;
    case SourceFile::Role::definitions:
      if (definitions) binder.definitions(root);
      else wrong_root(root, "<definitions>", problems);
      break;
    case SourceFile::Role::artifact:
      if (root.is(file.category->element)) binder.artifact(root, *file.category);
      else wrong_root(root, xml::tag(file.category->element), problems);
      break;
    case SourceFile::Role::loose:
      if (is_artifact(root)) binder.artifact(root, *category_of(root.name));
      else if (definitions)
        problems.warning(root.where, "this file is not loaded", "of several <definitions> only synapse.xml is");
      break;
  }
  return parts;
}

void merge(Parts parts, Deployment& deployment) {
  deployment.sequences.merge(parts.sequences);
  deployment.endpoints.merge(parts.endpoints);
  deployment.entry_sequences.merge(parts.entry_sequences);
  deployment.entry_endpoints.merge(parts.entry_endpoints);
  deployment.entries.merge(parts.entries);
  deployment.endpoint_templates.merge(parts.endpoint_templates);
  deployment.entry_templates.merge(parts.entry_templates);
  deployment.proxies.merge(parts.proxies);
  for (auto& api : parts.apis) deployment.apis.push_back(std::move(api));
  deployment.defined += parts.artifacts;
}

}  // namespace myelin
