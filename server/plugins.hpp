#pragma once
// Plug-ins from shared objects: loaded once, before a configuration is read, on the thread that starts the
// program; never unloaded.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/runtime/settings.hpp"

namespace myelin::server {

struct PluginOutcome {
  std::filesystem::path file;
  std::string refused;             ///< why it was not loaded; then nothing of it is left
  std::string version;             ///< the plug-in's own
  std::vector<std::string> names;  ///< registered
  std::string text() const;        ///< for the log
};

/// Loads every `*.so` of the folder, sorted by name. A folder that is not there holds none.
std::vector<PluginOutcome> load_plugins(const std::filesystem::path& folder);

/// `plugins.folder`, relative to the configuration folder; `plugins` in it when not set. `conf`: a
/// folder, or a file in it.
std::filesystem::path plugins_folder(const std::filesystem::path& conf, const Settings& settings);

/// Those of a configuration's own settings.
std::vector<PluginOutcome> load_plugins_of(const std::filesystem::path& conf);

}  // namespace myelin::server
