#include "endpoints/common/session_group.hpp"

#include <algorithm>
#include <optional>
#include <typeinfo>

#include "endpoints/common/balanced.hpp"
#include "endpoints/sessions/table.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/session.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::int64_t kDefaultTimeout = 120'000;  // ms, EP-160

class SessionGroup final : public BalancedGroup {
 public:
  explicit SessionGroup(Build& build)
      : BalancedGroup(build),
        states_(&build.states),
        default_timeout_(text::parse_long(build.settings.setting("synapse.sal.endpoints.sesssion.timeout.default"))
                             .value_or(kDefaultTimeout)) {}

  std::unique_ptr<SessionDispatcher> dispatcher;
  std::optional<std::int64_t> timeout;  ///< ms; absent: the default
  std::string_view element;             ///< of a group of members (5.6); empty: `<loadbalance>`
  bool renew = false;                   ///< the lifetime is counted from the last use
  bool rebind = false;                  ///< a session leaves a child that is of no use

  std::string_view kind() const noexcept override { return element.empty() ? "session-affinity loadbalance" : element; }
  Need response_need() const noexcept override { return dispatcher->response_need(); }

  Choice choose(Delivery& delivery, Message& message) const override;
  Retry next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const override;
  void responded(Delivery& delivery, Message& message) const override;
  std::optional<std::size_t> sessions() const override {
    return sessions_ ? std::optional(sessions_->size()) : std::nullopt;
  }
  void end_sessions() const override {
    if (sessions_) sessions_->clear();
  }

 protected:
  void do_link(Linker& linker) override;
  Need own_need() const noexcept override { return BalancedGroup::own_need() | dispatcher->request_need(); }

 private:
  /// How this group takes part in the message's session: it owns it, it follows the path its parent
  /// session group began, or a group in between made its own choice, which is not pinned (5.1).
  enum class Role : std::uint8_t { root, nested, unpinned };
  Role role_in(const Delivery& delivery, std::size_t above) const noexcept;
  static std::size_t root_step(const Delivery& delivery, std::size_t above) noexcept;

  void begin(Delivery& delivery, Message& message) const;
  bool continue_session(Delivery& delivery, std::string_view id, TimePoint now) const;
  void begun(Delivery& delivery, Message& message) const;
  Choice follow(Delivery& delivery, Message& message) const;
  bool of_members() const noexcept { return !element.empty(); }
  Choice start(Delivery& delivery, Message& message, Role role) const;
  static void move(Delivery& delivery) noexcept;
  void bind_client_session(const Delivery& delivery) const;
  static bool rebinds(const Delivery& delivery) noexcept;
  static std::optional<std::size_t> child_of(const Membership& members, std::uint64_t id, TimePoint now) noexcept;
  TimePoint expiry(const Delivery& delivery, TimePoint now) const noexcept;

  StateStore* states_;
  std::int64_t default_timeout_;
  std::shared_ptr<SessionTable> sessions_;
};

/// Nothing derives from it, so that the exact type tells: several times cheaper than a cast.
const SessionGroup* as_session_group(const Endpoint* endpoint) noexcept {
  return endpoint && typeid(*endpoint) == typeid(SessionGroup) ? static_cast<const SessionGroup*>(endpoint) : nullptr;
}

/// Only session groups make themselves the root.
const SessionGroup* root_of(const Delivery& delivery) noexcept {
  return static_cast<const SessionGroup*>(delivery.session_root);
}

void SessionGroup::do_link(Linker& linker) {
  BalancedGroup::do_link(linker);
  if (!dispatcher->carries_path()) sessions_ = states_->get<SessionTable>("sessions " + key);  // EP-163
}

// --- the place of this group ------------------------------------------------------------------------

/// The index of the session's root among the first `above` steps; `above` when it is not there.
std::size_t SessionGroup::root_step(const Delivery& delivery, std::size_t above) noexcept {
  for (std::size_t i = 0; i < above; ++i)
    if (delivery.path[i].group == delivery.session_root) return i;
  return above;
}

