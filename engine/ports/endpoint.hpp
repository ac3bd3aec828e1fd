#pragma once
// The endpoint tree as the engine sees it. Choosing is pure: an endpoint never waits and does no
// I/O. The exchange driver asks the root to choose a leaf, sends, and reports the outcome; after a
// failure it walks back up the path, asking each group whether it has another child
// (endpoints reference, 6).
//
// Endpoints are immutable after link() and shared by all shards; what changes (suspension, cursors,
// sessions) is State, kept apart and thread safe. Per-message facts live in the Delivery.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/registry.hpp"
#include "engine/base/result.hpp"
#include "engine/expr/expression.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"
#include "engine/ports/condition.hpp"
#include "engine/ports/limiter.hpp"
#include "engine/ports/rules.hpp"
#include "engine/ports/sender.hpp"
#include "engine/xml/element.hpp"

namespace myelin {

class Build;
class Endpoint;
class Leaf;
class Linker;
class Mediator;

/// Who asks whether an endpoint may be used: a new message, or one of a session that is bound there,
/// which a draining endpoint still takes.
enum class Use : std::uint8_t { fresh, bound };

/// A set of children by their index; of up to 64 it is one word.
class ChildSet {
 public:
  /// None of so many.
  void clear(std::size_t children) {
    few_ = 0;
    if (children > 64) more_.assign(children - 64, false);
  }
  bool has(std::size_t child) const noexcept { return child < 64 ? (few_ >> child) & 1 : more_[child - 64]; }
  void add(std::size_t child) noexcept {
    if (child < 64) few_ |= std::uint64_t{1} << child;
    else more_[child - 64] = true;
  }

 private:
  std::uint64_t few_ = 0;
  std::vector<bool> more_;  ///< reused memory
};

/// One level of the way down: a group and which children this message tried there (REL-121).
struct Step {
  const Endpoint* group = nullptr;
  std::uint32_t child = 0;          ///< index of the child chosen last
  std::uint32_t attempts = 0;       ///< children chosen so far
  ChildSet tried;
  const void* members = nullptr;    ///< the group's own: the children this message sees
  std::shared_ptr<const void> pin;  ///< keeps them while the group's children change
};

/// One message's way through an endpoint tree; reused by its connection.
struct Delivery {
  std::vector<Step> path;           ///< groups from the root down to the leaf
  std::size_t depth = 0;            ///< how many of `path` are in use (the rest is spare memory)
  const Leaf* leaf = nullptr;       ///< chosen last
  std::size_t leaf_depth = 0;       ///< `depth` when a group chose it
  std::uint32_t hops = 0;           ///< keys being followed, bounded
  std::uint32_t attempts = 0;       ///< leaves tried by this message
  std::uint32_t retries = 0;        ///< of them: repeated by a `<retry>`
  TimePoint began{};                ///< the whole delivery
  std::string_view credential;      ///< that the attempt under way presents
  const Leaf* renewed = nullptr;    ///< whose credentials were refused and renewed (EP-070)
  TimePoint started{};              ///< the attempt under way
  TimePoint deadline = TimePoint::max();  ///< of the whole delivery; set by groups
  std::vector<const Endpoint*> watchers;  ///< are told how the delivery ended
  /// Keeps what a message was sent to while its endpoint may be replaced (pooled and discovered leaves).
  std::vector<std::shared_ptr<const void>> pins;

  // Session affinity (endpoints reference, 5.4). Names follow CUR, REST, PATH. Children are
  // named by stable_hash() of their identities.
  const Endpoint* session_root = nullptr;       ///< the outermost session-affine group on the path
  std::string session_id;                       ///< id the request carried; empty: none
  bool session_established = false;             ///< CUR: the request continues a known session
  bool session_moved = false;                   ///< it did until its child turned out to be of no use
  std::vector<std::uint64_t> session_rest;      ///< REST: children still to follow, innermost last
  std::vector<std::uint64_t> session_path;      ///< PATH: children chosen so far
  Use use = Use::fresh;                         ///< of the child that is being entered

  void reset() noexcept {
    began = started = Clock::now();
    depth = 0;
    leaf = nullptr;
    leaf_depth = 0;
    hops = 0;
    attempts = retries = 0;
    credential = {};
    renewed = nullptr;
    deadline = TimePoint::max();
    watchers.clear();
    pins.clear();
    session_root = nullptr;
    session_id.clear();
    session_established = session_moved = false;
    use = Use::fresh;
    session_rest.clear();
    session_path.clear();
  }
  Step& push(const Endpoint& group, std::size_t children) {
    if (depth == path.size()) path.emplace_back();
    Step& step = path[depth++];
    step.group = &group;
    step.child = step.attempts = 0;
    step.tried.clear(children);
    return step;
  }
  void pop() noexcept { --depth; }
  /// `watcher` need not be told any more; false: it did not wait for it.
  bool stop_watching(const Endpoint& watcher) noexcept {
    for (auto at = watchers.rbegin(); at != watchers.rend(); ++at)
      if (*at == &watcher) {
        watchers.erase(std::next(at).base());
        return true;
      }
    return false;
  }
  /// Forgets what the steps keep alive; reset() alone leaves them to be reused.
  void unpin() noexcept {
    for (Step& step : path) step.pin.reset();
    pins.clear();
  }
};

/// One recipient of a message that goes to several: a copy is sent there as if it were the root.
struct Branch {
  std::shared_ptr<const Endpoint> endpoint;  ///< kept; without ownership for those of the deployment
  std::string sequence;                      ///< property messageSequence, "i/N" (EP-143)
  const Endpoint* list = nullptr;            ///< whose properties are set on the copy
};

/// A leaf to send to, several recipients, or why there is none.
struct Choice {
  Choice(const Leaf& chosen) : leaf(&chosen) {}                    // NOLINT(google-explicit-constructor)
  Choice(Fault why) : why_(std::move(why)) {}                      // NOLINT(google-explicit-constructor)
  Choice(std::vector<Branch> recipients)                           // NOLINT(google-explicit-constructor)
      : branches(std::move(recipients)), fans_out(true) {}
  bool failed() const noexcept { return !leaf && !fans_out; }
  const Leaf* leaf = nullptr;
  std::vector<Branch> branches;
  bool fans_out = false;     ///< copies go to `branches`, which may be none
  /// When it has failed.
  Fault& fault() & noexcept { return *why_; }
  const Fault& fault() const& noexcept { return *why_; }
  Fault&& fault() && noexcept { return std::move(*why_); }

 private:
  detail::FaultBox why_;
};

/// What a group says after a child failed.
struct Retry {
  enum class Kind : std::uint8_t {
    leaf,   ///< another child was chosen: try `leaf`
    branches,  ///< another child was chosen, and it sends copies to `branches`
    pass,   ///< this group has failed; ask the group above
    stop    ///< nobody above may retry (failover="false"); run the fault handlers
  };
  Kind kind = Kind::pass;
  const Leaf* leaf = nullptr;
  std::vector<Branch> branches;
  Fault fault;  ///< with pass/stop: replaces the child's fault when its code is not 0 (309003)
};

/// Why a group is asked for another child.
enum class Ask : std::uint8_t {
  failure,  ///< the child failed
  other,    ///< a `<retry next="other">`: whatever the child's codes and `failover` say
  listed    ///< a `<retry next="listed">`: the next one in declared order
};

/// `<property name= value=|expression= scope=>` of an endpoint.
struct EndpointProperty {
  std::string name;
  std::string value;                              ///< literal, when expression is null
  std::unique_ptr<expr::Expression> expression;
  enum class Scope : std::uint8_t { normal, axis2, client, transport } scope = Scope::normal;
};

/// How an endpoint stands by its traffic (the passive axis), for management. Times are Clock's.
struct Standing {
  std::string_view state = "ACTIVE";  ///< ACTIVE, TIMEOUT, SUSPENDED, OFF
  TimePoint suspended_at{}, timed_out_at{};  ///< entry into the state it is in; epoch: not in it
  Duration until_retry{0};            ///< ms until it may be tried; 0: now
  std::uint64_t consecutive_suspensions = 0, consecutive_timeouts = 0;
  std::uint64_t suspensions = 0, timeouts = 0;
  /// Of the last 1, 5 and 15 whole minutes; the running one does not count (EP-177).
  std::array<std::uint64_t, 3> recent_suspensions{}, recent_timeouts{};
  std::string_view breaker;           ///< CLOSED, OPEN, HALF_OPEN; empty: none
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;

