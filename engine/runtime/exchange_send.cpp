// Sending: the endpoint tree chooses, this waits, judges, repeats and fails over (ARCHITECTURE.md, "Life
// of a message").

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/log.hpp"
#include "engine/base/random.hpp"
#include "engine/base/text.hpp"
#include "engine/runtime/exchange.hpp"

namespace myelin {

namespace {

/// Header names that describe one connection or one framing; they never become message headers of
/// an answer.
bool is_connection_field(std::string_view name) {
  switch (name.size()) {
    case 10: return text::iequals(name, "Connection") || text::iequals(name, "Keep-Alive");
    case 17: return text::iequals(name, "Transfer-Encoding");
    default: return false;
  }
}

/// What an answer's Connection names besides its usual options: it stays here as well (REL-068). Nearly always
/// nothing.
std::vector<std::string_view> named_by_connection(const Headers& fields) {
  std::vector<std::string_view> named;
  for (const Header& field : fields) {
    if (field.name.size() != 10 || !text::iequals(field.name, "Connection")) continue;
    if (text::iequals(field.value, "close") || text::iequals(field.value, "keep-alive")) continue;
    for (const std::string_view name : text::split(field.value, ",")) named.push_back(text::trim(name));
  }
  return named;
}

/// Copies of an answer's texts: the head goes at once where it is one piece.
class HeadCopy {
 public:
  HeadCopy(std::string_view head, Arena& arena) : arena_(arena), head_(head), copy_(arena.copy(head)) {}

  [[gnu::always_inline]] std::string_view of(std::string_view text) const {
    const std::size_t at = reinterpret_cast<std::uintptr_t>(text.data()) - reinterpret_cast<std::uintptr_t>(head_.data());
    return at < head_.size() ? copy_.substr(at, text.size()) : arena_.copy(text);
  }

 private:
  Arena& arena_;
  std::string_view head_, copy_;
};

/// A fault of whoever sends the body; no endpoint is to blame for it.
Fault of_body(Fault fault) {
  fault.of_body = true;
  return fault;
}

/// No request could be made of the message. Unless the endpoint lacks something, for which there are codes of endpoints,
/// that is the message's fault: else whoever sends one such message would have the endpoint suspended for all.
Fault unsendable(Fault fault) {
  if (fault.base_code >= code::kNoneReady && fault.base_code < code::kCall) return fault;
  if (fault.status == 0) fault.status = 500;
  return of_body(std::move(fault));
}

Fault of_status(int status) {
  Fault fault(status, "the back end answered " + std::to_string(status));
  fault.sent = true;
  fault.status = 502;
  return fault;
}

Fault past_deadline() { return Fault(code::kTimeout, "Send timeout", "the deadline of the group has passed"); }

constexpr std::array<std::string_view, 5> kErrorProperties{"ERROR_CODE", "ERROR_MESSAGE", "ERROR_DETAIL",
                                                           "ERROR_EXCEPTION", "BASE_ERROR_CODE"};

bool is_soap(MediaKind kind) noexcept { return kind == MediaKind::soap11 || kind == MediaKind::soap12; }

}  // namespace

// --- delivery ---------------------------------------------------------------------------------------

Task<Result<void>> Exchange::load_for(Need need) {
  Result<void> done;
  const MediaKind kind = message_.payload.kind();
  const bool soap = kind == MediaKind::soap11 || kind == MediaKind::soap12;
  if (need == Need::nothing || message_.payload.loaded() || (need == Need::header && !soap)) co_return done;
  if (message_.payload.try_load(message_.body_limit)) co_return done;
  done = co_await message_.payload.load(message_.body_limit);
  co_return done;
}

Task<Flow> Exchange::send(Pending& pending) {
  call_ = pending.kind == Pending::Kind::call;
  if (!call_) message_.handlers.swap(pending.handlers);
  const Endpoint* root = pending.endpoint;
  if (pending.pin) root_pin_ = pending.pin;
  if (!root && !call_ && message_.is_response()) {
    message_.pending.kind = Pending::Kind::reply;  // MED-026
    co_return Flow::stop;
  }
  if (!root) {
    // The To of a SOAP message stands in its header.
    Result<void> loaded = co_await load_for(Need::header);
    if (!loaded) co_return fail_with(std::move(loaded).fault());
    root = engine_.implicit_.get();
  }
  if (message_.properties.truth("OUT_ONLY") || message_.axis2.truth("FORCE_SC_ACCEPTED")) {
    const bool out_only = message_.properties.truth("OUT_ONLY");
    if (!client_.answered() || (out_only && call_)) {
      pending.endpoint = root;
      co_return co_await send_out_only(pending);
    }
  }
  Result<void> delivered = co_await deliver(*root);
  if (delivered || !delivered.fault().of_body) tell_watchers(delivered.ok());
  else for (const Endpoint* watcher : scratch_->delivery.watchers) watcher->spared(message_);
  if (!delivered) co_return fail_with(std::move(delivered).fault());
  if (std::exchange(fans_out_, false)) {
    const Flow flow = co_await branch_out(pending);
    co_return flow;
  }
  if (call_) co_return Flow::next;
  if (message_.properties.truth("OUT_ONLY")) co_return Flow::stop;  // MED-050
  co_return run_response_flow(pending.receive);
}

/// Fire and forget: a copy goes its own way, the client gets its 202 now (expressions reference,
/// 5.3), or a call goes on at once with the original body (MED-034).
Task<Flow> Exchange::send_out_only(Pending& pending) {
  Result<void> room = engine_.room_for_flow();
  if (!room) co_return fail_with(std::move(room).fault());
  Result<void> loaded = co_await load_for(Need::body);
  if (!loaded) co_return fail_with(std::move(loaded).fault());
  std::unique_ptr<Message> copy = message_.clone();
  copy->axis2.remove("FORCE_SC_ACCEPTED");
  const bool call = pending.kind == Pending::Kind::call;
  pending.kind = Pending::Kind::send;
  pending.handlers = message_.handlers;
  engine_.spawn(std::move(copy), std::move(pending), deployment_);
  if (call) co_return Flow::next;
  co_await answer(202);
  co_return Flow::stop;
}

// --- one delivery -----------------------------------------------------------------------------------

/// Chooses, sends, repeats, fails over, until a backend has answered or nobody is left. With several
/// recipients it only names them.
Task<Result<void>> Exchange::deliver(const Endpoint& root) {
  Delivery& delivery = scratch_->delivery;
  delivery.watchers.clear();
  if (const Need need = root.need(); need != Need::nothing) {
    Result<void> loaded = co_await load_for(need);
    if (!loaded) co_return loaded;
  }
  delivery.reset();
  if (std::exchange(inherits_, false)) {
    delivery = family_->above();
    delivery.started = Clock::now();
  }
  replay_.reset();
  engine_.budget_.delivered(delivery.began);
  Choice choice = root.choose(delivery, message_);
  while (!choice.failed()) {
    if (choice.fans_out) {
      recipients_ = std::move(choice.branches);
      fans_out_ = true;
      co_return Result<void>();
    }
    const Leaf& leaf = *choice.leaf;
    Result<BackendResponse*> answered = co_await attempt(leaf);
    end_retry();
    if (answered) {
      const int status = (*answered)->status();
      leaf.succeeded(status, delivery.started, Clock::now());
      if (leaf.retry_rules && leaf.retry_rules->on_status(status)) {
        choice = co_await repeat(leaf, of_status(status));
        if (!choice.failed()) continue;  // else the answer is passed on
      }
      adopt(**answered, call_);
      for (std::size_t i = delivery.depth; i-- > 0;) {
        const Endpoint& group = *delivery.path[i].group;
        if (const Need need = group.response_need(); need != Need::nothing) {
          Result<void> seen = co_await load_for(need);
          if (!seen) co_return seen;
        }
        group.responded(delivery, message_);
      }
      co_return Result<void>();
    }
    Fault fault = std::move(answered).fault();
    const bool final = blame(leaf, fault);
    if (final) co_return std::move(fault);
    choice = co_await after_failure(leaf, std::move(fault));
  }
  co_return std::move(choice).fault();
}

/// The delivery is over, unless it goes on as several: then each recipient's flow tells how it went.
void Exchange::tell_watchers(bool answered) const {
  if (fans_out_) return;
  const Delivery& delivery = scratch_->delivery;
  for (const Endpoint* watcher : delivery.watchers)
    watcher->finished(message_, answered, delivery.began, Clock::now());
}

/// Tells the leaf what it did. True: nothing more is to be tried.
bool Exchange::blame(const Leaf& leaf, const Fault& fault) {
  if (fault.of_body) {
    leaf.spared(message_);
    return true;
  }
  const TimePoint began = scratch_->delivery.started;
  const bool own_timeout = fault.base_code == code::kTimeout && fault.code == code::kTimeout;
  const bool repeats = leaf.retry_rules && leaf.retry_rules->per_try.count() > 0;
  if (own_timeout && leaf.timeout_action != Leaf::Action::fault && !repeats && Clock::now() < scratch_->delivery.deadline) {
    // discard changes the state, never does not; neither runs a fault sequence (EP-104, EP-105).
    if (leaf.timeout_action == Leaf::Action::discard) leaf.failed(fault, began, Clock::now());
    else leaf.condition().failed(fault, Clock::now());
    abandoned_ = true;
    return true;
  }
  leaf.failed(fault, began, Clock::now());
  set_error_properties(fault);
  log::warn("endpoint", message_.log_prefix() + (leaf.name.empty() ? leaf.key : leaf.name) + " failed with " +
                            std::to_string(fault.code) + ": " + fault.message +
                            (fault.detail.empty() ? std::string() : " (" + fault.detail + ')'));
  if (leaf.error_handler) message_.handlers.push_back(leaf.error_handler);  // EP-136
  return leaf.error_handler != nullptr;
}

/// The leaf's own `<retry>`, then the groups. No choice: its fault is the delivery's.
Task<Choice> Exchange::after_failure(const Leaf& leaf, Fault fault) {
  if (leaf.retry_rules && leaf.retry_rules->on_fault(fault)) {
    Choice again = co_await repeat(leaf, fault);
    if (!again.failed()) co_return again;
  }
  Choice next = next_leaf(std::move(fault));
  co_return next;
}

// --- trying again -------------------------------------------------------------------------------------

/// One more try as `<retry>` says; no choice when it says no more.
Task<Choice> Exchange::repeat(const Leaf& leaf, const Fault& fault) {
  const RetryRules& rules = *leaf.retry_rules;
  Delivery& delivery = scratch_->delivery;
  Choice none{Fault()};
  const Duration pause = rules.pause(delivery.retries, random_fraction());
  if (delivery.retries >= rules.attempts || !rules.allows(message_.incoming.method)) co_return none;
  for (std::size_t level = 0; level < delivery.depth; ++level)
    if (delivery.path[level].group->exhausted(delivery, level)) co_return none;
  if (Clock::now() + pause >= delivery.deadline || !may_repeat(fault)) co_return none;
  if (leaf.limits.retries > 0 && !leaf.limiter->try_retry(leaf.limits)) co_return none;
  if (leaf.limits.retries > 0) retrying_ = leaf.limiter;
  if (!restore_body()) {
    end_retry();
    co_return none;
  }
  ++delivery.retries;
  release_backend();
  if (pause.count() > 0) {
    Signal never;
    co_await engine_.sender_.wait(never, pause);
  }
  begin_again(fault);
  Choice next = repeated_choice(leaf, fault);
  co_return next;
}

/// The leaf for a repeated try: another one of the group if that is asked for and there is one.
Choice Exchange::repeated_choice(const Leaf& leaf, const Fault& fault) {
  Delivery& delivery = scratch_->delivery;
  const RetryRules::Next wish = leaf.retry_rules->next;
  if (wish != RetryRules::Next::same && delivery.depth > 0) {
    const Endpoint& group = *delivery.path[delivery.depth - 1].group;
    Retry other = group.next_child(delivery, message_, fault, wish == RetryRules::Next::listed ? Ask::listed : Ask::other);
    if (other.kind == Retry::Kind::leaf) return *other.leaf;
    if (other.kind == Retry::Kind::branches) return std::move(other.branches);
  }
  if (delivery.depth > 0) ++delivery.path[delivery.depth - 1].attempts;
  return leaf;
}

/// Asks the groups from the innermost outwards whether one has another child for this message.
Choice Exchange::next_leaf(Fault fault) {
  Delivery& delivery = scratch_->delivery;
  const TimePoint failed_at = Clock::now();
  while (delivery.depth > 0) {
    const Endpoint& group = *delivery.path[delivery.depth - 1].group;
    delivery.started = failed_at;
    Retry retry = group.child_failed(delivery, message_, fault);
    if (retry.fault.code != code::kException) fault = std::move(retry.fault);
    if (retry.kind == Retry::Kind::leaf || retry.kind == Retry::Kind::branches) {
      if (!may_repeat(fault)) break;
      if (!restore_body()) {
        fault.detail = "the request body was too large to be sent again";
        break;
      }
      begin_again(fault);
      if (retry.kind == Retry::Kind::leaf) return *retry.leaf;
      return std::move(retry.branches);
    }
    if (delivery.stop_watching(group)) group.finished(message_, false, delivery.began, failed_at);
    delivery.pop();
    if (retry.kind == Retry::Kind::stop) break;
  }
  return fault;
}

/// The message sets out once more: a message that is rescued shows no sign of it (EP-138).
void Exchange::begin_again(const Fault& fault) {
  if (fault.sent) {
    engine_.counters_.resent.fetch_add(1, std::memory_order_relaxed);  // REL-120
    resending_ = true;
    engine_.budget_.began(Clock::now());
    log::info("endpoint", message_.log_prefix() + "sending again what may have been received, after fault " +
                              std::to_string(fault.code));
  }
  scratch_->delivery.started = Clock::now();
  for (const std::string_view name : kErrorProperties) message_.properties.remove(name);
}

void Exchange::end_retry() noexcept {
  if (std::exchange(resending_, false)) engine_.budget_.ended();
  if (retrying_) std::exchange(retrying_, nullptr)->end_retry();
}

/// REL-120: with retry_unsafe=false only what may safely arrive twice is sent again. REL-122: those
/// that may have arrived share a budget.
bool Exchange::may_repeat(const Fault& fault) noexcept {
  if (!fault.sent) return true;
  const std::string_view method = message_.incoming.method;
  const bool safe = method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
  if (!engine_.retry_unsafe_ && !safe) return false;
  if (engine_.budget_.allows(Clock::now())) return true;
  engine_.counters_.over_budget.fetch_add(1, std::memory_order_relaxed);
  return false;
}

/// A group above may send the message again: small bodies are taken into memory, larger ones are
/// copied while they stream.
void Exchange::keep_for_replay(const Leaf& leaf) {
  if (replay_ || message_.payload.loaded()) return;
  const Delivery& delivery = scratch_->delivery;
  bool resends = leaf.retry_rules || leaf.fail_rules || leaf.resends();
  for (std::size_t i = 0; i < delivery.depth; ++i) resends |= delivery.path[i].group->resends();
  if (!resends) return;
  BodySource* stream = message_.payload.source();
  if (stream->ended() && message_.payload.try_load(message_.body_limit)) return;
  constexpr std::size_t kReplayLimit = std::size_t{1} << 20;
  replay_.emplace(*stream, scratch_->replay, kReplayLimit);
  message_.payload.reread(&*replay_);
}

/// Before another attempt: the body from its start.
bool Exchange::restore_body() {
  if (!replay_) return true;
  if (!replay_->rewind()) return false;
  message_.payload.reread(&*replay_);
  return true;
}

// --- one attempt --------------------------------------------------------------------------------------

Task<Result<BackendResponse*>> Exchange::attempt(const Leaf& leaf) {
  Delivery& delivery = scratch_->delivery;
  delivery.leaf = &leaf;
  ++delivery.attempts;
  if (backend_) {
    // An earlier answer is this request's body: it is taken before its connection goes back.
    Result<void> taken = co_await load_for(Need::body);
    if (!taken) co_return of_body(std::move(taken).fault());
    release_backend();
  }
  keep_for_replay(leaf);
  if (const Need need = leaf.need(); need != Need::nothing) {
    Result<void> loaded = co_await load_for(need);
    if (!loaded) co_return of_body(std::move(loaded).fault());
  }
  if (const std::unique_ptr<Work> work = leaf.before(message_)) {
    Result<void> done = co_await work->run(message_, engine_.sender_);
    if (!done) co_return std::move(done).fault();
  }
  OutgoingRequest request;
  Result<void> prepared = leaf.prepare(message_, request);
  if (!prepared) co_return unsendable(std::move(prepared).fault());
  message_.payload.put_away();
  request.identity = &message_.identity;
  delivery.credential = request.credential;
  if (!limit_time(leaf, request)) co_return past_deadline();
  if (leaf.limits.most > 0) {
    Result<void> entered = co_await enter(leaf, request);
    if (!entered) co_return std::move(entered).fault();
  }
  leaf.condition().begin();
  busy_ = &leaf;
  if (delivery.depth > 0) busy_pin_ = delivery.path[delivery.depth - 1].pin;
  Result<BackendResponse*> response(nullptr);
  if (leaf.follows_redirects) response = co_await send_following(leaf, request);
  else response = co_await engine_.sender_.send(request);
  if (!response) {
    leave_leaf();
    co_return response;
  }
  backend_ = *response;
  if (leaf.credentials_refused(delivery, message_, **response) && restore_body()) {  // EP-070
    release_backend();
    response = co_await attempt(leaf);
    co_return response;
  }
  if (leaf.fail_rules || message_.properties.find("FORCE_ERROR_ON_SOAP_FAULT")) {
    Result<void> good = co_await judge(leaf, **response);
    if (!good) {
      release_backend();
      co_return std::move(good).fault();
    }
  }
  co_return response;
}

/// GW-108
Task<Result<BackendResponse*>> Exchange::send_following(const Leaf& leaf, OutgoingRequest& request) {
  constexpr int kRedirects = 5;
  Headers headers;
  const TimePoint began = Clock::now();
  const Duration limit = request.timeout;
  Result<BackendResponse*> response = co_await engine_.sender_.send(request);
  for (int followed = 0; response && followed < kRedirects; ++followed) {
    BackendResponse& answer = **response;
    const auto left = limit - std::chrono::duration_cast<Duration>(Clock::now() - began);
    if (request.timeout_is_endpoints && left.count() <= 0) break;
    if (!leaf.follow(message_, answer, request, headers)) break;
    if (request.stream && !restore_body()) break;
    if (request.stream) request.stream = message_.payload.source();
    if (request.timeout_is_endpoints) request.timeout = left;
    answer.release();
    response = co_await engine_.sender_.send(request);
  }
  co_return response;
}

/// perTryTimeout and the deadline bound the attempt. False: no time is left.
bool Exchange::limit_time(const Leaf& leaf, OutgoingRequest& request) const {
  if (leaf.retry_rules && leaf.retry_rules->per_try.count() > 0) {
    request.timeout = leaf.retry_rules->per_try;
    request.timeout_is_endpoints = true;
  }
  const TimePoint deadline = scratch_->delivery.deadline;
  if (deadline == TimePoint::max()) return true;
  const auto left = std::chrono::duration_cast<Duration>(deadline - Clock::now());
  if (left.count() <= 0) return false;
  if (request.timeout.count() > 0 && request.timeout <= left) return true;
  request.timeout = left;
  request.timeout_is_endpoints = true;
  return true;
}

namespace {

/// A place in the line of a limiter, given up when the exchange goes away.
class InLine {
 public:
  InLine(Limiter& limiter, std::function<void()> woken) : limiter_(limiter) { ticket_->woken = std::move(woken); }
  InLine(const InLine&) = delete;
  ~InLine() {
    if (waits_ && limiter_.give_up(ticket_)) limiter_.leave();
  }
  Limiter::Entry join(const Limiter::Bounds& bounds) {
    const Limiter::Entry entry = limiter_.wait_in_line(bounds, ticket_);
    waits_ = entry == Limiter::Entry::wait;
    return entry;
  }
  /// True: a place was given.
  bool leave() {
    waits_ = false;
    return limiter_.give_up(ticket_);
  }

