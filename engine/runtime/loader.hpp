#pragma once
// Reads a configuration folder (or file) and builds a Deployment: read → bind (all problems) → link.
// Keeps the last good text of every file, so that a broken file never replaces what serves, and an
// unchanged one is not parsed again. Used by one thread at a time.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "engine/ports/state.hpp"
#include "engine/runtime/deployment.hpp"
#include "engine/xml/problem.hpp"

namespace myelin {

class Loader {
 public:
  struct Options {
    bool strict = false;    ///< unresolved keys are errors
    bool offline = false;   ///< connect to nothing (check)
  };

  /// `path`: a configuration folder, or one file with `<definitions>` or a single artifact.
  Loader(std::filesystem::path path, StateStore& states, Options options);
  ~Loader();

  /// Builds from what is on disk. Null when nothing can serve; `problems` says why. With errors in
  /// some files only, those files' previous good content (if any) is used and the rest is deployed.
  std::shared_ptr<const Deployment> load(xml::Problems& problems);

  /// The folder of the registry that was loaded last, when it stands outside of the configuration and
  /// its resources may change (cachableDuration is not negative); empty otherwise. Whoever watches the
  /// configuration watches it too.
  std::filesystem::path registry_folder() const;

  /// Settings that win over the files.
  Settings overrides;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin
