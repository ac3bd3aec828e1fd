#pragma once
// What one file defines, bound but not linked. A file is taken over as a whole or not at all, so its
// parts are kept apart until it is known that they are fine and that their names are free.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/artifacts/build.hpp"
#include "engine/ports/state.hpp"
#include "engine/runtime/deployment.hpp"
#include "engine/runtime/loader_files.hpp"
#include "engine/xml/element.hpp"

namespace myelin {

/// `failsafe.mode.enable`: categories whose bad artifacts are skipped (server reference, 1.5). Items
/// are compared exactly, untrimmed (SRV-020).
class FailSafe {
 public:
  explicit FailSafe(std::string_view setting);
  bool tolerates(std::string_view category) const { return all_ || categories_.contains(category); }

 private:
  bool all_ = false;
  std::set<std::string, std::less<>> categories_;
};

/// Everything binding needs to know besides the element.
struct BindContext {
  const Deployment& settings;
  StateStore& states;
  std::filesystem::path base;
  bool offline = false;
  FailSafe failsafe;
  std::set<std::string, std::less<>> registry_keys;  ///< what expressions read
};

/// A taken name; which kinds share a name space depends on the dialect (server reference, 1.4).
struct Claim {
  enum class Kind { sequence, endpoint, entry, endpoint_template, proxy, api, api_context };
  Kind kind;
  xml::Location where;
};
using Claims = std::multimap<std::string, Claim, std::less<>>;  ///< by name

/// `<registry>`: a folder whose files are the resources.
struct RegistrySettings {
  /// A key is the path below the root, or (WSO2) begins with `conf:`, `gov:` or `local:`.
  enum class Keys : std::uint8_t { paths, spaces };
  Keys keys = Keys::paths;
  std::string root;
  bool own_root = true;          ///< false: the usual one, which need not be there
  std::int64_t cachable = 1500;  ///< milliseconds; negative: for ever
  xml::Location where;
};

struct Parts {
  Claims claims;
  std::map<std::string, std::unique_ptr<Sequence>, std::less<>> sequences, entry_sequences;
  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> endpoints, entry_endpoints;
  std::map<std::string, LocalEntry, std::less<>> entries;
  std::map<std::string, std::unique_ptr<EndpointTemplate>, std::less<>> endpoint_templates, entry_templates;
  std::map<std::string, std::unique_ptr<Proxy>, std::less<>> proxies;
  std::vector<std::unique_ptr<Api>> apis;
  bool has_registry = false;
  std::optional<RegistrySettings> registry;
  /// Elements of the sequences, for the search for cycles.
  std::map<std::string, const xml::Element*, std::less<>> sequence_elements;
  std::size_t artifacts = 0;
};

/// Reports names in `added` that `taken` has already.
void check_names(const Claims& taken, const Claims& added, bool apache, xml::Problems& problems);

/// Binds a document by its role. Bad artifacts of tolerated categories become warnings.
Parts bind_document(const xml::Document& document, const SourceFile& file, BindContext& context,
                    xml::Problems& problems);

/// Moves `parts` into `deployment`.
void merge(Parts parts, Deployment& deployment);

}  // namespace myelin
