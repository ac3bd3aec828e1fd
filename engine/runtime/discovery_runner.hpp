#pragma once
// Keeps the groups of the serving deployment supplied: one thread per registry that is asked, shared
// by all groups that ask it the same. Thread safe.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/ports/discovery.hpp"
#include "engine/runtime/deployment.hpp"

namespace myelin {

/// Whether a registry has been asked once; known to its watch and to those who wait.
class FirstAnswer {
 public:
  /// It has answered or failed, or nobody wants to know any more.
  void tell();
  bool told() const;
  /// At latest `patience` after it was first asked.
  void await(Duration patience) const;

 private:
  const TimePoint began_ = Clock::now();
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool told_ = false;
};

class DiscoveryRunner {
 public:
  DiscoveryRunner();
  ~DiscoveryRunner();
  DiscoveryRunner(const DiscoveryRunner&) = delete;
  DiscoveryRunner& operator=(const DiscoveryRunner&) = delete;

  using FirstAnswers = std::vector<std::shared_ptr<const FirstAnswer>>;
  /// Asks what the groups of `deployment` want to know, from now on, and no longer what only the one
  /// before wanted. Returns at once, with the answers that are still to come for the first time.
  FirstAnswers follow(std::shared_ptr<const Deployment> deployment);
  /// Ends every watch, promptly; nothing is followed any more.
  void stop();

 private:
  class Watch;
  using Watches = std::map<std::string, std::unique_ptr<Watch>, std::less<>>;

  /// Groups take news over; the deployment is kept until they have.
  void spread(const Listing& listing);

  std::mutex mutex_;  ///< guards deployment_
  std::shared_ptr<const Deployment> deployment_;
  std::mutex following_;  ///< guards watches_ and stopped_
  Watches watches_;
  bool stopped_ = false;
};

}  // namespace myelin
