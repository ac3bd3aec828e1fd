// <authentication>: basicAuth, digest, apiKey, or oauth (oauth.cpp).

#include <openssl/rand.h>

#include <array>
#include <atomic>
#include <mutex>

#include "endpoints/common/credentials.hpp"
#include "endpoints/common/digest.hpp"
#include "endpoints/common/oauth.hpp"
#include "endpoints/common/text_rule.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;
using xml::tag;

constexpr std::string_view kAuthorization = "Authorization";

// --- basicAuth --------------------------------------------------------------------------------------

/// User name and password.
struct Pair {
  std::unique_ptr<TextRule> user, password;
  explicit operator bool() const noexcept { return user && password; }
  bool is_constant() const noexcept { return user->is_constant() && password->is_constant(); }
  Need need() const noexcept { return user->need() | password->need(); }
  Result<std::pair<std::string, std::string>> of(Message& message) const {
    auto name = user->of(message);
    if (!name) return std::move(name).fault();
    auto secret = password->of(message);
    if (!secret) return std::move(secret).fault();
    return std::pair(*std::move(name), *std::move(secret));
  }
};

class Basic final : public Credentials {
 public:
  explicit Basic(Pair pair) : pair_(std::move(pair)) {
    if (!pair_.is_constant()) return;
    Message nobody;
    if (auto text = encoded(nobody)) fixed_ = *std::move(text);
  }
  Need need() const noexcept override { return pair_.need(); }
  Result<std::string_view> present(Message& message) const override {
    if (!fixed_.empty()) return std::string_view(fixed_);
    const auto text = encoded(message);
    if (!text) return text.fault();
    return message.copy(*text);
  }
  Result<void> apply(std::string_view presented, Message&, OutgoingRequest& request) const override {
    request.credential_name = kAuthorization;
    request.credential = presented;
    return {};
  }

 private:
  Result<std::string> encoded(Message& message) const {
    const auto pair = pair_.of(message);
    if (!pair) return pair.fault();
    return "Basic " + text::base64_encode(pair->first + ':' + pair->second);
  }
  Pair pair_;
  std::string fixed_;
};

// --- digest -----------------------------------------------------------------------------------------

/// Without a challenge the request goes out bare; the challenge it earns answers for this request and the
/// next ones, until the server wants a fresh one.
class Digest final : public Credentials {
 public:
  explicit Digest(Pair pair) : pair_(std::move(pair)) {}
  Need need() const noexcept override { return pair_.need(); }
  bool renews() const noexcept override { return true; }

  Result<void> apply(std::string_view, Message& message, OutgoingRequest& request) const override {
    request.credential_name = kAuthorization;
    const auto session = current();
    if (!session) return {};
    const auto pair = pair_.of(message);
    if (!pair) return pair.fault();
    const std::string nonce = client_nonce();
    digest::Answer answer;
    answer.user = pair->first;
    answer.password = pair->second;
    answer.method = request.method;
    answer.uri = request.target;
    answer.count = session->used.fetch_add(1, std::memory_order_relaxed) + 1;
    answer.client_nonce = nonce;
    request.credential = message.copy(digest::answer(session->challenge, answer));
    return {};
  }

  bool refused(Message&, std::string_view sent, const BackendResponse& answer) const override {
    std::optional<digest::Challenge> best;
    for (const Header& field : answer.headers()) {
      if (!text::iequals(field.name, "WWW-Authenticate")) continue;
      auto challenge = digest::parse(field.value);
      if (challenge && (!best || challenge->hash > best->hash)) best = std::move(challenge);
    }
    if (!best) return false;
    // The same nonce again means that user or password are wrong.
    const bool same = sent.find("nonce=\"" + best->nonce + '"') != std::string_view::npos;
    if (same && !best->stale) return false;
    const std::lock_guard lock(mutex_);
    session_ = std::make_shared<Session>(*std::move(best));
    return true;
  }

