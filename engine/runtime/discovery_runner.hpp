#pragma once
// Keeps the groups of the serving deployment supplied: one thread per registry that is asked, shared
// by all groups that ask it the same. follow() and stop() are called by one thread at a time.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/ports/discovery.hpp"
#include "engine/runtime/deployment.hpp"

namespace myelin {

class DiscoveryRunner {
 public:
  DiscoveryRunner();
  ~DiscoveryRunner();
  DiscoveryRunner(const DiscoveryRunner&) = delete;
  DiscoveryRunner& operator=(const DiscoveryRunner&) = delete;

  /// Asks what the groups of `deployment` want to know, from now on, and no longer what only the one
  /// before wanted. Returns when every registry asked for the first time has answered or failed, at
  /// latest after `patience`.
  void follow(std::shared_ptr<const Deployment> deployment, Duration patience);
  /// Ends every watch, promptly.
  void stop();

 private:
  class Watch;
  using Watches = std::map<std::string, std::unique_ptr<Watch>, std::less<>>;

  /// Groups take news over; the deployment is kept until they have.
  void spread(const Listing& listing);

  std::mutex mutex_;  ///< guards deployment_
  std::shared_ptr<const Deployment> deployment_;
  Watches watches_;
};

}  // namespace myelin
