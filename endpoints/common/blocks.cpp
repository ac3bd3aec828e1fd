#include "endpoints/common/blocks.hpp"

#include <algorithm>

#include "endpoints/common/attributes.hpp"
#include "endpoints/common/health_check.hpp"
#include "endpoints/common/tls_block.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;

// --- answers that are failures ------------------------------------------------------------------

void read_fail_on(SendingLeaf& leaf, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  auto rules = std::make_unique<FailRules>();
  read_statuses(bind, "statusCodes", rules->statuses);
  if (const auto* expression = bind.attribute("expression")) rules->expression = build.expression(expression, element);
  if (!element.attribute("statusCodes") && !element.attribute("expression"))
    bind.error("<failOn> without a rule", "attribute 'statusCodes' or 'expression' is needed");
  bind.finish();
  leaf.fail_rules = std::move(rules);
}

// --- retry --------------------------------------------------------------------------------------------

constexpr std::pair<std::string_view, RetryRules::Next> kNext[] = {
    {"same", RetryRules::Next::same}, {"other", RetryRules::Next::other}, {"listed", RetryRules::Next::listed}};

void read_factor(Bind& bind, double& to) {
  const auto* attribute = bind.attribute("factor");
  if (!attribute) return;
  const auto value = text::parse_float(text::trim(attribute->value));
  if (value && *value >= 1.0F) to = static_cast<double>(*value);
  else bind.error(attribute->where, "factor of <retry> is " + xml::quote(attribute->value), "a number of at least 1 is needed");
}

void read_retry(SendingLeaf& leaf, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  auto rules = std::make_unique<RetryRules>();
  read_count(bind, "attempts", rules->attempts, 0, 100);
  read_statuses(bind, "statusCodes", rules->statuses);
  if (const auto* codes = bind.attribute("errorCodes")) {
    if (auto parsed = parse_codes(codes->value)) rules->codes = *std::move(parsed);
    else bind.error(codes->where, "errorCodes of <retry> is " + xml::quote(codes->value), "error codes are needed");
  }
  read_duration(bind, "perTryTimeout", rules->per_try, 1);
  read_duration(bind, "interval", rules->interval);
  read_duration(bind, "maxInterval", rules->max_interval);
  read_factor(bind, rules->factor);
  rules->jitter = bind.is_true("jitter");
  rules->next = bind.choice<RetryRules::Next>("next", kNext, RetryRules::Next::same);
  if (const auto methods = bind.text("methods"))
    for (const std::string_view method : text::split(*methods, ", ")) rules->methods.push_back(text::to_upper(method));
  bind.finish();
  leaf.retry_rules = std::move(rules);
}

// --- limits and connection ------------------------------------------------------------------------

void read_limits(SendingLeaf& leaf, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  std::uint32_t connections = 0, requests = 0;
  read_count(bind, "maxConnections", connections, 1);
  read_count(bind, "maxRequests", requests, 1);
  read_count(bind, "maxPending", leaf.limits.pending);
  read_count(bind, "maxRetries", leaf.limits.retries, 1);
  read_duration(bind, "queueTimeout", leaf.limits.patience, 1);
  // One connection carries one exchange at a time, so the lower of the two bounds both.
  for (const std::uint32_t bound : {connections, requests})
    if (bound > 0) leaf.limits.most = leaf.limits.most > 0 ? std::min(leaf.limits.most, bound) : bound;
  bind.finish();
}

/// What would change what goes over the wire, and does not.
void warn_unsupported(Bind& bind) {
  struct Option {
    std::string_view name, harmless;  ///< the value that asks for what is done anyhow
    std::string_view what_is_done;
  };
  constexpr Option kOptions[] = {
      {"pipelining", "false", "requests are not pipelined"},
      {"compression", "false", "client and back end agree on it"},
      {"clearTextUpgrade", "false", "HTTP/2 in clear text is spoken without asking"},
      {"maxChunkSize", "", "chunks of any size are passed on piece by piece"},
      {"http2ConnectionWindow", "-1", "each answer has its window"},
      {"http2StreamWindow", "65535", "65535 bytes of an answer are on their way at most"},
      {"http2MaxFrameSize", "16384", "frames of 16384 bytes are taken"}};
  for (const Option& option : kOptions) {
    const auto* attribute = bind.attribute(option.name);
    if (!attribute || text::iequals(text::trim(attribute->value), option.harmless)) continue;
    bind.warning(attribute->where, std::string(option.name) + "=" + xml::quote(attribute->value) + " of <connection> is not supported",
                 std::string(option.what_is_done));
  }
}

