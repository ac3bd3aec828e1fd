#pragma once
// The flows of one message's recipients, which share its client: the first to answer does so, what
// nobody answers is answered by the flow they came from. All on one shard; freed with the last of them.

#include <algorithm>

#include "engine/base/log.hpp"
#include "engine/ports/client.hpp"

namespace myelin {

class Branches final : public Client {
 public:
  Branches(Client& client, std::size_t count) : client_(&client), left_(count) {
    if (count == 0) over_.set();
  }

  Task<bool> reply(const Reply& reply) override {
    if (answered()) {
      log::warn("flow", "a second answer to one request was suppressed");
      co_return true;
    }
    taken_ = true;
    const bool sent = co_await client_->reply(reply);
    over_.set();
    co_return sent;
  }
  bool answered() const noexcept override { return taken_ || !client_ || client_->answered(); }

  /// A branch has nothing to say: the client gets the greatest of such statuses.
  void end_without_answer(int status) noexcept { fallback_ = std::max(fallback_, status); }
  int fallback() const noexcept { return fallback_ > 0 ? fallback_ : 202; }
  void one_less() {
    if (--left_ == 0 && !taken_) over_.set();
  }
  /// Awaited by the flow that branched: somebody has answered, or all have ended.
  Signal& over() noexcept { return over_; }
  /// That flow goes away; the client with it.
  void leave() noexcept { client_ = nullptr; }

 private:
  Client* client_;
  std::size_t left_;
  bool taken_ = false;
  int fallback_ = 0;
  Signal over_;
};

}  // namespace myelin