  std::string name;                 ///< empty: anonymous
  std::string key;                  ///< state key, unique in the deployment and stable over redeploys
  std::string description;
  xml::Location where;
  std::vector<EndpointProperty> properties;
  const Endpoint* parent = nullptr; ///< enclosing group, null for a root

  // Attributes that only mean something to the group around it (gateways reference, 4.2).
  std::int64_t weight = 0;          ///< 0: not set
  bool backup = false;
  bool foreign = false;             ///< `tenants` names none of this server's tags: never used
  Switch initial = Switch::on;      ///< `state`

  /// Could take a message now (endpoints reference, 3.6).
  virtual bool ready(TimePoint now, Use use = Use::fresh) const = 0;
  /// A group is about to choose this child. After a suspension only one caller is admitted, for a
  /// trial (REL-125).
  virtual bool admit(TimePoint now, Use use = Use::fresh) const { return ready(now, use); }
  /// Picks the leaf for this message; groups push a Step. On failure the path is as before.
  virtual Choice choose(Delivery& delivery, Message& message) const = 0;
  /// `delivery.path[delivery.depth - 1].group == this`; its chosen child has failed with `fault`, or a
  /// `<retry>` wants another one.
  virtual Retry next_child(Delivery&, Message&, const Fault&, Ask) const { return {}; }
  Retry child_failed(Delivery& delivery, Message& message, const Fault& fault) const {
    return next_child(delivery, message, fault, Ask::failure);
  }
  /// No further child may be tried for the message: this group's maxAttempts or deadline.
  /// `delivery.path[level].group == this`.
  virtual bool exhausted(const Delivery&, std::size_t /*level*/) const { return false; }
  /// The leaf has answered and `message` now holds the answer's headers (session learning).
  virtual void responded(Delivery&, Message&) const {}
  /// One of delivery.watchers: the delivery is over.
  virtual void finished(Message&, bool /*answered*/, TimePoint /*began*/, TimePoint /*now*/) const {}
  /// The same, or the leaf that was chosen: the message was at fault, which says nothing about the endpoint. A trial
  /// that it was admitted for is another's again.
  virtual void spared(Message&) const {}
  /// What responded() has to see of the answer.
  virtual Need response_need() const noexcept { return Need::nothing; }
  /// May send the same message again: the driver keeps a bounded replay copy of the body.
  virtual bool resends() const noexcept { return false; }
  /// What choosing or sending needs of the message.
  virtual Need need() const noexcept { return Need::nothing; }
  /// Resolves keys and takes up the state kept for it; once, after all was bound. Groups link their
  /// children.
  void link(Linker& linker);
  /// Children may come and go while it serves (discovery).
  virtual bool changes() const noexcept { return false; }
  /// Direct children, for management and tests; a snapshot where they change.
  virtual std::vector<std::shared_ptr<const Endpoint>> children() const { return {}; }
  /// Messages under way to what is below, over all shards.
  virtual std::uint32_t in_flight() const { return condition_->in_flight(); }
  /// Running average of the time to the answers' heads, in µs; of a group: of its fastest child. 0: none yet.
  virtual std::uint32_t latency() const { return condition_->latency(); }
  /// "address", "loadbalance" ...
  virtual std::string_view kind() const noexcept = 0;
  /// Tells states of one key apart when what they are about changes (the address).
  virtual std::string_view identity() const noexcept { return {}; }

  /// Switches the endpoint and all below it (EP-175); `on` also ends suspensions.
  virtual void set_switch(Switch position) const;
  Condition& condition() const noexcept { return *condition_; }
  /// Its own switch lets such a message through.
  bool switched_on(Use use) const noexcept {
    const Switch position = condition_->position();
    return position == Switch::on || (position == Switch::drain && use == Use::bound);
  }
  /// A group is in a state other than ACTIVE when all its children are in it (EP-176).
  virtual Standing standing(TimePoint now) const;
  /// Forgets counters, its own and those below it (EP-178).
  virtual void reset_counters() const;
  /// Sessions bound here; nullopt: it keeps none.
  virtual std::optional<std::size_t> sessions() const { return std::nullopt; }
  virtual void end_sessions() const {}