 private:
  struct Session {
    explicit Session(digest::Challenge told) : challenge(std::move(told)) {}
    digest::Challenge challenge;
    std::atomic<std::uint32_t> used{0};
  };
  std::shared_ptr<Session> current() const {
    const std::lock_guard lock(mutex_);
    return session_;
  }
  static std::string client_nonce() {
    std::array<unsigned char, 12> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return text::base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  Pair pair_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<Session> session_;
};

// --- apiKey -----------------------------------------------------------------------------------------

enum class Place : std::uint8_t { header, query };

class ApiKey final : public Credentials {
 public:
  ApiKey(Place place, std::string name, std::unique_ptr<TextRule> value)
      : place_(place), name_(std::move(name)), value_(std::move(value)) {}
  Need need() const noexcept override { return value_->need(); }
  Result<std::string_view> present(Message& message) const override {
    const auto text = value_->of(message);
    if (!text) return text.fault();
    return message.copy(place_ == Place::header ? *text : text::percent_encode(*text));
  }
  Result<void> apply(std::string_view presented, Message& message, OutgoingRequest& request) const override {
    if (place_ == Place::header) {
      request.credential_name = name_;
      request.credential = presented;
      return {};
    }
    const std::string name = text::percent_encode(name_);
    const bool more = request.target.find('?') != std::string_view::npos;
    request.target = message.arena.join(request.target, more ? "&" : "?", name, "=", presented);
    request.url.target = request.target;
    return {};
  }

 private:
  Place place_;
  std::string name_;
  std::unique_ptr<TextRule> value_;
};

// --- reading ----------------------------------------------------------------------------------------

Pair read_pair(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  Pair pair;
  pair.user = read_text_rule(bind.child("username"), build);
  pair.password = read_text_rule(bind.child("password"), build);
  bind.finish();
  if (!pair) bind.error(tag(element.name) + " is incomplete", "<username> and <password> are needed");
  return pair;
}

bool is_header_name(std::string_view name) noexcept {
  for (const char c : name)
    if (c <= 0x20 || c >= 0x7f || std::string_view("()<>@,;:\\\"/[]?={}").find(c) != std::string_view::npos) return false;
  return !name.empty();
}

/// `<apiKey in="header|query" name="X-Key">value or {expression}</apiKey>`
std::shared_ptr<const Credentials> read_api_key(const Element& element, Build& build) {
  constexpr std::pair<std::string_view, Place> kPlaces[] = {{"header", Place::header}, {"query", Place::query}};
  Bind bind(element, build.problems);
  const Place place = bind.choice<Place>("in", kPlaces, Place::header);
  std::string name = bind.required("name");
  auto value = read_text_rule(&element, build);
  bind.finish();
  if (!value) bind.error("<apiKey> without a key", "its text is the key, or {expression}");
  const bool named = place == Place::query || is_header_name(name);
  if (!name.empty() && !named) bind.error("name of <apiKey> is " + xml::quote(name), "the name of a header field is needed");
  if (!value || name.empty() || !named) return nullptr;
  return std::make_shared<ApiKey>(place, std::move(name), std::move(value));
}

}  // namespace

std::shared_ptr<const Credentials> read_authentication(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  const Element* oauth = bind.child("oauth");
  const Element* basic = bind.child("basicAuth");
  const Element* digest = bind.child("digest");
  const Element* key = bind.child("apiKey");
  bind.finish();
  const int kinds = (oauth || basic ? 1 : 0) + (digest ? 1 : 0) + (key ? 1 : 0);
  if (kinds != 1) {
    bind.error(kinds == 0 ? "<authentication> without credentials" : "<authentication> of several kinds",
               "one of basicAuth, oauth, digest or apiKey is needed");
    return nullptr;
  }
  if (oauth && basic) bind.warning(basic->where, "<basicAuth> is ignored", "<oauth> beside it is used");
  if (oauth) return read_oauth(*oauth, build);
  if (key) return read_api_key(*key, build);
  Pair pair = read_pair(basic ? *basic : *digest, build);
  if (!pair) return nullptr;
  if (basic) return std::make_shared<Basic>(std::move(pair));
  return std::make_shared<Digest>(std::move(pair));
}

}  // namespace myelin::endpoints