 private:
  Limiter& limiter_;
  std::shared_ptr<Limiter::Ticket> ticket_ = std::make_shared<Limiter::Ticket>();
  bool waits_ = false;
};

Fault no_place() {
  Fault fault(code::kConnectFailed, "No available connections to serve the request", "the limits of the endpoint are reached");
  fault.status = 503;
  return fault;
}

}  // namespace

/// Takes a place at a leaf with `<limits>`, waiting for it if need be.
Task<Result<void>> Exchange::enter(const Leaf& leaf, const OutgoingRequest& request) {
  Result<void> outcome;
  Limiter& limiter = *leaf.limiter;
  if (limiter.try_enter(leaf.limits)) co_return outcome;
  constexpr Duration kPatience{60'000};
  const Duration patience = leaf.limits.patience.count() > 0 ? leaf.limits.patience
                            : request.timeout.count() > 0    ? request.timeout
                                                             : kPatience;
  auto signal = std::make_shared<Signal>();
  InLine line(limiter, [&sender = engine_.sender_, signal] { sender.post([signal] { signal->set(); }); });
  const Limiter::Entry entry = line.join(leaf.limits);
  if (entry == Limiter::Entry::in) co_return outcome;
  if (entry == Limiter::Entry::wait) {
    co_await engine_.sender_.wait(*signal, patience);
    if (line.leave()) co_return outcome;
  }
  co_return no_place();
}

void Exchange::leave_leaf() noexcept {
  if (!busy_) return;
  busy_->condition().end();
  if (busy_->limits.most > 0) busy_->limiter->leave();
  busy_ = nullptr;
  busy_pin_.reset();
}

void Exchange::release_backend() {
  if (backend_) std::exchange(backend_, nullptr)->release();
  judged_ = false;
  leave_leaf();
}

// --- answers that are failures --------------------------------------------------------------------------

/// `<failOn>` and FORCE_ERROR_ON_SOAP_FAULT (EP-141). What has to be read for it is kept for adopt().
Task<Result<void>> Exchange::judge(const Leaf& leaf, BackendResponse& response) {
  Result<void> good;
  const FailRules* rules = leaf.fail_rules.get();
  if (rules && contains(rules->statuses, response.status())) co_return of_status(response.status());
  const bool soap_faults = text::is_true(message_.properties.text("FORCE_ERROR_ON_SOAP_FAULT"));
  const bool expression = rules && rules->expression;
  if (!soap_faults && !expression) co_return good;

  Message& probe = probe_for(response);
  const bool sees_soap = soap_faults && is_soap(probe.payload.kind());
  const Need need = sees_soap ? Need::body : expression ? rules->expression->need() : Need::nothing;
  if (need != Need::nothing && !probe.payload.loaded()) {
    Result<void> loaded = co_await probe.payload.load(message_.body_limit);
    if (!loaded) co_return loaded;
  }
  judged_ = probe.payload.loaded();
  if (sees_soap) {
    const auto envelope = probe.payload.envelope();
    if (envelope && Payload::has_fault(**envelope)) {
      Fault fault(code::kForcedSoapFault, "the back end answered with a SOAP fault");
      fault.sent = true;
      fault.status = 500;
      co_return fault;
    }
  }
  if (!expression) co_return good;
  const Result<bool> fails = rules->expression->test(probe);
  if (fails && *fails) co_return of_status(response.status());
  co_return good;
}

/// The answer as a message of its own; the request stays what it is.
Message& Exchange::probe_for(BackendResponse& response) {
  if (!scratch_->probe) scratch_->probe = std::make_unique<Message>();
  Message& probe = *scratch_->probe;
  probe.reset();
  probe.artifacts = message_.artifacts;
  probe.incoming = message_.incoming;
  probe.response = true;
  probe.status = response.status();
  std::string_view type;
  for (const Header& field : response.headers()) {
    if (text::iequals(field.name, "Content-Type")) type = field.value;
    probe.headers.add(field.name, field.value);
  }
  probe.axis2.set("HTTP_SC", response.status());
  if (!response.ended() || !response.buffered().empty()) {
    probe.payload.receive(&response, type);
    probe.payload.set_content_encoding(probe.headers.get("Content-Encoding").value_or(""));
  } else {
    probe.payload.set_content_type(type);
  }
  return probe;
}

/// The answer takes the request's place in the message. Texts are copied where the flow may still
/// need them after the connection went back to its pool.
void Exchange::adopt(BackendResponse& response, bool call) {
  const bool copies = call || (service_ && (service_->has_out() || service_->kind == Service::Kind::main));
  message_.begin_response();
  message_.status = response.status();
  if (const Leaf* leaf = scratch_->delivery.leaf)
    message_.endpoint = message_.copy(leaf->name.empty() ? leaf->key : leaf->name);
  message_.backend = message_.copy(response.backend());
  const HeadCopy copy(copies ? response.head_bytes() : std::string_view(), message_.arena);
  message_.reason = copies ? copy.of(response.reason()) : response.reason();
  std::string_view type, encoding;
  const auto named = named_by_connection(response.headers());
  const auto is_named = [&](const Header& field) {
    return std::any_of(named.begin(), named.end(), [&](std::string_view name) { return text::iequals(field.name, name); });
  };
  for (const Header& field : response.headers()) {
    if (is_connection_field(field.name) || (!named.empty() && is_named(field))) continue;
    const std::string_view value = copies ? copy.of(field.value) : field.value;
    if (text::iequals(field.name, "Content-Type")) type = value;
    else if (text::iequals(field.name, "Content-Encoding")) encoding = value;
    message_.headers.add(copies ? copy.of(field.name) : field.name, value);
  }
  if (!call) message_.response = true;
  if (judged_) {
    message_.payload = std::move(scratch_->probe->payload);
    message_.payload.set_content_type(type);
    message_.payload.set_content_encoding(encoding);
    judged_ = false;
  } else if (response.ended() && response.buffered().empty()) {
    message_.payload.reset();
    message_.payload.set_content_type(type);
  } else {
    message_.payload.receive(&response, type);
    message_.payload.set_content_encoding(encoding);
  }
}

// --- several recipients ---------------------------------------------------------------------------------

/// A copy goes to each recipient and on from there; this flow ends when one of them has answered the
/// client, or all have ended (endpoints reference, 1.9).
Task<Flow> Exchange::branch_out(Pending& pending) {
  const std::vector<Branch> recipients = std::move(recipients_);
  if (recipients.empty() && call_) co_return Flow::next;
  Result<void> loaded = co_await load_for(Need::body);
  if (!loaded) co_return fail_with(std::move(loaded).fault());
  branches_ = std::make_shared<Branches>(client_, recipients.size(), scratch_->delivery);
  for (const Branch& branch : recipients) start_branch(branch, pending);
  release_backend();
  Signal& over = branches_->over();
  co_await over;
  message_.frames.clear();
  if (!branches_->endpoint().empty()) {
    message_.endpoint = message_.copy(branches_->endpoint());
    message_.backend = message_.copy(branches_->backend());
  }
  if (client_.answered()) co_return Flow::stop;
  if (family_) family_->end_without_answer(branches_->fallback());
  else co_await answer(branches_->fallback());
  co_return Flow::stop;
}

void Exchange::start_branch(const Branch& branch, const Pending& pending) {
  std::unique_ptr<Message> copy = copy_for_branch();
  copy->properties.set("messageSequence", branch.sequence);
  Result<void> applied = branch.list->apply_properties(*copy);
  if (!applied) {
    log::warn("endpoint", message_.log_prefix() + "recipient " + branch.sequence + " is left out: " + applied.fault().message);
    const TimePoint now = Clock::now();
    for (const Endpoint* watcher : scratch_->delivery.watchers) watcher->finished(*copy, false, now, now);
    branches_->end_without_answer(status_of(applied.fault()));
    branches_->one_less();
    return;
  }
  Pending onward;
  onward.kind = pending.kind;
  onward.endpoint = branch.endpoint.get();
  onward.pin = branch.endpoint;
  onward.receive = pending.receive;
  onward.handlers = message_.handlers;
  engine_.spawn(std::move(copy), std::move(onward), deployment_, branches_);
}

/// The copy goes on where this message would: in the frames of a call, with what their mediators keep.
std::unique_ptr<Message> Exchange::copy_for_branch() {
  std::unique_ptr<Message> copy = message_.clone();
  copy->frames = message_.frames;
  for (const auto& [mediator, kept] : message_.kept) copy->kept.emplace_back(mediator, kept->copy_for(*copy));
  return copy;
}

}  // namespace myelin