  /// Evaluates the `<property>` children into the message; on every attempt (EP-056).
  Result<void> apply_properties(Message& message) const;
  /// Own property or the nearest ancestor's (endpoints reference, 1.2).
  const EndpointProperty* find_property(std::string_view name) const noexcept;

 protected:
  virtual void do_link(Linker&) {}
  /// This endpoint is another one under its own name: both are switched and counted together.
  void share_condition(const Endpoint& other) noexcept { condition_ = other.condition_; }

 private:
  std::shared_ptr<Condition> condition_ = std::make_shared<Condition>();
};

class HealthRecord;  // engine/ports/health.hpp
struct HealthCheck;
class Work;          // engine/message/message.hpp

/// An endpoint that sends. One state machine each (endpoints reference, 3).
class Leaf : public Endpoint {
 public:
  enum class Action : std::uint8_t { never, discard, fault };

  Action timeout_action = Action::never;
  std::string on_error;                 ///< sequence key; honoured on leaves only (EP-136)
  const Mediator* error_handler = nullptr;
  std::unique_ptr<FailRules> fail_rules;    ///< null: every answer is a success
  std::unique_ptr<RetryRules> retry_rules;  ///< null: one attempt
  bool follows_redirects = false;           ///< follow() has to be asked
  Limiter::Bounds limits;
  std::shared_ptr<Limiter> limiter;         ///< null: no limits of its own
  std::shared_ptr<HealthCheck> health_check;    ///< null: it is not checked
  std::shared_ptr<HealthRecord> health_record;  ///< of its checks; null when there are none

  /// Fills the request: address, method, format conversion, headers, body, timeout. Texts are put
  /// into the message's arena. The body is loaded if need() says so.
  virtual Result<void> prepare(Message& message, OutgoingRequest& request) const = 0;
  /// What has to be waited for before prepare(), such as a token; null: nothing.
  virtual std::unique_ptr<Work> before(Message&) const { return nullptr; }
  /// The answer to delivery.credential has come. True, once in a delivery: before() has to be asked for new
  /// credentials and the message sent once more (EP-070).
  virtual bool credentials_refused(Delivery&, Message&, const BackendResponse&) const { return false; }
  /// The answer to `request` names another place and may be followed there: `request` is then the one to
  /// send next, with `headers` (lent by the caller) as its own. False: the answer is to be passed on.
  virtual bool follow(Message&, const BackendResponse&, OutgoingRequest& /*request*/, Headers& /*headers*/) const {
    return false;
  }
  /// Any answer, whatever its status, is a success (EP-090), unless the fail rules say otherwise.
  virtual void succeeded(int status, TimePoint began, TimePoint now) const = 0;
  /// Classifies the fault and changes the state (3.2 to 3.4). `began`: when this attempt was started;
  /// faults of attempts begun before the current suspension do not advance it (EP-093).
  virtual void failed(const Fault& fault, TimePoint began, TimePoint now) const = 0;
  /// How the backend is reached, for a request that is no message's (health checks): TLS, time limits.
  virtual void reach(OutgoingRequest&) const {}
  /// A health check that was begun then has succeeded.
  virtual void check_passed(TimePoint /*began*/) const {}
  /// Codes that do, or do not, let a group try another child (retryConfig).
  virtual bool allows_failover(int code, int base_code) const noexcept = 0;
};

/// Sets a transport header of the message, or adds one beside those of that name. Faults: not a header
/// name, or a value with a control character (REL-080, REL-081); framing headers are ignored.
Result<void> set_header(Message& message, const std::string& name, std::string_view value, bool beside_others);

/// Builds an endpoint from its `<endpoint>` element and the child that names its kind.
using EndpointFactory = std::unique_ptr<Endpoint> (*)(const xml::Element& endpoint, const xml::Element& kind, Build&);
using Endpoints = Registry<EndpointFactory>;

/// Last line of an endpoint kind's file. `element`: the child that selects it; kinds selected by an
/// attribute register as "@key", "@key-expression", "@template".
#define MYELIN_ENDPOINT(element, factory) \
  [[maybe_unused]] static const bool myelin_registered_##factory = \
      ::myelin::Endpoints::instance().add(element, factory)

}  // namespace myelin
