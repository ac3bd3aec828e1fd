#include "endpoints/common/leaf.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "endpoints/common/group.hpp"
#include "endpoints/common/userinfo.hpp"
#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/authority.hpp"
#include "engine/ports/health.hpp"

namespace myelin::endpoints {

namespace {

/// A property's text without a copy when it is one.
std::string_view text_of(const Value& value, Message& message) {
  if (const auto* text = value.as<std::string>()) return message.copy(*text);
  return message.copy(value.text());
}

/// Methods as a set; those that mean nothing here are none of them.
constexpr unsigned kGet = 1, kHead = 2, kPut = 4, kDelete = 8, kOptions = 16, kTrace = 32, kPatch = 64;

unsigned set_of(std::string_view method) noexcept {
  switch (method.size()) {
    case 3: return method == "GET" ? kGet : method == "PUT" ? kPut : 0;
    case 4: return method == "HEAD" ? kHead : 0;
    case 5: return method == "TRACE" ? kTrace : method == "PATCH" ? kPatch : 0;
    case 6: return method == "DELETE" ? kDelete : 0;
    case 7: return method == "OPTIONS" ? kOptions : 0;
    default: return 0;
  }
}

/// Nothing that could end or split a request line (REL-061).
bool is_target(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_clean(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool has_body_child(Message& message) {
  if (!message.payload.built()) return false;
  const auto envelope = message.payload.envelope();
  return envelope && Payload::body_child(**envelope) != tree::kNone;
}

/// GET, HEAD and DELETE carry a body only when the client itself sent it that way.
bool drops_body(Message& message, std::string_view method) {
  if (message.axis2.truth("NO_ENTITY_BODY") && !has_body_child(message)) return true;
  if (!(set_of(method) & (kGet | kHead | kDelete))) return false;
  return method != message.incoming.method || message.status != 0 || message.payload.edited();
}

/// The body for the wire. One that is not to go out is left unread, unless it becomes a query.
Result<OutgoingBody> body_of(Message& message, const FormatOptions& options, bool dropped) {
  if (!dropped || options.format == EndpointFormat::get || message.payload.edited()) return format_request(message, options);
  return OutgoingBody{};
}

void fill_body(Message& message, const OutgoingBody& body, bool dropped, OutgoingRequest& request) {
  request.content_type = body.content_type;
  request.drop_content_type = body.drop_content_type;
  request.has_soap_action = body.has_soap_action;
  request.soap_action = body.soap_action;
  if (body.drop_soap_action) message.headers.remove("SOAPAction");
  request.has_body = body.has_body && !dropped;
  if (request.has_body) {
    request.bytes = body.bytes;
    request.stream = body.stream;
  } else if (set_of(request.method) & (kGet | kDelete | kHead)) {
    request.content_type = {};
    request.drop_content_type = true;
  }
}

void fill_switches(Message& message, OutgoingRequest& request) {
  const Properties& axis2 = message.axis2;
  request.http10 = axis2.truth("FORCE_HTTP_1.0");
  request.close = axis2.truth("NO_KEEPALIVE");
  request.force_length = request.http10 || axis2.truth("DISABLE_CHUNKING") || axis2.truth("FORCE_HTTP_CONTENT_LENGTH");
  request.idempotent = set_of(request.method) & (kGet | kHead | kPut | kDelete | kOptions | kTrace);
  if (axis2.truth("FULL_URI") || axis2.truth("POST_TO_URI"))
    request.target = message.arena.join(request.url.scheme, "://", request.url.authority, request.target);
}

constexpr std::string_view kAsterisk = "*";  // what OPTIONS about a server as a whole has for a path

/// The path may not be empty in a request line.
std::string_view origin_form(std::string_view target, Arena& arena) {
  if (target.empty()) return "/";
  return target.front() == '/' || target == kAsterisk ? target : arena.join("/", target);
}

std::string_view append_query(std::string_view target, std::string_view query, Arena& arena) {
  if (query.empty()) return target;
  return arena.join(target, target.find('?') == std::string_view::npos ? "?" : "&", query);
}

constexpr Duration kCheckTimeout{5'000};

bool is_group(const Endpoint* endpoint) noexcept { return endpoint && !dynamic_cast<const Leaf*>(endpoint); }

}  // namespace

bool is_link_local(std::string_view host) noexcept {
  std::array<char, 64> text{};
  if (host.size() >= text.size()) return false;
  std::copy(host.begin(), host.end(), text.begin());
  in_addr v4{};
  if (inet_aton(text.data(), &v4) != 0) return (ntohl(v4.s_addr) >> 16) == 0xa9fe;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.data(), &v6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 169 && v6.s6_addr[13] == 254;
  return IN6_IS_ADDR_LINKLOCAL(&v6);
}

bool host_is_literal(std::string_view text, std::string_view mark) noexcept {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::size_t end = text.find_first_of("/?#", scheme + 3);
  const std::size_t marked = text.find(mark);
  return marked == std::string_view::npos || (end != std::string_view::npos && marked > end);
}

std::string_view join_postfix(std::string_view target, std::string_view postfix, Arena& arena) {
  if (postfix.empty()) return target;
  const char first = postfix.front();
  const bool slash_at_end = !target.empty() && target.back() == '/';
  if (slash_at_end && (first == '/' || first == '?')) target.remove_suffix(1);
  if (first == '?' && target.find('?') != std::string_view::npos) return arena.join(target, "&", postfix.substr(1));
  if (slash_at_end || first == '/' || first == '?') return arena.join(target, postfix);
  return arena.join(target, "/", postfix);
}

SendingLeaf::SendingLeaf(Build& build)
    : states_(&build.states), allow_link_local_(text::is_true(build.settings.setting("endpoint.allow_link_local"))) {}

void SendingLeaf::do_link(Linker& linker) {
  if (is_group(parent)) definition.use_group_limit();
  link_health_check(linker);
  choose_axes();
  if (breaker_rules) breaker_ = states_->get<Breaker>("breaker " + key + ' ' + std::string(identity()));
  if (limits.most > 0 || limits.retries > 0)
    limiter = states_->get<Limiter>("limits " + key + ' ' + std::string(identity()));
  timeout_action = definition.action;
  options_ = definition.format_options();
  need_ = compute_need();
  suspension_ = states_->get<Suspension>("suspension " + key + ' ' + std::string(identity()));
  if (!on_error.empty()) error_handler = linker.sequence(on_error, where);  // EP-067
}

Need SendingLeaf::compute_need() const noexcept {
  Need need = format_need(definition.format_options()) | destination_need();
  if (definition.timeout_expression) need = need | definition.timeout_expression->need();
  for (const HeaderRule& rule : headers)
    if (rule.value) need = need | rule.value->need();
  if (credentials) need = need | credentials->need();
  for (const EndpointProperty& property : properties) {
    if (property.expression) need = need | property.expression->need();
    const bool forces_build = property.scope == EndpointProperty::Scope::axis2 &&
                              (property.name == "messageType" || property.name == "DISABLE_CHUNKING" ||
                               property.name == "FORCE_HTTP_1.0");
    if (forces_build) need = Need::body;
  }
  const EndpointProperty* preserve = find_property("PRESERVE_ENVELOPE");
  if (preserve && !preserve->expression && text::is_true(preserve->value)) need = Need::body;
  return need;
}

/// The address, the time limit and the state of its checks. Backups take none from a `<shared>` that
/// counts as Gravitee v2 does, which never checks them (GW-130).
void SendingLeaf::link_health_check(Linker& linker) {
  if (!health_check) return;
  HealthCheck& check = *health_check;
  const bool unchecked = backup && check.shared && check.rules.counting == HealthRules::Counting::saturating;
  const std::string target = check_target();
  const bool fixed = Url::parse(check.path) || target.find_first_of("{}") == std::string::npos;
  if (!unchecked && fixed)
    check.url = health_check_url(target, check.path, check.from_root);
  if (check.url.empty()) {
    if (!unchecked)
      linker.problems.warning(where, "<healthCheck> is not run: the endpoint's address depends on the message",
                              "an absolute URL as path of its <request> would be checked");
    health_check.reset();
    return;
  }
  if (check.timeout.count() == 0) check.timeout = definition.timeout > 0 ? Duration(definition.timeout) : kCheckTimeout;
  health_record = states_->get<HealthRecord>("health " + key + ' ' + std::string(identity()));
  if (health_record->begin(check.rules)) condition().set_health(check.rules.start);
}

/// `failoverOn` of the nearest group that says so; without one, checks count when there are any
/// (gateways reference, 4.5).
void SendingLeaf::choose_axes() noexcept {
  FailoverOn axis = health_check ? FailoverOn::both : FailoverOn::fault;
  for (const Endpoint* above = parent; above; above = above->parent)
    if (const auto* group = dynamic_cast<const Group*>(above); group && group->failover_on != FailoverOn::unset) {
      axis = group->failover_on;
      break;
    }
  by_traffic_ = axis != FailoverOn::health;
  by_checks_ = axis != FailoverOn::fault;
}

bool SendingLeaf::ready(TimePoint now, Use use) const {
  if (!switched_on(use)) return false;
  if (by_traffic_ ? !suspension_->ready(now) : suspension_->phase() == Phase::off) return false;
  if (by_checks_ && condition().health() == Health::down) return false;
  return !breaker_ || breaker_->allows(*breaker_rules, now);
}

bool SendingLeaf::admit(TimePoint now, Use use) const {
  if (!ready(now, use)) return false;
  // A leaf without a parent admits itself when it is chosen.
  if (!parent) return true;
  if (breaker_ && !breaker_->admit(*breaker_rules, now)) return false;
  return !by_traffic_ || suspension_->admit(now);
}

Choice SendingLeaf::choose(Delivery& delivery, Message&) const {
  if (parent) return *this;
  const TimePoint now = delivery.started;
  const auto named = [this] { return name.empty() ? std::string(identity()) : name; };
  const auto open = [&] { return Fault(code::kBreakerOpen, "the circuit breaker of " + named() + " is open"); };
  const auto unavailable = [&] { return Fault(code::kEndpointNotReady, "Currently unavailable endpoint: " + named()); };
  if (breaker_ && !breaker_->allows(*breaker_rules, now)) return open();
  if (!ready(now, delivery.use)) return unavailable();  // asked first: once it takes its only trial it is not
  if (breaker_ && !breaker_->admit(*breaker_rules, now)) return open();
  if (!by_traffic_ || suspension_->phase() == Phase::active || suspension_->admit(now)) return *this;
  if (breaker_) breaker_->spared();
  return unavailable();
}

void SendingLeaf::set_switch(Switch position) const {
  Leaf::set_switch(position);
  if (position == Switch::off) suspension_->switch_off();
  else if (position == Switch::on) suspension_->switch_on();
  if (position == Switch::on && breaker_) breaker_->close();
}

Standing SendingLeaf::standing(TimePoint now) const {
  Standing standing = suspension_->standing(now);
  if (breaker_) standing.breaker = name_of(breaker_->phase());
  return standing;
}

void SendingLeaf::reset_counters() const {
  condition().reset_counters();
  suspension_->reset_counters();
}

void SendingLeaf::succeeded(int status, TimePoint began, TimePoint now) const {
  condition().answered(status, now - began);
  suspension_->succeeded();
  if (breaker_) breaker_->record(*breaker_rules, breaker_rules->is_failure(status, now - began), now);
}

void SendingLeaf::reach(OutgoingRequest& request) const {
  request.connect_timeout = connect_timeout;
  request.idle_limit = idle_limit;
  request.head_limit = head_limit;
  request.http2 = http2;
  request.http2_streams = http2_streams;
  request.ip_family = ip_family;
  request.dns_refresh = dns_refresh;
  request.tls = tls.get();
  request.proxy = proxy ? &*proxy : nullptr;
}

/// A suspension ends early only where both axes count (gateways reference, 4.5).
void SendingLeaf::check_passed(TimePoint began) const {
  if (by_traffic_ && by_checks_) suspension_->check_passed(began);
}

void SendingLeaf::spared(Message&) const {
  suspension_->spared();
  if (breaker_) breaker_->spared();
}

void SendingLeaf::failed(const Fault& fault, TimePoint began, TimePoint now) const {
  condition().failed(fault, now);
  if (breaker_) breaker_->record(*breaker_rules, true, now);
  const Suspension::Change change = suspension_->failed(definition.suspension, fault, began, now);
  if (!change.changed) return;
  log::warn("endpoint", "Endpoint " + (name.empty() ? std::string(identity()) : name) +
                            (change.phase == Phase::timeout ? " is marked for suspension" : " is suspended") +
                            ", next try in " + std::to_string(change.delay) + " ms, after fault " +
                            std::to_string(fault.code));
}

// --- the request ----------------------------------------------------------------------------------

Result<SendingLeaf::Destination> SendingLeaf::parse(std::string_view text) {
  const auto url = Url::parse(text);
  if (!url) return Fault("'" + without_userinfo(text) + "' is no http or https address");
  Destination to;
  to.url = *url;
  to.text = text;
  return to;
}

std::optional<std::string_view> SendingLeaf::take_dynamic_url(Message& message) {
  const Value* value = message.properties.find("DYNAMIC_URL_VALUE");
  if (!value || value->is_null()) return std::nullopt;
  const std::string_view text = text_of(*value, message);
  message.properties.remove("DYNAMIC_URL_VALUE");
  return text;
}

std::string_view SendingLeaf::method_of(Message& message) const {
  switch (definition.format) {
    case EndpointFormat::get:
      return "GET";
    case EndpointFormat::soap11:
    case EndpointFormat::soap12:
      return "POST";
    default:
      break;
  }
  if (const auto own = own_method(); !own.empty()) return own;
  if (const Value* set = message.axis2.find("HTTP_METHOD"); set && !set->is_null()) return text_of(*set, message);
  return message.incoming.method.empty() ? "POST" : message.incoming.method;
}

bool SendingLeaf::takes_postfix(Message& message, std::string_view method) const {
  if (definition.format == EndpointFormat::soap11 || definition.format == EndpointFormat::soap12) return false;  // EP-064
  if (definition.format == EndpointFormat::rest || message.rest) return true;
  if (method != "POST") return set_of(method) & (kGet | kDelete | kPut | kOptions | kPatch | kHead);
  const MediaKind kind = message.payload.kind();
  if (kind == MediaKind::soap11) return !message.headers.find("SOAPAction");
  return kind != MediaKind::soap12;
}

/// Where the request goes and how. All that can fail comes before the body is taken.
Result<void> SendingLeaf::address(Message& message, const Destination& to, OutgoingRequest& request) const {
  request.method = method_of(message);
  if (!text::is_token(request.method)) return Fault("'" + std::string(request.method) + "' is no HTTP method");
  request.url = to.url;
  request.target = to.url.target;
  if (to.takes_postfix && message.has_postfix && !message.postfix.empty() && takes_postfix(message, request.method)) {
    const bool of_server = request.method == "OPTIONS" && message.postfix == kAsterisk;
    if (!of_server) request.target = join_postfix(request.target, message.postfix, message.arena);
    else if (request.target.empty() || request.target == "/") request.target = kAsterisk;
    if (!is_target(request.target)) return Fault("the request path holds what no path may: blanks, control characters, #, not ASCII");
  }
  request.target = origin_form(request.target, message.arena);
  request.host = preserve_host && !message.incoming.host.empty() ? message.incoming.host : to.url.authority;
  const Value* host = message.axis2.find("REQUEST_HOST_HEADER");
  if (!host || host->is_null()) return {};
  request.host = text_of(*host, message);
  if (!Authority::parse(request.host)) return Fault("REQUEST_HOST_HEADER is no host");
  return {};
}

/// GW-110: what the endpoint says wins over what the client sent.
Result<void> SendingLeaf::apply_headers(Message& message) const {
  for (const HeaderRule& rule : headers) {
    if (rule.action == HeaderRule::Action::remove) {
      message.headers.remove(rule.name);
      continue;
    }
    const auto value = rule.value->text(message);
    if (!value) return value.fault();
    if (!*value) continue;
    Result<void> set = set_header(message, rule.name, **value, rule.action == HeaderRule::Action::add);
    if (!set) return set;
  }
  return {};
}

std::unique_ptr<Work> SendingLeaf::before(Message& message) const {
  return credentials ? credentials->before(message) : nullptr;
}

bool SendingLeaf::credentials_refused(Delivery& delivery, Message& message, const BackendResponse& answer) const {
  if (answer.status() != 401 || !credentials || delivery.renewed == this) return false;
  if (!credentials->refused(message, delivery.credential, answer)) return false;
  delivery.renewed = this;
  return true;
}

Result<void> SendingLeaf::authenticate(std::string_view presented, Message& message, OutgoingRequest& request) const {
  Result<void> done = credentials->apply(presented, message, request);
  if (!done || is_clean(request.credential)) return done;
  return Fault(code::kAuthentication, "the credentials of the endpoint hold control characters");  // REL-080
}

Result<void> SendingLeaf::prepare(Message& message, OutgoingRequest& request) const {
  std::string_view presented;
  if (credentials) {
    auto present = credentials->present(message);
    if (!present) return std::move(present).fault();
    presented = *present;
  }
  Result<void> done = apply_properties(message);  // EP-056
  if (!done) return done;
  auto to = destination(message);
  if (!to) return std::move(to).fault();
  if (to->from_request && !allow_link_local_ && is_link_local(to->url.host))
    return Fault("link-local address '" + std::string(to->url.host) + "' in request data is refused");
  request.guarded = to->from_request && !allow_link_local_;
  done = address(message, *to, request);
  if (!done) return done;
  done = apply_headers(message);
  if (!done) return done;
  reach(request);
  request.timeout = definition.timeout_for(message);
  request.timeout_is_endpoints = request.timeout.count() > 0;

  FormatOptions options = options_;
  options.destination = to->text;
  const bool dropped = drops_body(message, request.method);
  auto body = body_of(message, options, dropped);
  if (!body) return std::move(body).fault();
  request.target = append_query(request.target, body->query, message.arena);
  request.url.target = request.target;
  request.headers = &message.headers;
  request.received_version = message.incoming.version;
  request.accepts_trailers = message.incoming.accepts_trailers;
  fill_body(message, *body, dropped, request);
  fill_switches(message, request);
  request.close |= !keep_alive;
  return credentials ? authenticate(presented, message, request) : Result<void>();
}

}  // namespace myelin::endpoints
