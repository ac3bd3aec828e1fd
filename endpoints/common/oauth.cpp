#include "endpoints/common/oauth.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "endpoints/common/text_rule.hpp"
#include "endpoints/common/token.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;
using xml::tag;
using Rule = std::unique_ptr<TextRule>;

enum class Grant : std::uint8_t { client, password, code };

/// Everything a token request is made of, before it is evaluated for a message.
struct Recipe {
  Grant grant = Grant::client;
  Rule url, id, secret, username, password, refresh;
  bool in_form = false;  ///< id and secret go into the form
  std::vector<std::pair<std::string, Rule>> parameters, headers;
  std::optional<TokenProxy> proxy;
  Duration connect_timeout{10'000}, timeout{30'000};
  std::string ca;

  /// Every text, in the order they are written.
  template <class Visit>
  void each(Visit visit) const {
    for (const Rule* rule : {&url, &id, &secret, &username, &password, &refresh})
      if (*rule) visit(**rule);
    for (const auto& [name, rule] : parameters) visit(*rule);
    for (const auto& [name, rule] : headers) visit(*rule);
  }
};

// --- the request ----------------------------------------------------------------------------------

/// Evaluates rules one after the other and remembers the first fault.
class Evaluation {
 public:
  explicit Evaluation(Message& message) : message_(message) {}
  std::string operator()(const Rule& rule) {
    if (!rule) return {};
    auto text = rule->of(message_);
    if (text) return *std::move(text);
    if (!fault) fault = std::move(text).fault();
    return {};
  }
  std::optional<Fault> fault;

 private:
  Message& message_;
};

Result<TokenRequest> make_request(const Recipe& recipe, Message& message) {
  constexpr std::array<std::string_view, 3> kGrants{"client_credentials", "password", "refresh_token"};
  Evaluation text(message);
  TokenRequest request;
  request.url = text(recipe.url);
  request.add("grant_type", kGrants[static_cast<std::size_t>(recipe.grant)]);
  const std::string id = text(recipe.id), secret = text(recipe.secret);
  if (recipe.grant == Grant::password) {
    request.add("username", text(recipe.username));
    request.add("password", text(recipe.password));
  }
  request.refresh_token = text(recipe.refresh);
  if (recipe.in_form) {
    request.add("client_id", id);
    request.add("client_secret", secret);
  } else {
    request.authorization = "Basic " + text::base64_encode(id + ':' + secret);
  }
  for (const auto& [name, rule] : recipe.parameters) request.add(name, text(rule));
  for (const auto& [name, rule] : recipe.headers) request.headers.emplace_back(name, text(rule));
  request.proxy = recipe.proxy;
  request.connect_timeout = recipe.connect_timeout;
  request.timeout = recipe.timeout;
  request.ca = recipe.ca;
  if (text.fault) return *std::move(text.fault);
  return request;
}

// --- waiting for a token --------------------------------------------------------------------------

