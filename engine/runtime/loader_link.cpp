#include "engine/runtime/loader_link.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "engine/artifacts/resource.hpp"
#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/runtime/loader_wsdl.hpp"
#include "engine/xml/reader.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace fs = std::filesystem;

namespace {

/// Folders of the WSO2 registry by the beginnings of keys; other keys lie in the last (server reference, 1.7).
constexpr std::pair<std::string_view, std::string_view> kSpaces[] = {{"conf:", "config"},
                                                                     {"gov:", "governance"},
                                                                     {"local:", "local"},
                                                                     {"resources:", "governance/mi-resources"},
                                                                     {"/_system/config/", "config"},
                                                                     {"/_system/local/", "local"},
                                                                     {"/_system/governance/", "governance"},
                                                                     {"", "governance"}};

fs::path below(fs::path folder, std::string_view key) {
  while (key.starts_with('/')) key.remove_prefix(1);
  return folder / key;
}

fs::path in_space(const fs::path& root, std::string_view key) {
  for (const auto& [prefix, folder] : kSpaces)
    if (key.starts_with(prefix)) return below(root / folder, key.substr(prefix.size()));
  return {};
}

}  // namespace

FileRegistry::FileRegistry(const std::optional<RegistrySettings>& settings, const fs::path& base, bool offline,
                           xml::Problems& problems) {
  if (!settings) return;
  keys_ = settings->keys;
  if (!is_file_uri(settings->root)) {
    problems.warning(settings->where, "the registry root " + xml::quote(settings->root) + " is not read; its keys stay unresolved",
                     "file: roots are supported");
    return;
  }
  if (const auto found = find_file(settings->root, base)) root_ = *found;
  else if (!settings->own_root) return;
  else if (!offline) problems.warning(settings->where, "the registry root " + xml::quote(settings->root) + " is no folder");
  else problems.warning(settings->where, "the registry root " + xml::quote(settings->root) + " is not here");
}

std::optional<fs::path> FileRegistry::file(std::string_view key) const {
  if (root_.empty() || key.empty()) return std::nullopt;
  fs::path path = keys_ == RegistrySettings::Keys::spaces ? in_space(root_, key) : below(root_, key);
  std::error_code failed;
  return fs::is_regular_file(path, failed) ? std::optional(std::move(path)) : std::nullopt;
}

namespace {

constexpr std::size_t kMostFiles = 1'000;
constexpr std::uintmax_t kMostBytes = std::uintmax_t{16} << 20, kLargestFile = std::uintmax_t{1} << 20;

/// The key that leads to a file in that place below the root.
std::string key_of(const fs::path& below_root, RegistrySettings::Keys keys) {
  const std::string path = below_root.generic_string();
  if (keys == RegistrySettings::Keys::paths) return path;
  constexpr std::pair<std::string_view, std::string_view> kFolders[] = {
      {"governance/mi-resources/", "resources:"}, {"config/", "conf:/"}, {"governance/", "gov:/"}, {"local/", "local:/"}};
  for (const auto& [folder, prefix] : kFolders)
    if (path.starts_with(folder)) return std::string(prefix) + path.substr(folder.size());
  return {};
}

}  // namespace