/// `above`: how many steps of the path lie above this group's own.
SessionGroup::Role SessionGroup::role_in(const Delivery& delivery, std::size_t above) const noexcept {
  if (!delivery.session_root || delivery.session_root == this) return Role::root;
  const std::size_t root = root_step(delivery, above);
  if (root == above) return Role::root;  // the other root was left behind by a failover
  for (std::size_t i = root; i < above; ++i)
    if (!as_session_group(delivery.path[i].group)) return Role::unpinned;
  return Role::nested;
}

/// One that has left takes the messages of its sessions until its drain is over.
std::optional<std::size_t> SessionGroup::child_of(const Membership& members, std::uint64_t id, TimePoint now) noexcept {
  const auto found = std::find(members.ids.begin(), members.ids.end(), id);
  const auto child = static_cast<std::size_t>(found - members.ids.begin());
  if (found == members.ids.end() || !members.here(child, now)) return std::nullopt;
  return child;
}

/// The root's session is what nested groups follow, so it is the root that says.
bool SessionGroup::rebinds(const Delivery& delivery) noexcept {
  const SessionGroup* root = root_of(delivery);
  return root && root->rebind;
}

// --- choosing (5.4) ---------------------------------------------------------------------------------

Choice SessionGroup::choose(Delivery& delivery, Message& message) const {
  if (!of_members()) {
    Result<void> applied = apply_properties(message);
    if (!applied) return std::move(applied).fault();
  }
  const Role role = role_in(delivery, delivery.depth);
  if (auto refused = enrol(delivery, message)) return *std::move(refused);
  if (role == Role::root) begin(delivery, message);
  const bool pinned = role != Role::unpinned && delivery.session_established;
  Choice choice = pinned ? follow(delivery, message) : start(delivery, message, role);
  if (choice.failed()) {
    leave(delivery, message);
    if (role == Role::root) delivery.session_root = nullptr;
  } else if (role == Role::root) {
    begun(delivery, message);
  }
  return choice;
}

/// Looks the session up; without one this message is the first of a new session.
void SessionGroup::begin(Delivery& delivery, Message& message) const {
  auto ids = dispatcher->request_ids(message);
  // A session group that was left behind by a failover has taken its id out of the message.
  if (ids.empty() && !dispatcher->client_initiated() && !delivery.session_id.empty())
    ids.push_back(message.copy(delivery.session_id));
  delivery.session_root = this;
  delivery.session_rest.clear();
  delivery.session_path.clear();
  delivery.session_id.clear();
  delivery.session_established = delivery.session_moved = false;
  const TimePoint now = Clock::now();
  for (const std::string_view id : ids)
    if (continue_session(delivery, id, now)) return;
  if (!ids.empty()) delivery.session_id = ids.front();
}

bool SessionGroup::continue_session(Delivery& delivery, std::string_view id, TimePoint now) const {
  if (dispatcher->carries_path()) {
    auto carried = dispatcher->read_path(id, key);
    if (carried) delivery.session_rest = *std::move(carried);
  } else if (const SessionPath* bound = sessions_->find(id, now)) {
    delivery.session_rest = *bound;
  }
  // A redeploy may have removed the child; then the session is over.
  if (delivery.session_rest.empty() || !child_of(members(step(delivery)), delivery.session_rest.front(), now)) {
    delivery.session_rest.clear();
    return false;
  }
  std::reverse(delivery.session_rest.begin(), delivery.session_rest.end());
  delivery.session_id = id;
  delivery.session_established = true;
  return true;
}

/// The root has a child for the message.
void SessionGroup::begun(Delivery& delivery, Message& message) const {
  if (dispatcher->carries_path()) {
    dispatcher->strip(message);  // it is between the client and us
    return;
  }
  if (delivery.session_established) {
    const TimePoint now = Clock::now();
    if (renew) sessions_->extend(delivery.session_id, expiry(delivery, now));
    return;
  }
  bind_client_session(delivery);
  if (!dispatcher->client_initiated() && !delivery.session_moved && !of_members()) dispatcher->strip(message);  // EP-153
}

