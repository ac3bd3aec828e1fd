#include "endpoints/common/token.hpp"

#include <algorithm>

#include "engine/base/log.hpp"
#include "engine/base/workers.hpp"
#include "engine/ports/sender.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::size_t kTokens = 10'000;
constexpr Duration kSkew{10'000};

/// A token is renewed a little before it expires: 10 s, but no more than a tenth of its life.
Duration usable(std::optional<std::int64_t> seconds, Duration longest) {
  if (!seconds || *seconds >= longest.count() / 1000 + 10) return longest;
  const Duration told(std::max<std::int64_t>(*seconds, 0) * 1000);
  return std::min(longest, told - std::min(kSkew, told / 10));
}

}  // namespace

bool Token::is_fresh(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return is_fresh_locked(now);
}

std::string Token::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

void Token::refuse(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (text_ == text) until_ = TimePoint{};
}

bool Token::join(const std::shared_ptr<Waiter>& waiter, TokenRequest request) {
  const std::lock_guard lock(mutex_);
  if (is_fresh_locked(Clock::now())) {
    waiter->done = true;
    return false;
  }
  if (!fetching_) {
    const bool rotated = !refresh_token_.empty();
    if (rotated) request.refresh_token = refresh_token_;
    // std::function has to be copyable.
    const auto shared = std::make_shared<const TokenRequest>(std::move(request));
    fetching_ = Workers::shared().run(
        [self = shared_from_this(), shared, rotated] { self->fetched(*shared, rotated); });
  }
  if (fetching_) {
    waiting_.push_back(waiter);
    return true;
  }
  waiter->done = true;
  waiter->fault = Fault(code::kAuthentication, "Error while generating the access token for the endpoint",
                        "too many token requests are waiting");
  return false;
}

bool Token::leave(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  std::erase(waiting_, waiter);
  return waiter->done;
}

/// On a worker.
void Token::fetched(const TokenRequest& request, bool rotated) {
  Result<TokenAnswer> answer = request_token(request);
  const std::lock_guard lock(mutex_);
  fetching_ = false;
  std::optional<Fault> fault;
  if (answer) {
    text_ = std::move(answer->token);
    until_ = Clock::now() + usable(answer->lifetime, longest_);
    if (!request.refresh_token.empty() && !answer->refresh_token.empty()) refresh_token_ = std::move(answer->refresh_token);
  } else {
    fault = std::move(answer).fault();
    const auto url = Url::parse(request.url);
    log::warn("endpoint", "no access token from " + (url ? std::string(url->authority) : "a broken tokenUrl") + ": " + fault->detail);
    if (rotated) refresh_token_.clear();  // the next one tries the configured one
  }
  for (const auto& waiter : waiting_) {
    waiter->done = true;
    waiter->fault = fault;
    waiter->woken();
  }
  waiting_.clear();
}

std::shared_ptr<Token> TokenCache::find(const std::string& key, Duration longest) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(key);
  if (found != tokens_.end()) return found->second;
  if (tokens_.size() >= kTokens) make_room();
  return tokens_.emplace(key, std::make_shared<Token>(longest)).first->second;
}

/// Forgets what is not fresh, then anything nobody uses now.
void TokenCache::make_room() {
  const TimePoint now = Clock::now();
  std::erase_if(tokens_, [now](const auto& entry) { return entry.second.use_count() == 1 && !entry.second->is_fresh(now); });
  if (tokens_.size() < kTokens) return;
  std::erase_if(tokens_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

}  // namespace myelin::endpoints
