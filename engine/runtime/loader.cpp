#include "engine/runtime/loader.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "engine/artifacts/resource.hpp"
#include "engine/runtime/cross_origin.hpp"
#include "engine/runtime/loader_cycles.hpp"
#include "engine/runtime/loader_files.hpp"
#include "engine/runtime/loader_link.hpp"
#include "engine/runtime/loader_parts.hpp"
#include "engine/xml/reader.hpp"

namespace myelin {

namespace fs = std::filesystem;

namespace {

using DocumentPtr = std::shared_ptr<const xml::Document>;

/// One file as it is on disk and as it last was fine.
struct FileState {
  std::string text;
  DocumentPtr document;     ///< of `text`; null: not well-formed
  xml::Problems problems;   ///< why
  DocumentPtr good;         ///< what serves
};

/// SRV-006, SRV-007: what a configuration without main or fault gets.
constexpr std::string_view kDefaultMain =
    R"(<sequence xmlns="http://ws.apache.org/ns/synapse" name="main"><log/><drop/></sequence>)";
constexpr std::string_view kDefaultFault =
    R"x(<sequence xmlns="http://ws.apache.org/ns/synapse" name="fault"><log level="full">)x"
    R"x(<property name="MESSAGE" value="Executing default &quot;fault&quot; sequence"/>)x"
    R"x(<property name="ERROR_CODE" expression="get-property('ERROR_CODE')"/>)x"
    R"x(<property name="ERROR_MESSAGE" expression="get-property('ERROR_MESSAGE')"/></log><drop/></sequence>)x";

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "localhost";
}

/// The first IPv4 address that is not the loopback's. No name is looked up.
std::string host_address() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return "127.0.0.1";
  std::string found = "127.0.0.1";
  for (const ifaddrs* at = first; at; at = at->ifa_next) {
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_LOOPBACK)) continue;
    sockaddr_in address{};
    std::copy_n(reinterpret_cast<const char*>(at->ifa_addr), sizeof address, reinterpret_cast<char*>(&address));
    std::array<char, INET_ADDRSTRLEN> text{};
    if (inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size())) found = text.data();
    break;
  }
  freeifaddrs(first);
  return found;
}

