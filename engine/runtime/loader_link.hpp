#pragma once
// The link pass: resolves every static key of a deployment, fetching from the registry what no file
// defines (server reference, 1.7).

#include <filesystem>
#include <optional>
#include <vector>

#include "engine/runtime/loader_parts.hpp"

namespace myelin {

/// A registry in a folder. Read while linking; messages find what it yielded in the deployment and never
/// wait for a disk.
class FileRegistry {
 public:
  FileRegistry(const std::optional<RegistrySettings>& settings, const std::filesystem::path& base, bool offline,
              xml::Problems& problems);
  /// The file of a key; nullopt when there is none.
  std::optional<std::filesystem::path> file(std::string_view key) const;
  /// The keys of all files, sorted; those beyond 1,000 files or 16 MiB, and larger than 1 MiB, are left out
  /// (then `all` becomes false), and so is what begins with a dot.
  std::vector<std::string> keys(bool& all) const;

 private:
  std::filesystem::path root_;  ///< empty: no registry
  RegistrySettings::Keys keys_ = RegistrySettings::Keys::paths;
};

/// Links everything in `deployment` and sets what is derived from it: main, fault, services.
void link_deployment(Deployment& deployment, const std::optional<RegistrySettings>& registry, BindContext& context,
                     bool strict, xml::Problems& problems);

}  // namespace myelin