constexpr std::pair<std::string_view, bool> kHttp2[] = {{"1.1", false}, {"2", true}, {"2.0", true}};
constexpr std::pair<std::string_view, IpFamily> kFamilies[] = {
    {"any", IpFamily::any}, {"ipv4", IpFamily::ipv4}, {"ipv6", IpFamily::ipv6}};

void read_connection(SendingLeaf& leaf, const Element& element, Build& build, bool has_timeout) {
  Bind bind(element, build.problems);
  read_duration(bind, "connectTimeout", leaf.connect_timeout);
  Duration read_timeout{0};
  read_duration(bind, "readTimeout", read_timeout);
  if (!has_timeout && read_timeout.count() > 0) {
    leaf.definition.timeout = read_timeout.count();
    leaf.definition.action = Leaf::Action::fault;
  }
  leaf.preserve_host = bind.is_true("preserveHost");
  std::uint32_t connections = 0;
  read_count(bind, "maxConnections", connections, 1);
  if (connections > 0) leaf.limits.most = leaf.limits.most > 0 ? std::min(leaf.limits.most, connections) : connections;
  leaf.follows_redirects = bind.is_true("followRedirects");
  leaf.keep_alive = bind.is_true("keepAlive", true);
  for (const std::string_view name : {"idleTimeout", "keepAliveTimeout"}) {
    Duration time{0};
    read_duration(bind, name, time, 1);
    if (time.count() > 0) leaf.idle_limit = leaf.idle_limit.count() > 0 ? std::min(leaf.idle_limit, time) : time;
  }
  read_count(bind, "maxHeaderSize", leaf.head_limit, 1);
  leaf.http2 = bind.choice<bool>("version", kHttp2, false);
  read_count(bind, "http2MaxStreams", leaf.http2_streams, 1);
  leaf.ip_family = bind.choice<IpFamily>("ipFamily", kFamilies, IpFamily::any, Bind::Unknown::error, Bind::Case::any);
  read_duration(bind, "dnsRefresh", leaf.dns_refresh, 1);
  if (!bind.is_true("propagateAcceptEncoding", true)) leaf.headers.push_back({HeaderRule::Action::remove, "Accept-Encoding", nullptr});
  warn_unsupported(bind);
  bind.finish();
}

// --- forward proxy --------------------------------------------------------------------------------

constexpr std::pair<std::string_view, ForwardProxy::Type> kProxies[] = {{"http", ForwardProxy::Type::http},
                                                                        {"socks5", ForwardProxy::Type::socks5}};

/// What one byte has to count.
void check_login(const ForwardProxy& proxy, Bind& bind) {
  for (const std::string* text : {&proxy.username, &proxy.password})
    if (text->size() > 255) bind.error("a name or password for SOCKS5 has " + std::to_string(text->size()) + " bytes", "at most 255 are allowed");
  if (!proxy.username.empty() && proxy.password.empty())
    bind.error("<forwardProxy> of type socks5 has a username without a password", "SOCKS5 needs both or none");
}