std::string read_text(const fs::path& path, bool& failed) {
  std::ifstream stream(path, std::ios::binary);
  failed = !stream;
  return failed ? std::string() : std::string{std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

class Assembly;

struct Loader::Impl {
  Impl(fs::path configuration, StateStore& state_store, Options chosen)
      : path(std::move(configuration)), states(state_store), options(chosen) {
    std::error_code failed;
    base = fs::is_directory(path, failed) ? path : path.parent_path();
    if (base.empty()) base = ".";
  }

  bool read_settings(const Settings& overrides, xml::Problems& problems);
  void refresh(const std::vector<SourceFile>& sources);
  void refresh(const SourceFile& source, FileState& state);
  std::shared_ptr<Deployment> attempt(const std::vector<SourceFile>& sources, xml::Problems& problems);
  std::shared_ptr<Deployment> build(const std::vector<SourceFile>& sources, xml::Problems& problems);
  void take_remote(Assembly& assembly, xml::Problems& problems);
  bool reject(const xml::Problems& problems);

  fs::path path, base;
  StateStore& states;
  Options options;
  Settings settings;
  bool serving = false;                      ///< something was deployed before
  std::map<std::string, FileState> files;
  std::map<std::string, DocumentPtr> used;   ///< by the attempt under way
  DocumentPtr remote;                        ///< the whole configuration as the registry held it last
  std::set<std::string> rejected;            ///< changed files that did not link
  std::optional<RegistrySettings> registry;  ///< of the attempt under way
};

/// False when the very first settings are wrong; later wrong ones leave the old in place.
bool Loader::Impl::read_settings(const Settings& overrides, xml::Problems& problems) {
  xml::Problems found;
  Settings read = Settings::read(base, found);
  const bool wrong = found.has_errors();
  for (xml::Problem& problem : found.all()) problems.add(std::move(problem));
  if (wrong) return serving;
  for (const auto& [name, value] : overrides.all()) read.set(name, value);
  settings = std::move(read);
  return true;
}

void Loader::Impl::refresh(const std::vector<SourceFile>& sources) {
  std::map<std::string, FileState> kept;
  for (const SourceFile& source : sources) {
    const std::string name = source.path.string();
    FileState& state = kept[name];
    if (const auto old = files.find(name); old != files.end()) state = std::move(old->second);
    refresh(source, state);
  }
  files = std::move(kept);
}

void Loader::Impl::refresh(const SourceFile& source, FileState& state) {
  bool failed = false;
  std::string text = read_text(source.path, failed);
  if (!failed && (state.document || state.problems.has_errors()) && text == state.text) return;
  state.text = std::move(text);
  state.problems = {};
  state.document = nullptr;
  const std::string name = source.path.string();
  if (failed) state.problems.error({name, 0, 0}, "the file cannot be read");
  else state.document = xml::read(state.text, name, state.problems);
}

namespace {

/// What is wrong with a file that nobody may have meant for us, or whose category is tolerated, only
/// warns.
xml::Problems reading_problems(const FileState& state, const SourceFile& source, const FailSafe& failsafe) {
  xml::Problems found = state.problems;
  const bool tolerated = source.role == SourceFile::Role::loose ||
                         (source.category && failsafe.tolerates(source.category->failsafe));
  if (tolerated)
    for (xml::Problem& problem : found.all()) problem.level = xml::Level::warning;
  return found;
}

void append(xml::Problems& to, xml::Problems from) {
  for (xml::Problem& problem : from.all()) to.add(std::move(problem));
}

void add_default(std::string_view name, std::string_view text, Deployment& deployment, BindContext& context) {
  if (deployment.sequences.contains(name)) return;
  xml::Problems problems;
  const auto document = xml::read(text, "(default " + std::string(name) + ")", problems);
  if (!document) return;
  Build build(problems, context.states, deployment, context.base, "sequence:" + std::string(name));
  auto sequence = build_sequence(*document->root, build);
  deployment.sequences[std::string(name)] = std::move(sequence);
}

void add_server_entries(Deployment& deployment) {  // SRV-041
  deployment.entries.try_emplace("SERVER_HOST", LocalEntry{"SERVER_HOST", LocalEntry::Type::text, host_name()});
  deployment.entries.try_emplace("SERVER_IP", LocalEntry{"SERVER_IP", LocalEntry::Type::text, host_address()});
}

}  // namespace

/// One deployment being put together, file by file.
class Assembly {
 public:
  Assembly(const Settings& settings, StateStore& states, const fs::path& base, bool offline)
      : deployment_(start(settings)),
        context_{*deployment_, states, base, offline, FailSafe(settings.get("failsafe.mode.enable")), {}} {}

  const FailSafe& failsafe() const noexcept { return context_.failsafe; }
  bool empty() const noexcept { return claims_.empty(); }
  /// Where the registry keeps a whole configuration; nullopt when it has none.
  std::optional<fs::path> remote() const {
    xml::Problems told_when_linked;
    return FileRegistry(registry_, context_.base, context_.offline, told_when_linked).file("synapse.xml");
  }
  const std::optional<RegistrySettings>& registry() const noexcept { return registry_; }

  /// Adds what a file defines, or nothing at all when it has an error.
  bool take(const SourceFile& source, const xml::Document& document, xml::Problems& problems) {
    xml::Problems found;
    Parts parts = bind_document(document, source, context_, found);
    check_names(claims_, parts.claims, deployment_->apache_dialect(), found);
    take_registry(parts, source, found);
    const bool fine = !found.has_errors();
    append(problems, std::move(found));
    if (!fine) return false;
    claims_.merge(parts.claims);
    sequence_elements_.insert(parts.sequence_elements.begin(), parts.sequence_elements.end());
    merge(std::move(parts), *deployment_);
    return true;
  }

  /// The whole, linked; null when it does not link.
  std::shared_ptr<Deployment> finish(bool strict, xml::Problems& problems) {
    Deployment& deployment = *deployment_;
    deployment.endpoints_only = !deployment.sequences.contains("main") && deployment.proxies.empty() &&
                                deployment.apis.empty() && !deployment.endpoints.empty();
    add_default("main", kDefaultMain, deployment, context_);
    add_default("fault", kDefaultFault, deployment, context_);
    add_server_entries(deployment);
    xml::Problems found;
    check_cycles(sequence_elements_, found);
    if (!found.has_errors()) link_deployment(deployment, registry_, context_, strict, found);
    const bool linked = !found.has_errors();
    append(problems, std::move(found));
    return linked ? std::move(deployment_) : nullptr;
  }

 private:
  static std::shared_ptr<Deployment> start(const Settings& settings) {
    auto deployment = std::make_shared<Deployment>();
    deployment->settings = settings;
    deployment->cross_origin = CrossOrigin::is_on(settings);
    return deployment;
  }

  /// The first one wins, and registry.xml yields to synapse.xml (SRV-009).
  void take_registry(const Parts& parts, const SourceFile& source, xml::Problems& problems) {
    if (!parts.has_registry) return;
    if (!has_registry_) registry_ = parts.registry;
    else if (parts.registry && source.role != SourceFile::Role::artifact)
      problems.error(parts.registry->where, "a second <registry>", "one is allowed");
    has_registry_ = true;
  }

  std::shared_ptr<Deployment> deployment_;
  BindContext context_;
  Claims claims_;
  std::map<std::string, const xml::Element*, std::less<>> sequence_elements_;
  bool has_registry_ = false;
  std::optional<RegistrySettings> registry_;
};

/// Binds all files, each in its newest content that is fine, and links. Null after an error that
/// keeps this from serving.
std::shared_ptr<Deployment> Loader::Impl::build(const std::vector<SourceFile>& sources, xml::Problems& problems) {
  Assembly assembly(settings, states, base, options.offline);
  used.clear();
  for (const SourceFile& source : sources) {
    const std::string name = source.path.string();
    const FileState& state = files[name];
    if (!state.document) append(problems, reading_problems(state, source, assembly.failsafe()));
    const bool usable = state.document && !rejected.contains(name);
    if (usable && assembly.take(source, *state.document, problems)) {
      used[name] = state.document;
    } else if (state.good && (state.good != state.document || !usable)) {
      xml::Problems known_already;
      if (assembly.take(source, *state.good, known_already)) used[name] = state.good;
    }
  }
  if (assembly.empty() && !problems.has_errors()) take_remote(assembly, problems);
  if (problems.has_errors() && !serving) return nullptr;
  registry = assembly.registry();
  return assembly.finish(options.strict, problems);
}

/// A configuration that holds nothing but a registry is the one in there (server reference, 1.2).
void Loader::Impl::take_remote(Assembly& assembly, xml::Problems& problems) {
  const auto file = assembly.remote();
  std::error_code missing;
  const bool known = file && std::any_of(files.begin(), files.end(), [&](const auto& one) {
    return fs::equivalent(one.first, *file, missing);
  });
  if (!file || known) return;
  bool failed = false;
  const std::string text = read_text(*file, failed);
  const SourceFile source{*file, SourceFile::Role::definitions};
  DocumentPtr now = failed ? nullptr : DocumentPtr(xml::read(text, file->string(), problems));
  if (now && assembly.take(source, *now, problems)) {
    remote = std::move(now);
  } else if (remote) {
    xml::Problems known_already;
    assembly.take(source, *remote, known_already);
  }
}

/// Marks the changed files that link errors stand in; false when there are none to blame.
bool Loader::Impl::reject(const xml::Problems& problems) {
  bool any = false;
  for (const xml::Problem& problem : problems.all()) {
    const auto state = files.find(problem.where.file);
    if (problem.level != xml::Level::error || state == files.end()) continue;
    const auto taken = used.find(state->first);
    if (taken != used.end() && taken->second != state->second.good) any |= rejected.insert(state->first).second;
  }
  return any;
}

std::shared_ptr<Deployment> Loader::Impl::attempt(const std::vector<SourceFile>& sources, xml::Problems& problems) {
  rejected.clear();
  for (;;) {
    xml::Problems found;
    auto deployment = build(sources, found);
    if (deployment || !serving || !reject(found)) {
      append(problems, std::move(found));
      return deployment;
    }
    // One bad file does not keep the others from being deployed: again, with its old content.
    for (xml::Problem& problem : found.all())
      if (problem.level == xml::Level::error && rejected.contains(problem.where.file)) problems.add(std::move(problem));
  }
}

Loader::Loader(fs::path path, StateStore& states, Options options)
    : impl_(std::make_unique<Impl>(std::move(path), states, options)) {}
Loader::~Loader() = default;

std::shared_ptr<const Deployment> Loader::load(xml::Problems& problems) {
  Impl& impl = *impl_;
  const bool settings_fine = impl.read_settings(overrides, problems);
  xml::Problems finding;
  const auto sources = find_sources(impl.path, finding);
  const bool found = !finding.has_errors();
  append(problems, std::move(finding));
  if (!found) return nullptr;
  impl.refresh(sources);
  auto deployment = impl.attempt(sources, problems);
  if (!deployment || !settings_fine) return nullptr;
  for (const auto& [name, document] : impl.used) impl.files[name].good = document;
  impl.serving = true;
  return deployment;
}

fs::path Loader::registry_folder() const {
  const Impl& impl = *impl_;
  if (!impl.registry || impl.registry->cachable < 0 || !is_file_uri(impl.registry->root)) return {};
  const auto found = find_file(impl.registry->root, impl.base);
  if (!found) return {};
  std::error_code failed;
  const fs::path root = fs::canonical(*found, failed), base = fs::canonical(impl.base, failed);
  const bool inside = std::mismatch(base.begin(), base.end(), root.begin(), root.end()).first == base.end();
  const bool watched_already = inside && fs::is_directory(impl.path, failed);
  return failed || watched_already ? fs::path() : root;
}

}  // namespace myelin
