#include "server/plugins.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>

#include "engine/base/files.hpp"
#include "engine/base/registry.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/plugin.hpp"

namespace myelin::server {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargest = std::size_t{256} << 20;

/// What MYELIN_PLUGIN left in the file.
struct Stamp {
  std::string abi, version;
};

std::optional<Stamp> stamp_of(std::string_view bytes) {
  constexpr std::string_view kMark = MYELIN_PLUGIN_MARK;
  constexpr std::size_t kLongest = 1024;
  const auto at = bytes.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = bytes.substr(at + kMark.size(), kLongest);
  const std::string_view text = rest.substr(0, rest.find('\0'));
  const auto line_end = text.find('\n');
  if (line_end == std::string_view::npos) return std::nullopt;
  return Stamp{std::string(text.substr(0, line_end)), std::string(text.substr(line_end + 1))};
}

/// Why what was registered cannot stay; empty: it can.
std::string judge(void* handle, const Registrations& registrations) {
  if (!registrations.taken.empty()) {
    const std::vector<std::string_view> names(registrations.taken.begin(), registrations.taken.end());
    return "it registers what is there already: " + text::one_of(names);
  }
  if (!dlsym(handle, "myelin_plugin")) return "it does not export myelin_plugin";
  if (registrations.names.empty()) return "it registers nothing";
  return {};
}

/// Opens the file, which registers; returns why not.
std::string open(const fs::path& file, std::vector<std::string>& names) {
  Registrations registrations;
  Registrations::under_way() = &registrations;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  Registrations::under_way() = nullptr;
  std::string wrong;
  if (!handle) {
    const char* why = dlerror();
    wrong = why ? why : "it cannot be opened";
  } else {
    wrong = judge(handle, registrations);
  }
  if (wrong.empty()) {
    names = std::move(registrations.names);
    return wrong;
  }
  registrations.take_back();
  if (handle) dlclose(handle);
  return wrong;
}

PluginOutcome load(const fs::path& file) {
  PluginOutcome outcome;
  outcome.file = file;
  const auto bytes = read_whole_file(file, kLargest);
  const auto stamp = bytes ? stamp_of(*bytes) : std::nullopt;
  if (!bytes) {
    outcome.refused = "it cannot be read";
  } else if (!stamp) {
    outcome.refused = "it has no MYELIN_PLUGIN(...)";
  } else if (stamp->abi != MYELIN_ABI) {
    outcome.refused = "it was built for Myelin " + stamp->abi + "; this is " MYELIN_ABI;
  } else {
    outcome.version = stamp->version;
    outcome.refused = open(file, outcome.names);
  }
  return outcome;
}

}  // namespace

std::string PluginOutcome::text() const {
  if (!refused.empty()) return "plug-in " + file.string() + " is refused: " + refused;
  std::string text = "plug-in " + file.string() + ' ' + version + " brings ";
  for (const std::string& name : names) text += (&name == &names.front() ? "" : ", ") + name;
  return text;
}

std::vector<PluginOutcome> load_plugins(const fs::path& folder) {
  static std::map<fs::path, PluginOutcome> loaded;  // opening a file again would register nothing
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    if (at->path().extension() == ".so") files.push_back(fs::absolute(at->path(), failed));
  std::sort(files.begin(), files.end());
  std::vector<PluginOutcome> outcomes;
  for (const fs::path& file : files) {
    auto known = loaded.find(file);
    if (known == loaded.end()) known = loaded.emplace(file, load(file)).first;
    outcomes.push_back(known->second);
  }
  return outcomes;
}

fs::path plugins_folder(const fs::path& conf, const Settings& settings) {
  std::error_code failed;
  const fs::path base = fs::is_directory(conf, failed) ? conf : conf.parent_path();
  const std::string_view set = settings.get("plugins.folder");
  return base / fs::path(set.empty() ? std::string_view("plugins") : set);
}

std::vector<PluginOutcome> load_plugins_of(const fs::path& conf) {
  std::error_code failed;
  xml::Problems reported_by_the_loader;
  const fs::path base = fs::is_directory(conf, failed) ? conf : conf.parent_path();
  return load_plugins(plugins_folder(conf, Settings::read(base, reported_by_the_loader)));
}

}  // namespace myelin::server