Choice SessionGroup::follow(Delivery& delivery, Message& message) const {
  if (delivery.session_rest.empty()) return Fault(code::kSessionPath, "Invalid session: its path has ended");
  const std::uint64_t id = delivery.session_rest.back();
  delivery.session_rest.pop_back();
  const auto child = child_of(members(step(delivery)), id, delivery.started);
  if (child && members(step(delivery)).children[*child]->admit(delivery.started, Use::bound)) {
    delivery.session_path.push_back(id);
    delivery.use = Use::bound;
    Choice choice = enter(delivery, message, *child);
    delivery.use = Use::fresh;
    if (!choice.failed() || !rebinds(delivery)) return choice;
  } else if (child && !rebinds(delivery)) {  // EP-156
    return Fault(code::kSessionNotReady, "The endpoint of the session is not ready");
  }
  move(delivery);
  return start(delivery, message, role_in(delivery, delivery.depth - 1));
}

/// From here on the message is treated like the first of a session.
void SessionGroup::move(Delivery& delivery) noexcept {
  delivery.session_rest.clear();
  delivery.session_established = false;
  delivery.session_moved = true;
}

Choice SessionGroup::start(Delivery& delivery, Message& message, Role role) const {
  const std::size_t above = delivery.depth - 1;
  const std::size_t level = role == Role::nested ? above - root_step(delivery, above) : 0;
  Fault last;
  for (;;) {
    const auto child = pick_admitted(delivery, message);
    if (!child) return none_ready(std::move(last));
    if (role != Role::unpinned) {
      delivery.session_path.resize(level);
      delivery.session_path.push_back(members(step(delivery)).ids[*child]);
    }
    Choice choice = enter(delivery, message, *child);
    if (!choice.failed()) return choice;
    last = std::move(choice).fault();
  }
}

Retry SessionGroup::next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const {
  step(delivery).tried.add(step(delivery).child);
  Retry retry;
  const Role role = role_in(delivery, delivery.depth - 1);
  const bool allowed = ask != Ask::failure || may_fail_over(delivery, fault);
  if (role != Role::unpinned && allowed && rebinds(delivery) && delivery.session_established) move(delivery);
  if (role != Role::unpinned && delivery.session_established) {  // EP-157
    retry.fault = Fault(code::kSessionFailed, "Failure in an established session: " + fault.message, fault.detail);
    retry.fault.base_code = fault.base_code;
    retry.fault.status = fault.status;
    retry.fault.sent = fault.sent;
    return retry;
  }
  const SessionGroup* root = root_of(delivery);
  if (root && root->dispatcher->client_initiated()) root->sessions_->unbind(delivery.session_id);
  if (!allowed || spent(delivery)) return retry;
  Result<void> applied;
  if (!of_members()) applied = apply_properties(message);
  if (!applied) {
    retry.fault = std::move(applied).fault();
    return retry;
  }
  retry = retry_with(start(delivery, message, role), code::kLoadBalanceRetry);  // EP-158
  if (retry.kind == Retry::Kind::leaf && root) root->bind_client_session(delivery);
  return retry;
}

// --- writing sessions (5.5) -------------------------------------------------------------------------

/// EP-149: before the outcome is known.
void SessionGroup::bind_client_session(const Delivery& delivery) const {
  if (!dispatcher->client_initiated() || delivery.session_established || delivery.session_id.empty()) return;
  const TimePoint now = Clock::now();
  sessions_->bind(delivery.session_id, delivery.session_path, expiry(delivery, now), now);
}

