#include "endpoints/common/recipient_pool.hpp"

#include "endpoints/common/leaf.hpp"
#include "engine/flow/build.hpp"

namespace myelin::endpoints {

namespace {

/// Sends to one address with an empty definition. It stands in no group, yet is asked and admitted as
/// the child of one.
class Recipient final : public SendingLeaf {
 public:
  Recipient(Build& build, std::string address, bool from_request)
      : SendingLeaf(build), address_(std::move(address)), from_request_(from_request) {
    if (const auto url = Url::parse(address_)) {
      fixed_.url = *url;
      fixed_.text = address_;
      fixed_.from_request = from_request_;
      usable_ = true;
    }
  }

  std::string_view kind() const noexcept override { return "address"; }
  bool admit(TimePoint now, Use use) const override { return ready(now, use) && suspension().admit(now); }
  Choice choose(Delivery&, Message&) const override { return *this; }

 protected:
  std::string_view identity() const noexcept override { return address_; }
  Result<Destination> destination(Message& message) const override {
    const auto dynamic = take_dynamic_url(message);
    if (!dynamic && usable_) return fixed_;
    auto to = parse(dynamic ? *dynamic : address_);
    if (to) to->from_request = true;
    return to;
  }

 private:
  std::string address_;
  bool from_request_;
  Destination fixed_;  ///< views into address_
  bool usable_ = false;
};

/// A leaf with the store of its own state, which ends with it.
struct Pooled {
  StateStore states;
  std::unique_ptr<Recipient> leaf;
};

}  // namespace

std::shared_ptr<const Endpoint> RecipientPool::leaf(std::string_view address, const Artifacts& settings) {
  if (most_ == 0) return make(address, settings);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_address_.find(address); found != by_address_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->leaf;
    }
  }
  auto made = make(address, settings);
  const std::lock_guard lock(mutex_);
  if (const auto found = by_address_.find(address); found != by_address_.end()) return found->second->leaf;
  if (entries_.size() >= most_) {
    by_address_.erase(entries_.back().address);
    entries_.pop_back();
  }
  entries_.push_front({std::string(address), made});
  by_address_.emplace(entries_.front().address, entries_.begin());
  return made;
}

std::shared_ptr<const Endpoint> RecipientPool::make(std::string_view address, const Artifacts& settings) const {
  auto pooled = std::make_shared<Pooled>();
  xml::Problems problems;
  Build build(problems, pooled->states, settings, {}, key_);
  pooled->leaf = std::make_unique<Recipient>(build, std::string(address), from_request_);
  pooled->leaf->key = key_ + '/' + std::string(address);
  Linker linker(settings, problems);
  linker.states = &pooled->states;
  pooled->leaf->link(linker);
  return {pooled, pooled->leaf.get()};
}

}  // namespace myelin::endpoints