std::vector<std::string> FileRegistry::keys(bool& all) const {
  std::vector<std::string> found;
  std::uintmax_t bytes = 0;
  std::error_code failed;
  if (root_.empty()) return found;
  for (fs::recursive_directory_iterator at(root_, failed), end; !failed && at != end; at.increment(failed)) {
    const bool hidden = at->path().filename().native().starts_with('.');
    if (hidden) at.disable_recursion_pending();
    if (hidden || !at->is_regular_file(failed)) continue;
    const std::uintmax_t size = at->file_size(failed);
    if (failed || size > kLargestFile || bytes + size > kMostBytes || found.size() == kMostFiles) {
      all = false;
      continue;
    }
    bytes += size;
    if (std::string key = key_of(at->path().lexically_relative(root_), keys_); !key.empty()) found.push_back(std::move(key));
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

/// The deployment under construction as the link pass sees it: keys it lacks come from the registry.
class LinkView final : public Artifacts {
 public:
  LinkView(Deployment& deployment, const FileRegistry& registry, BindContext& context, xml::Problems& problems)
      : deployment_(deployment), registry_(registry), context_(context), problems_(problems) {
    for (const auto& [key, entry] : deployment.entries) unlinked_.push_back(key);
  }

  const Mediator* sequence(std::string_view key) const override {
    const Mediator* found = deployment_.sequence(key);
    return found || !fetch(key) ? found : deployment_.sequence(key);
  }
  const Endpoint* endpoint(std::string_view key) const override {
    const Endpoint* found = deployment_.endpoint(key);
    return found || !fetch(key) ? found : deployment_.endpoint(key);
  }
  const LocalEntry* entry(std::string_view key) const override {
    const LocalEntry* found = deployment_.entry(key);
    return found || !fetch(key) ? found : deployment_.entry(key);
  }
  const EndpointTemplate* endpoint_template(std::string_view key) const override {
    const EndpointTemplate* found = deployment_.endpoint_template(key);
    return found || !fetch(key) ? found : deployment_.endpoint_template(key);
  }
  std::string_view setting(std::string_view name) const override { return deployment_.setting(name); }
  bool apache_dialect() const noexcept override { return deployment_.apache_dialect(); }

  /// Links what entries and the registry hold, which may ask for more.
  void link_entries(Linker& linker) {
    fetch_resources();
    while (!unlinked_.empty()) {
      const std::string key = std::move(unlinked_.back());
      unlinked_.pop_back();
      if (const auto found = deployment_.entry_sequences.find(key); found != deployment_.entry_sequences.end())
        found->second->link(linker);
      if (const auto found = deployment_.entry_endpoints.find(key); found != deployment_.entry_endpoints.end())
        found->second->link(linker);
      fetch_resources();
    }
  }

 private:
  /// What messages may ask for; what is fetched may hold more of such keys.
  void fetch_resources() const {
    const auto keys = context_.registry_keys;
    for (const std::string& key : keys)
      if (key.empty()) fetch_everything();
      else if (!deployment_.entry(key)) fetch(key);
  }

  /// Some keys are computed: messages never wait for a disk, so all resources have to be there.
  void fetch_everything() const {
    if (std::exchange(has_everything_, true)) return;
    bool all = true;
    for (const std::string& key : registry_.keys(all))
      if (!deployment_.entry(key)) fetch(key, false);
    if (!all) log::warn("config", "the registry holds more than can be kept in memory for keys that messages compute");
  }

  /// Takes the resource of `key` into the deployment, once.
  bool fetch(std::string_view key, bool reports = true) const {
    if (!asked_.insert(std::string(key)).second) return false;
    const auto file = registry_.file(key);
    if (!file || deployment_.entries.contains(key)) return false;
    auto text = myelin::fetch(file->string(), {});
    if (!text) return false;
    BuiltEntry built = parse(*std::move(text), file->string(), std::string(key), reports);
    const std::string name(key);
    if (built.sequence) deployment_.entry_sequences[name] = std::move(built.sequence);
    if (built.endpoint) deployment_.entry_endpoints[name] = std::move(built.endpoint);
    if (built.endpoint_template) deployment_.entry_templates[name] = std::move(built.endpoint_template);
    deployment_.entries[name] = std::move(built.entry);
    unlinked_.push_back(name);
    return true;
  }

  BuiltEntry parse(std::string text, const std::string& file, std::string key, bool reports) const {
    xml::Problems found;
    BuiltEntry built;
    if (const auto document = xml::read(text, file, found)) {
      Build build(found, context_.states, deployment_, context_.base, "entry:" + key);
      build.offline = context_.offline;
      build.registry_keys = &context_.registry_keys;
      built = build_entry_value(*document->root, std::move(key), build);
      const bool broken = found.has_errors();
      // A registry resource is no part of the configuration: what is wrong with it leaves its key
      // unresolved and nothing else.
      for (xml::Problem& problem : found.all()) {
        problem.level = xml::Level::warning;
        if (reports) problems_.add(std::move(problem));
      }
      if (broken) {
        built.sequence = nullptr;
        built.endpoint = nullptr;
        built.endpoint_template = nullptr;
      }
    } else {
      built.entry = {std::move(key), LocalEntry::Type::text, std::move(text), {file, 0, 0}};
    }
    return built;
  }

  Deployment& deployment_;
  const FileRegistry& registry_;
  BindContext& context_;
  xml::Problems& problems_;
  mutable std::set<std::string, std::less<>> asked_;
  mutable bool has_everything_ = false;
  mutable std::vector<std::string> unlinked_;
};

template <class Map>
void add_names(const Map& map, std::vector<std::string_view>& names) {
  for (const auto& [name, value] : map) names.push_back(name);
}

template <class Map>
void link_all(const Map& map, Linker& linker) {
  for (const auto& [name, linked] : map) linked->link(linker);
}

void link_services(Deployment& deployment, Linker& linker, const BindContext& context) {
  for (auto& [name, proxy] : deployment.proxies) {
    link_service(*proxy, linker);
    link_wsdl(*proxy, linker, context);
  }
  for (auto& api : deployment.apis)
    for (auto& resource : api->resources) link_service(*resource, linker);
}

/// Longest context first; "/" is a prefix of all and comes last by its length (SRV-080, SRV-081).
void order_apis(Deployment& deployment) {
  std::stable_sort(deployment.apis.begin(), deployment.apis.end(),
                   [](const auto& a, const auto& b) { return a->context.size() > b->context.size(); });
}

void set_well_known(Deployment& deployment) {
  deployment.main.kind = Service::Kind::main;
  deployment.main.name = "main";
  deployment.main.in = deployment.sequence("main");
  deployment.fault = deployment.sequence("fault");
  deployment.pre_mediate = deployment.sequence("pre-mediate");
  deployment.resource_mismatch = deployment.sequence("_resource_mismatch_handler_");
  deployment.method_not_allowed = deployment.sequence("_method_not_allowed_handler_");
}

void serve_endpoints(Deployment& deployment) {
  for (const auto& [name, endpoint] : deployment.endpoints) {
    auto service = std::make_unique<Service>();
    service->kind = Service::Kind::endpoint;
    service->name = name;
    service->endpoint = endpoint.get();
    deployment.endpoint_services[name] = std::move(service);
  }
}

}  // namespace

void link_deployment(Deployment& deployment, const std::optional<RegistrySettings>& registry_settings,
                     BindContext& context, bool strict, xml::Problems& problems) {
  const FileRegistry registry(registry_settings, context.base, context.offline, problems);
  LinkView view(deployment, registry, context, problems);
  Linker linker(view, problems);
  linker.strict = strict;
  linker.states = &context.states;
  add_names(deployment.sequences, linker.sequence_names);
  add_names(deployment.entry_sequences, linker.sequence_names);
  add_names(deployment.endpoints, linker.endpoint_names);
  add_names(deployment.entry_endpoints, linker.endpoint_names);
  add_names(deployment.endpoint_templates, linker.template_names);
  add_names(deployment.entry_templates, linker.template_names);
  add_names(deployment.entries, linker.entry_names);
  link_all(deployment.sequences, linker);
  link_all(deployment.endpoints, linker);
  link_services(deployment, linker, context);
  view.link_entries(linker);
  deployment.endpoint_roots = std::move(linker.roots);
  deployment.discoverers = std::move(linker.discoverers);
  order_apis(deployment);
  set_well_known(deployment);
  if (deployment.endpoints_only) serve_endpoints(deployment);
}

}  // namespace myelin