void SessionGroup::responded(Delivery& delivery, Message& message) const {
  if (delivery.session_root != this || dispatcher->client_initiated()) return;
  const TimePoint now = Clock::now();
  if (dispatcher->carries_path()) {
    if (delivery.session_established && !renew) return;
    const auto lifetime = std::chrono::duration_cast<Duration>(expiry(delivery, now) - now);
    return dispatcher->write_path(message, delivery.session_path, lifetime, key);
  }
  auto id = dispatcher->response_id(message);
  if (!id && delivery.session_moved) id = delivery.session_id;  // the new child took the old id over
  if (!id) return;
  // Use does not extend a session (EP-159); one that was purged meanwhile is made anew.
  if (delivery.session_established && *id == delivery.session_id && sessions_->find(*id, now)) return;
  sessions_->bind(*id, delivery.session_path, expiry(delivery, now), now);  // EP-150, EP-164
}

/// EP-161: the least timeout on the path.
TimePoint SessionGroup::expiry(const Delivery& delivery, TimePoint now) const noexcept {
  constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  std::optional<std::int64_t> least;
  for (std::size_t i = root_step(delivery, delivery.depth); i < delivery.depth; ++i) {
    const SessionGroup* group = as_session_group(delivery.path[i].group);
    if (group && group->timeout) least = std::min(least.value_or(kLongest), *group->timeout);
  }
  return now + Duration(std::clamp<std::int64_t>(least.value_or(default_timeout_), 0, kLongest));
}

// --- reading ------------------------------------------------------------------------------------------

constexpr std::pair<std::string_view, bool> kOnFailure[] = {{"fault", false}, {"rebind", true}};

/// EP-040, EP-041.
bool read_session(SessionGroup& group, const xml::Element& session, Build& build) {
  xml::Bind bind(session, build.problems);
  const std::string type = bind.required("type");
  const SessionFactory* factory = SessionDispatchers::instance().find(text::trim(type));
  if (!factory) factory = SessionDispatchers::instance().find(text::to_lower(text::trim(type)));
  group.renew = bind.is_true("renew");
  group.rebind = bind.choice<bool>("onFailure", kOnFailure, false);
  if (factory) group.dispatcher = (*factory)(bind, build);
  else if (!type.empty())
    bind.error(bind.attribute("type")->where, "unknown session type " + xml::quote(type),
               xml::suggest(type, SessionDispatchers::instance().names()));
  if (const auto* child = bind.child("sessionTimeout")) {
    const auto value = text::parse_long(text::trim(child->text()));
    if (!value) bind.error(child->where, "<sessionTimeout> is " + xml::quote(child->text()), "milliseconds are needed");
    else if (*value >= 0) group.timeout = *value;
  }
  if (factory) bind.finish();
  return factory != nullptr;
}

}  // namespace

std::unique_ptr<BalancedGroup> make_member_session_group(const xml::Element& session, std::string_view element,
                                                         Build& build) {
  auto group = std::make_unique<SessionGroup>(build);
  group->element = element;
  if (!read_session(*group, session, build)) return nullptr;
  group->renew = group->rebind = true;
  if (!group->dispatcher->client_initiated()) return group;
  build.problems.error(session.where, "<session> of a client's own id beside " + xml::tag(element),
                       "sessions that the members begin, http or soap, are kept");
  return nullptr;
}

std::unique_ptr<Endpoint> build_session_group(const xml::Element& element, const xml::Element& session, Build& build) {
  auto group = std::make_unique<SessionGroup>(build);
  const bool known_session = read_session(*group, session, build);
  xml::Bind bind(element, build.problems);
  const bool known_algorithm = group->read(bind, build);
  bind.ignore({"failover", "buildMessage"});
  if (!bind.children("member").empty())
    bind.error("<member> in a <loadbalance> with <session>", "only <endpoint> children keep sessions");
  group->adopt(read_children(bind, build));
  if (auto discovery = read_discovery(bind, build)) group->discover(*std::move(discovery), bind, build);
  if (!element.child("endpoint") && !element.child("discovery"))
    bind.error("<loadbalance> without children", "at least one <endpoint>, or <discovery>, is needed");
  bind.finish();
  const bool empty = group->children().empty() && !group->discovers();
  if (!known_session || !known_algorithm || empty) return nullptr;
  return group;
}

}  // namespace myelin::endpoints