void read_forward_proxy(SendingLeaf& leaf, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const auto resolved = [&](std::string_view name) {
    const auto* attribute = bind.attribute(name);
    return attribute ? resolve_environment(*attribute, build) : std::string();
  };
  ForwardProxy proxy;
  proxy.type = bind.choice<ForwardProxy::Type>("type", kProxies, ForwardProxy::Type::http, Bind::Unknown::error, Bind::Case::any);
  if (bind.is_true("system")) bind.error("<forwardProxy system=\"true\"> is not supported", "name host and port");
  bind.required("host");
  proxy.host = resolved("host");
  std::uint32_t port = 0;
  bind.required("port");
  read_count(bind, "port", port, 1, 65'535);
  proxy.port = static_cast<std::uint16_t>(port);
  proxy.username = resolved("username");
  proxy.password = resolved("password");
  if (!proxy.username.empty()) proxy.authorization = "Basic " + text::base64_encode(proxy.username + ':' + proxy.password);
  if (proxy.type == ForwardProxy::Type::socks5) check_login(proxy, bind);
  proxy.key = proxy.host + ':' + std::to_string(proxy.port) + ' ' + proxy.authorization + (proxy.type == ForwardProxy::Type::socks5 ? " socks5" : "");
  bind.finish();
  leaf.proxy = std::move(proxy);
}

// --- headers --------------------------------------------------------------------------------------------

constexpr std::pair<std::string_view, HeaderRule::Action> kActions[] = {{"set", HeaderRule::Action::set},
                                                                        {"add", HeaderRule::Action::add},
                                                                        {"remove", HeaderRule::Action::remove}};

std::optional<HeaderRule> read_header(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  HeaderRule rule;
  rule.name = bind.required("name");
  rule.action = bind.choice<HeaderRule::Action>("action", kActions, HeaderRule::Action::set);
  const auto* value = bind.attribute("value");
  const auto* expression = bind.attribute("expression");
  if (rule.action == HeaderRule::Action::remove) {
    bind.finish();
    return rule;
  }
  if (value) rule.value = expr::literal(value->value);
  else if (expression) rule.value = build.expression(expression, element);
  else bind.error("<header> without a value", "attribute 'value' or 'expression' is needed");
  bind.finish();
  if (!rule.value || rule.name.empty()) return std::nullopt;
  return rule;
}

void read_headers(SendingLeaf& leaf, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  for (const Element* child : bind.children("header"))
    if (auto rule = read_header(*child, build)) leaf.headers.push_back(*std::move(rule));
  bind.finish();
}

// --- all of them ------------------------------------------------------------------------------------------

const Element* block(Bind& bind, Build& build, std::string_view name) {
  const Element* own = bind.child(name);
  return own ? own : build.inherited(name);
}

}  // namespace

void read_shared_blocks(SendingLeaf& leaf, Bind& bind, Build& build) {
  const bool has_timeout = block(bind, build, "timeout") != nullptr;
  if (const Element* found = block(bind, build, "failOn")) read_fail_on(leaf, *found, build);
  if (const Element* found = block(bind, build, "retry")) read_retry(leaf, *found, build);
  if (const Element* found = block(bind, build, "limits")) read_limits(leaf, *found, build);
  if (const Element* found = block(bind, build, "connection")) read_connection(leaf, *found, build, has_timeout);
  if (const Element* found = block(bind, build, "headers")) read_headers(leaf, *found, build);
  if (const Element* found = block(bind, build, "authentication")) leaf.credentials = read_authentication(*found, build);
  if (const Element* found = block(bind, build, "tls")) leaf.tls = read_tls(*found, build);
  if (const Element* found = block(bind, build, "forwardProxy")) read_forward_proxy(leaf, *found, build);
  if (const Element* found = block(bind, build, "circuitBreaker")) {
    const bool own = bind.element().child("circuitBreaker") == found;
    BreakerRules rules = read_breaker(*found, build);
    if (own && rules.scope != BreakerRules::Scope::endpoint) {
      bind.warning(found->where, "scope of a leaf's <circuitBreaker> is ignored", "write it into the <shared> of a group");
      rules.scope = BreakerRules::Scope::endpoint;
    }
    if (rules.scope == BreakerRules::Scope::endpoint) leaf.breaker_rules = rules;
  }
  read_health_check(leaf, bind, build);
}

void read_leaf(SendingLeaf& leaf, Bind& bind, Build& build) {
  read_definition(leaf.definition, bind, build);
  read_shared_blocks(leaf, bind, build);
}

}  // namespace myelin::endpoints