class AwaitToken final : public Work {
 public:
  AwaitToken(std::shared_ptr<Token> token, TokenRequest request)
      : token_(std::move(token)), request_(std::move(request)), patience_(request_.timeout + Duration(60'000)) {}
  ~AwaitToken() override { token_->leave(waiter_); }

  Task<Result<void>> run(Message&, Sender& shard) override {
    auto signal = std::make_shared<Signal>();
    waiter_->woken = [&shard, signal] { shard.post([signal] { signal->set(); }); };
    if (token_->join(waiter_, std::move(request_))) co_await shard.wait(*signal, patience_);
    if (!token_->leave(waiter_)) co_return Fault(code::kAuthentication, "Error while generating the access token for the endpoint", 
                                         "no answer in time");
    if (waiter_->fault) co_return *waiter_->fault;
    co_return Result<void>();
  }

 private:
  std::shared_ptr<Token> token_;
  TokenRequest request_;
  Duration patience_;
  std::shared_ptr<Token::Waiter> waiter_ = std::make_shared<Token::Waiter>();
};

class OAuth final : public Credentials {
 public:
  OAuth(Recipe recipe, Build& build) : recipe_(std::move(recipe)), cache_(build.states.get<TokenCache>("oauth tokens")) {
    constexpr std::int64_t kSeconds = 3000;
    const auto longest = text::parse_long(build.settings.setting("synapse.endpoint.http.oauth.cache.timeout"));
    longest_ = Duration(std::clamp<std::int64_t>(longest.value_or(kSeconds), 0, 86'400 * 365) * 1000);
    renews_ = !text::is_true(build.settings.setting("synapse.endpoint.http.oauth.token.retry.message.building.disabled"));
    bool constant = true;
    recipe_.each([&](const TextRule& rule) {
      constant = constant && rule.is_constant();
      need_ = need_ | rule.need();
    });
    if (!constant) return;
    Message nobody;
    const auto request = make_request(recipe_, nobody);
    if (request) token_ = cache_->find(request->key(), longest_);
  }

  Need need() const noexcept override { return need_; }
  bool renews() const noexcept override { return renews_; }

  std::unique_ptr<Work> before(Message& message) const override {
    if (token_ && token_->is_fresh(Clock::now())) return nullptr;
    auto request = make_request(recipe_, message);
    if (!request) return nullptr;  // present() tells why
    std::shared_ptr<Token> token = token_ ? token_ : cache_->find(request->key(), longest_);
    if (token->is_fresh(Clock::now())) return nullptr;
    return std::make_unique<AwaitToken>(std::move(token), *std::move(request));
  }

  Result<std::string_view> present(Message& message) const override {
    auto token = token_for(message);
    if (!token) return std::move(token).fault();
    const std::string text = (*token)->text();
    if (text.empty()) return Fault(code::kAuthentication, "the endpoint has no access token");
    return message.arena.join("Bearer ", text);
  }

  Result<void> apply(std::string_view presented, Message&, OutgoingRequest& request) const override {
    request.credential_name = "Authorization";
    request.credential = presented;
    return {};
  }

  bool refused(Message& message, std::string_view sent, const BackendResponse&) const override {
    if (!renews_ || !sent.starts_with("Bearer ")) return false;
    const auto token = token_for(message);
    if (token) (*token)->refuse(sent.substr(7));
    return token.ok();
  }

 private:
  Result<std::shared_ptr<Token>> token_for(Message& message) const {
    if (token_) return token_;
    const auto request = make_request(recipe_, message);
    if (!request) return request.fault();
    return cache_->find(request->key(), longest_);
  }

  Recipe recipe_;
  std::shared_ptr<TokenCache> cache_;
  std::shared_ptr<Token> token_;  ///< when no text depends on the message
  Duration longest_{};
  bool renews_ = true;
  Need need_ = Need::nothing;
};

// --- reading ----------------------------------------------------------------------------------------

Rule required(Bind& bind, Build& build, std::string_view name) {
  const Element* child = bind.child(name);
  Rule rule = read_text_rule(child, build);
  if (!rule) bind.error(tag(bind.element().name) + " without " + tag(name), "it is needed for a token");
  return rule;
}

/// `<requestParameters><parameter name="a">b</parameter>`, `<customHeaders><header ...>`.
void read_pairs(Bind& bind, Build& build, std::string_view list, std::string_view item,
                std::vector<std::pair<std::string, Rule>>& to) {
  const Element* element = bind.child(list);
  if (!element) return;
  Bind inner(*element, build.problems);
  for (const Element* child : inner.children(item)) {
    Bind one(*child, build.problems);
    const std::string name(text::trim(one.required("name")));
    Rule rule = read_text_rule(child, build);
    if (!rule) one.error(tag(item) + " without a value");
    one.finish();
    if (rule && !name.empty()) to.emplace_back(name, std::move(rule));
  }
  inner.finish();
}

/// Milliseconds; anything else counts as not set, as it always has.
void read_time(Bind& bind, std::string_view name, std::optional<Duration>& to) {
  const auto text = bind.child_text(name);
  if (!text || text->empty()) return;
  const auto value = text::parse_int(*text);
  if (value && *value > 0) to = Duration(*value);
  else if (!value || *value != -1)
    bind.warning(tag(name) + " is " + xml::quote(*text) + ", the default is used", "milliseconds are needed");
}

std::optional<Duration> time_setting(const Build& build, std::string_view name) {
  const auto value = text::parse_long(build.settings.setting(name));
  return value && *value > 0 ? std::optional(Duration(*value)) : std::nullopt;
}

void read_times(Recipe& recipe, Bind& bind, Build& build) {
  std::optional<Duration> connect, lease, silence;
  read_time(bind, "connectionTimeout", connect);
  read_time(bind, "connectionRequestTimeout", lease);
  read_time(bind, "socketTimeout", silence);
  if (text::is_true(bind.child_text("useGlobalConnectionTimeoutConfigs").value_or(""))) {
    connect = time_setting(build, "http.connection.timeout");
    silence = time_setting(build, "http.socket.timeout");
  }
  if (connect) recipe.connect_timeout = *connect;
  // One request on a connection of its own: waiting for a connection and for the answer add up.
  if (silence) recipe.timeout = recipe.connect_timeout + *silence + lease.value_or(Duration(0));
}

std::optional<TokenProxy> global_proxy(const Build& build) {
  TokenProxy proxy;
  proxy.host = build.settings.setting("http.proxyHost");
  const auto port = text::parse_int(build.settings.setting("http.proxyPort"));
  if (proxy.host.empty() || !port || *port < 1 || *port > 65535) return std::nullopt;
  proxy.port = static_cast<std::uint16_t>(*port);
  proxy.protocol = "http";
  proxy.bypassed = build.settings.setting("http.nonProxyHosts");
  return proxy;
}

std::optional<TokenProxy> read_proxy(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const auto text = [&](std::string_view name) { return bind.child_text(name).value_or(""); };
  TokenProxy proxy;
  proxy.host = text("proxyHost");
  proxy.protocol = text::to_lower(text("proxyProtocol"));
  const auto port = text::parse_int(text("proxyPort"));
  proxy.username = text("proxyUsername");
  proxy.password = text("proxyPassword");
  proxy.bypassed = text("nonProxyHosts");
  proxy.only = text("targetProxyHosts");
  bind.finish();
  if (proxy.host.empty()) bind.error("<proxyConfigs> without <proxyHost>");
  if (!port || *port < 1 || *port > 65535) bind.error("<proxyConfigs> without a <proxyPort>", "a number from 1 to 65535 is needed");
  if (proxy.protocol != "http" && proxy.protocol != "https")
    bind.error("<proxyProtocol> is " + xml::quote(proxy.protocol), "allowed: http or https");
  if (port && *port > 0 && *port <= 65535) proxy.port = static_cast<std::uint16_t>(*port);
  return proxy;
}

Recipe read_recipe(Grant grant, const Element& element, Build& build) {
  Bind bind(element, build.problems);
  Recipe recipe;
  recipe.grant = grant;
  recipe.id = required(bind, build, "clientId");
  recipe.secret = required(bind, build, "clientSecret");
  recipe.url = required(bind, build, "tokenUrl");
  if (grant == Grant::password) {
    recipe.username = required(bind, build, "username");
    recipe.password = required(bind, build, "password");
  }
  if (grant == Grant::code) recipe.refresh = required(bind, build, "refreshToken");
  recipe.in_form = text::iequals(bind.child_text("authMode").value_or(""), "payload");
  read_pairs(bind, build, "requestParameters", "parameter", recipe.parameters);
  read_pairs(bind, build, "customHeaders", "header", recipe.headers);
  read_times(recipe, bind, build);
  const Element* proxy = bind.child("proxyConfigs");
  if (text::is_true(bind.child_text("useGlobalProxyConfigs").value_or(""))) recipe.proxy = global_proxy(build);
  else if (proxy) recipe.proxy = read_proxy(*proxy, build);
  if (const auto ca = build.settings.setting("backend.ca"); !ca.empty())
    recipe.ca = (build.base / std::filesystem::path(ca)).string();
  bind.finish();
  return recipe;
}

constexpr std::pair<std::string_view, Grant> kGrants[] = {{"clientCredentials", Grant::client},
                                                          {"passwordCredentials", Grant::password},
                                                          {"authorizationCode", Grant::code}};

}  // namespace

std::shared_ptr<const Credentials> read_oauth(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const Element* chosen = nullptr;
  Grant grant = Grant::client;
  int grants = 0;
  for (const auto& [name, each] : kGrants) {
    const Element* child = bind.child(name);
    if (!child) continue;
    chosen = child;
    grant = each;
    ++grants;
  }
  bind.finish();
  if (grants != 1) {
    bind.error(grants == 0 ? "<oauth> without a grant" : "<oauth> with " + std::to_string(grants) + " grants",
               "exactly one of clientCredentials, passwordCredentials or authorizationCode is needed");
    return nullptr;
  }
  const std::size_t errors = build.problems.error_count();
  Recipe recipe = read_recipe(grant, *chosen, build);
  if (build.problems.error_count() > errors) return nullptr;
  return std::make_shared<OAuth>(std::move(recipe), build);
}

}  // namespace myelin::endpoints
