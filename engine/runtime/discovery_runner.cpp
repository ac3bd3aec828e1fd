#include "engine/runtime/discovery_runner.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <thread>

#include "engine/base/log.hpp"

namespace myelin {

void FirstAnswer::tell() {
  const std::lock_guard lock(mutex_);
  told_ = true;
  changed_.notify_all();
}

bool FirstAnswer::told() const {
  const std::lock_guard lock(mutex_);
  return told_;
}

void FirstAnswer::await(Duration patience) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, began_ + patience - Clock::now(), [this] { return told_; });
}

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
  const std::shared_ptr<FirstAnswer>& first() const noexcept { return first_; }

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
      first_->tell();
      cancellation_.wait(again);
    }
    first_->tell();
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

  DiscoveryRunner& runner_;
  const std::string label_;
  const Duration refresh_;
  const std::shared_ptr<Listing> listing_;
  const std::unique_ptr<DiscoveryProvider> provider_;
  Cancellation cancellation_;
  bool failing_ = false;
  std::vector<std::string> refused_;
  const std::shared_ptr<FirstAnswer> first_ = std::make_shared<FirstAnswer>();

  std::thread thread_;
};

DiscoveryRunner::DiscoveryRunner() = default;
DiscoveryRunner::~DiscoveryRunner() { stop(); }

DiscoveryRunner::FirstAnswers DiscoveryRunner::follow(std::shared_ptr<const Deployment> deployment) {
  struct Wanted {
    DiscoverySource source;
    std::shared_ptr<Listing> listing;
  };
  std::map<std::string, Wanted, std::less<>> wanted;
  for (Discoverer* group : deployment->discoverers) {
    auto& [source, listing] = wanted.try_emplace(group->source().key(), Wanted{group->source(), group->listing()}).first->second;
    source.refresh = std::min(source.refresh, group->source().refresh);
  }
  const std::lock_guard following(following_);
  if (stopped_) return {};
  {
    const std::lock_guard lock(mutex_);
    deployment_ = wanted.empty() ? nullptr : deployment;
  }
  // A list may have changed since the groups were linked.
  for (Discoverer* group : deployment->discoverers) group->refresh(Clock::now());

  Watches old;
  old.swap(watches_);
  for (auto& [key, one] : wanted) {
    const std::string name = key + ' ' + std::to_string(one.source.refresh.count());
    if (const auto kept = old.find(name); kept != old.end()) {
      watches_.insert(old.extract(kept));
      continue;
    }
    watches_.emplace(name, std::make_unique<Watch>(*this, one.source, one.listing));
  }
  for (auto& [name, watch] : old) watch->cancel();
  old.clear();
  FirstAnswers to_come;
  for (const auto& [name, watch] : watches_)
    if (!watch->first()->told()) to_come.push_back(watch->first());
  return to_come;
}

void DiscoveryRunner::stop() {
  const std::lock_guard following(following_);
  stopped_ = true;
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
