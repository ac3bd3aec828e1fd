#pragma once
// Owns the loader and everything that changes while the server runs: loads, reports, publishes to
// every shard. One load at a time, on the thread that asks; thread safe.

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/ports/state.hpp"
#include "engine/runtime/deployment.hpp"
#include "engine/runtime/loader.hpp"

namespace myelin::server {

class Deployer {
 public:
  using Publish = std::function<void(std::shared_ptr<const Deployment>)>;

  explicit Deployer(std::filesystem::path conf);

  /// The first load. Null: nothing can serve; `problems` says why.
  std::shared_ptr<const Deployment> start(xml::Problems& problems);
  /// Every later deployment goes to `publish`.
  void on_publish(Publish publish) { publish_ = std::move(publish); }
  /// Whatever else the configuration folder holds is looked at after every later load, changed or not;
  /// a fault is one of its problems.
  void on_load(std::function<Result<void>(const Settings&)> look) { look_ = std::move(look); }
  /// Loads again and publishes; a broken file keeps its previous content. Logs every problem.
  xml::Problems redeploy();

  std::shared_ptr<const Deployment> current() const;
  /// Folder of registry resources outside the configuration; empty when there is none.
  std::filesystem::path registry_folder() const;

 private:
  void look(const Settings& settings, xml::Problems& problems) const;

  StateStore states_;
  Loader loader_;
  Publish publish_;
  std::function<Result<void>(const Settings&)> look_;
  mutable std::mutex mutex_;          ///< held while loading
  mutable std::mutex current_mutex_;  ///< never held longer than a copy takes
  std::shared_ptr<const Deployment> current_;
};

}  // namespace myelin::server
