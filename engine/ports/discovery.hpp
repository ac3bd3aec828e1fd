#pragma once
// Groups whose members are found at run time (gateways reference, 3.7): a provider asks a registry, a
// group takes what it lists. Everything here runs off the shards: a provider on the thread of its
// watch (engine/runtime/discovery_runner.hpp), a group's refresh() on whichever thread brings news.

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/registry.hpp"
#include "engine/base/result.hpp"
#include "engine/ports/state.hpp"

namespace myelin {

/// One member as a registry names it.
struct Instance {
  std::string id;             ///< stable; the member's state is kept under it
  std::string host;           ///< name or address, IPv6 without brackets
  std::uint16_t port = 0;
  bool tls = false;
  std::string path;           ///< empty, or begins with '/'
  std::uint32_t weight = 0;   ///< 0: not said
  bool backup = false;
  std::string tenant;         ///< tags as in `tenants`; empty: everybody's
  std::map<std::string, std::string, std::less<>> metadata;

  std::string url() const;
  bool operator==(const Instance&) const = default;
};
using Instances = std::vector<Instance>;

/// Takes `path`, `tls` (or `ssl`), `weight` and `tenant` out of the metadata, also in Gravitee's spelling
/// `gravitee_path` ...; the plain names win.
void apply_metadata(Instance& instance);

/// What of a list can be used: hosts, ports and paths that make an address, one instance per id. The
/// rest is dropped and named in `refused`.
Instances usable_instances(Instances listed, std::vector<std::string>& refused);

/// Which registry is asked for what.
struct DiscoverySource {
  std::string provider;
  std::map<std::string, std::string, std::less<>> parameters;
  Duration refresh{5000};     ///< ms between two questions, or after a failure

  /// The same for sources that are the same question, whatever their refresh. Holds no secret.
  std::string key() const;
  /// For people: provider and parameters, without secrets.
  std::string label() const;
  std::string_view parameter(std::string_view name) const noexcept;
};

/// The list a registry gave last. It outlives redeploys and the registry itself. Thread safe.
class Listing final : public State {
 public:
  struct Content {
    std::shared_ptr<const Instances> instances;  ///< null: no list yet
    std::uint64_t version = 0;                   ///< grows with each change
  };
  Content content() const;
  /// True: it differs from the list before.
  bool set(Instances instances);

 private:
  mutable std::mutex mutex_;
  Content content_;
};

/// Tells a provider that its watch ends. Thread safe.
class Cancellation {
 public:
  void cancel();
  bool cancelled() const;
  /// Waits until `time` of the Clock has passed; false: cancelled.
  bool wait(Duration time);
  /// `wake` is called by cancel(), until the scope ends; at once when it was called already.
  class Scope {
   public:
    Scope(Cancellation& cancellation, std::function<void()> wake);
    Scope(const Scope&) = delete;
    ~Scope();

   private:
    Cancellation& cancellation_;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::function<void()> wake_;
};

/// Asks one registry; made for one source, used by one thread.
class DiscoveryProvider {
 public:
  struct Polled {
    std::optional<Instances> instances;  ///< absent: nothing new
    Duration again{0};                   ///< ms until the next poll; 0: the poll itself waits for news
  };
  virtual ~DiscoveryProvider() = default;
  /// May block, until cancelled. A fault: the registry cannot be asked now, its last list holds.
  virtual Result<Polled> poll(Cancellation& cancellation) = 0;
};

/// A kind of registry.
struct DiscoveryKind {
  struct Parameter {
    std::string_view name;
    bool required = false;
  };
  std::vector<Parameter> parameters;
  /// Completes the parameters (paths below `base`, ports) and says what is wrong with them; empty:
  /// nothing. Connects to nothing.
  std::string (*check)(DiscoverySource& source, const std::filesystem::path& base) = nullptr;
  std::unique_ptr<DiscoveryProvider> (*make)(const DiscoverySource& source) = nullptr;
};
using DiscoveryKinds = Registry<DiscoveryKind>;

/// Last line of a provider's file: its name in `provider=` and a function that returns its kind.
#define MYELIN_DISCOVERY(name, kind) \
  [[maybe_unused]] static const bool myelin_registered_##kind = ::myelin::DiscoveryKinds::instance().add(name, kind())

/// `<membershipHandler class=>`: where the members of its application domain are listed.
struct MembershipHandler {
  std::string_view domain_property;  ///< names the domain
};
using MembershipHandlers = Registry<MembershipHandler>;

/// A handler by its class name.
#define MYELIN_MEMBERSHIP(handler, class_name) \
  [[maybe_unused]] static const bool myelin_registered_##handler = \
      ::myelin::MembershipHandlers::instance().add(class_name, handler)

/// A group that takes its members from a source. Owned by its deployment.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  virtual const DiscoverySource& source() const noexcept = 0;
  virtual const std::shared_ptr<Listing>& listing() const noexcept = 0;
  /// Takes over what the listing holds, and lets go members whose drain is over. Thread safe.
  virtual void refresh(TimePoint now) = 0;
};

}  // namespace myelin
