#pragma once
// The members of a group that a registry names, as endpoints. Those that stay keep their endpoint; those
// that leave take no new message and stay for the drain, for the sessions that are bound to them.

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/build.hpp"
#include "engine/ports/discovery.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

/// Where members come from and how they are made.
struct Discovery {
  DiscoverySource source;
  Duration drain{10'000};  ///< ms
  /// Builds the endpoint of one instance under the group's `<shared>`; null after an error.
  std::unique_ptr<Endpoint> (*make)(const Instance& instance, Build& build) = nullptr;
};

/// The `<discovery>` child of a group's element; nullopt when there is none or after an error. Members
/// are made as `<address>` endpoints.
std::optional<Discovery> read_discovery(xml::Bind& group, Build& build);

/// What is wrong with the source, and with what is allowed; completes its parameters. Empty: nothing.
std::string check_source(DiscoverySource& source, const Build& build);

class Roster final : public Discoverer {
 public:
  struct Seats {
    std::vector<std::shared_ptr<Endpoint>> present, left;
    std::vector<TimePoint> left_until;  ///< of `left`
  };
  /// Is given the members whenever they have changed; endpoints are linked and have the group as parent.
  using Seat = std::function<void(Seats, Linker&)>;

  /// Made while the group's children are built, when `build.shared` holds what they inherit.
  Roster(Discovery discovery, Endpoint& group, Build& build, Seat seat);

  /// What any member will need. With `reports`, what is wrong with `<shared>` is told to the linker.
  Need need(Linker& linker, bool reports);
  /// Takes the list up that is known already, and asks to be supplied.
  void link(Linker& linker);

  const DiscoverySource& source() const noexcept override { return discovery_.source; }
  const std::shared_ptr<Listing>& listing() const noexcept override { return listing_; }
  void refresh(TimePoint now) override;

 private:
  struct Member {
    Instance instance;
    std::shared_ptr<Endpoint> endpoint;
    TimePoint until = TimePoint::max();  ///< earlier: it has left
  };
  /// The members as they are; a redeploy goes on from there, with those that are leaving.
  class Known;
  void recall(TimePoint now, Linker& linker);
  void take(TimePoint now, Linker& linker);
  std::shared_ptr<Endpoint> make(const Instance& instance, StateStore& states, xml::Problems& problems) const;
  bool hire(const Instances& listed, TimePoint now, Linker& linker);
  void report(const std::vector<Member>& before) const;

  Discovery discovery_;
  Endpoint& group_;
  StateStore& states_;
  const Artifacts& settings_;
  std::filesystem::path base_;
  bool offline_;
  Seat seat_;
  std::vector<std::unique_ptr<xml::Element>> shared_;  ///< copies: files are read anew, and forgotten
  std::shared_ptr<Listing> listing_;
  std::shared_ptr<Known> known_;

  std::mutex mutex_;  ///< guards what follows
  std::vector<Member> members_;
  std::uint64_t version_ = 0;
};

}  // namespace myelin::endpoints
