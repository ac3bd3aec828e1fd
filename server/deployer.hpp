#pragma once
// Owns the loader and everything that changes while the server runs: loads, reports, publishes to
// every shard. One load at a time, on the thread that asks; thread safe.

#include <condition_variable>
#include <cstdint>
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
  /// Gets what a deployment needs under way; returns what waits for it, or null.
  using Prepare = std::function<std::function<void()>(std::shared_ptr<const Deployment>)>;

  explicit Deployer(std::filesystem::path conf);

  /// The first load. Null: nothing can serve; `problems` says why.
  std::shared_ptr<const Deployment> start(xml::Problems& problems);
  /// Every later deployment goes to `prepare`, then to `publish`, unless a later one came in between.
  void on_publish(Prepare prepare, Publish publish) {
    prepare_ = std::move(prepare);
    publish_ = std::move(publish);
  }
  /// Whatever else the configuration folder holds is looked at after every later load, changed or not;
  /// a fault is one of its problems.
  void on_load(std::function<Result<void>(const Settings&)> look) { look_ = std::move(look); }
  /// Loads again and publishes; a broken file keeps its previous content. Logs every problem. Returns when
  /// what was loaded, or what was loaded after it, is published.
  xml::Problems redeploy();
  /// Nothing is published any more: a load that is under way, and may take long, changes nothing.
  void stop();

  std::shared_ptr<const Deployment> current() const;
  /// Folder of registry resources outside the configuration; empty when there is none.
  std::filesystem::path registry_folder() const;

 private:
  std::function<void()> take_over(const std::shared_ptr<const Deployment>& next, xml::Problems& problems);
  void look(const Settings& settings, xml::Problems& problems) const;

  StateStore states_;
  Loader loader_;
  Prepare prepare_;
  Publish publish_;
  std::function<Result<void>(const Settings&)> look_;
  std::mutex acting_;                 ///< held while a load that is over has effects
  bool stopped_ = false;              ///< guarded by acting_
  mutable std::mutex mutex_;          ///< held while loading and publishing, not while waiting in between
  std::condition_variable published_;
  std::uint64_t loaded_count_ = 0, published_count_ = 0;
  mutable std::mutex current_mutex_;  ///< never held longer than a copy takes
  std::shared_ptr<const Deployment> current_;
};

}  // namespace myelin::server
