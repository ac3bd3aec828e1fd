#include "engine/runtime/discovery_runner.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <thread>

#include "engine/base/log.hpp"

namespace myelin {

/// One registry being asked.
class DiscoveryRunner::Watch {
 public:
  Watch(DiscoveryRunner& runner, const DiscoverySource& source, std::shared_ptr<Listing> listing)
      : runner_(runner),
        label_(source.label()),
        refresh_(source.refresh),
        listing_(std::move(listing)),
        provider_(DiscoveryKinds::instance().find(source.provider)->make(source)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Watch() {
    cancellation_.cancel();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void cancel() { cancellation_.cancel(); }
  void await_first(TimePoint until) {
    std::unique_lock lock(mutex_);
    asked_once_.wait_for(lock, until - Clock::now(), [this] { return asked_; });
  }

 private:
  void run() {
    while (!cancellation_.cancelled()) {
      Result<DiscoveryProvider::Polled> polled = poll();
      if (cancellation_.cancelled()) break;
      Duration again = refresh_;
      if (polled) {
        again = polled->again;
        take(*std::move(polled));
      } else {
        report(polled.fault());
      }
      runner_.spread(*listing_);
      tell_first();
      cancellation_.wait(again);
    }
    tell_first();
  }

  Result<DiscoveryProvider::Polled> poll() {
    try {
      return provider_->poll(cancellation_);
    } catch (const std::exception& error) {
      return Fault(error.what());
    }
  }

  void take(DiscoveryProvider::Polled polled) {
    if (failing_) log::info("discovery", label_ + " answers again");
    failing_ = false;
    if (!polled.instances) return;
    std::vector<std::string> refused;
    Instances usable = usable_instances(*std::move(polled.instances), refused);
    if (refused != refused_)
      for (const std::string& text : refused) log::warn("discovery", label_ + ": " + text);
    refused_ = std::move(refused);
    listing_->set(std::move(usable));
  }

  /// Once, until it answers again.
  void report(const Fault& fault) {
    if (failing_) return;
    failing_ = true;
    const auto last = listing_->content().instances;
    log::warn("discovery", label_ + " cannot be asked: " + fault.message +
                               (last ? "; its last list of " + std::to_string(last->size()) + " stays in use" : ""));
  }

  void tell_first() {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    asked_once_.notify_all();
  }

  DiscoveryRunner& runner_;
  const std::string label_;
  const Duration refresh_;
  const std::shared_ptr<Listing> listing_;
  const std::unique_ptr<DiscoveryProvider> provider_;
  Cancellation cancellation_;
  bool failing_ = false;
  std::vector<std::string> refused_;

  std::mutex mutex_;
  std::condition_variable asked_once_;
  bool asked_ = false;

  std::thread thread_;
};

DiscoveryRunner::DiscoveryRunner() = default;
DiscoveryRunner::~DiscoveryRunner() { stop(); }

void DiscoveryRunner::follow(std::shared_ptr<const Deployment> deployment, Duration patience) {
  struct Wanted {
    DiscoverySource source;
    std::shared_ptr<Listing> listing;
  };
  std::map<std::string, Wanted, std::less<>> wanted;
  for (Discoverer* group : deployment->discoverers) {
    auto& [source, listing] = wanted.try_emplace(group->source().key(), Wanted{group->source(), group->listing()}).first->second;
    source.refresh = std::min(source.refresh, group->source().refresh);
  }
  {
    const std::lock_guard lock(mutex_);
    deployment_ = wanted.empty() ? nullptr : deployment;
  }
  // A list may have changed since the groups were linked.
  for (Discoverer* group : deployment->discoverers) group->refresh(Clock::now());

  Watches old;
  old.swap(watches_);
  std::vector<Watch*> fresh;
  for (auto& [key, one] : wanted) {
    const std::string name = key + ' ' + std::to_string(one.source.refresh.count());
    if (const auto kept = old.find(name); kept != old.end()) {
      watches_.insert(old.extract(kept));
      continue;
    }
    auto watch = std::make_unique<Watch>(*this, one.source, one.listing);
    fresh.push_back(watch.get());
    watches_.emplace(name, std::move(watch));
  }
  for (auto& [name, watch] : old) watch->cancel();
  old.clear();
  const TimePoint until = Clock::now() + patience;
  for (Watch* watch : fresh) watch->await_first(until);
}

void DiscoveryRunner::stop() {
  for (auto& [name, watch] : watches_) watch->cancel();
  watches_.clear();
  const std::lock_guard lock(mutex_);
  deployment_ = nullptr;
}

void DiscoveryRunner::spread(const Listing& listing) {
  std::shared_ptr<const Deployment> deployment;
  {
    const std::lock_guard lock(mutex_);
    deployment = deployment_;
  }
  if (!deployment) return;
  for (Discoverer* group : deployment->discoverers)
    if (group->listing().get() == &listing) group->refresh(Clock::now());
}

}  // namespace myelin
