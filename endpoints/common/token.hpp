#pragma once
// Access tokens of the whole process: each is fetched once, by one request, however many messages of however
// many shards wait for it. Thread safe; a lock is held for a few instructions only, never while fetching.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "endpoints/common/token_request.hpp"
#include "engine/base/fault.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

class Token : public std::enable_shared_from_this<Token> {
 public:
  /// `longest`: a token is used no longer, whatever it says itself.
  explicit Token(Duration longest) : longest_(longest) {}

  bool is_fresh(TimePoint now) const;
  /// The token as it was fetched last; empty: never.
  std::string text() const;
  /// A backend refused `text`: it is not used again, unless it was replaced meanwhile.
  void refuse(std::string_view text);

  /// One message that waits for a fetch. Guarded by the token while it waits.
  struct Waiter {
    std::function<void()> woken;  ///< called once, on any thread, when `done` was set
    bool done = false;
    std::optional<Fault> fault;
  };
  /// Waits with others for the fetch under way, or begins one with `request`. False: it is done already, as
  /// the token is fresh meanwhile, or too many fetches are waiting.
  bool join(const std::shared_ptr<Waiter>& waiter, TokenRequest request);
  /// True: it was done; woken is not called any more in any case.
  bool leave(const std::shared_ptr<Waiter>& waiter);

 private:
  bool is_fresh_locked(TimePoint now) const noexcept { return !text_.empty() && now < until_; }
  void fetched(const TokenRequest& request, bool rotated);

  const Duration longest_;
  mutable std::mutex mutex_;
  std::string text_;
  TimePoint until_{};
  std::string refresh_token_;  ///< that came with the last token and replaces the configured one
  bool fetching_ = false;
  std::vector<std::shared_ptr<Waiter>> waiting_;
};

class TokenCache final : public State {
 public:
  std::shared_ptr<Token> find(const std::string& key, Duration longest);

 private:
  void make_room();
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Token>, std::less<>> tokens_;
};

}  // namespace myelin::endpoints
