#pragma once
// The flows of one message's recipients, which share its client: the first to answer does so, what
// nobody answers is answered by the flow they came from. All on one shard; freed with the last of them.

#include <algorithm>
#include <cstddef>
#include <string>

#include "engine/base/log.hpp"
#include "engine/ports/client.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin {

class Branches final : public Client {
 public:
  /// `above`: the way to the endpoint that branched; each flow goes on from there, so that the groups
  /// on it are asked when its recipient fails.
  Branches(Client& client, std::size_t count, const Delivery& above) : client_(&client), left_(count), above_(above) {
    above_.leaf = nullptr;
    above_.leaf_depth = kNoDepth;
    if (count == 0) over_.set();
  }

  Task<bool> reply(const Reply& reply) override {
    if (answered()) co_return true;
    taken_ = true;
    endpoint_ = reply.endpoint;
    backend_ = reply.backend;
    const bool sent = co_await client_->reply(reply);
    over_.set();
    co_return sent;
  }
  bool answered() const noexcept override { return taken_ || !client_ || client_->answered(); }

  /// Whose answer the client was given; empty: nobody's.
  const std::string& endpoint() const noexcept { return endpoint_; }
  const std::string& backend() const noexcept { return backend_; }

  const Delivery& above() const noexcept { return above_; }
  /// A branch has nothing to say: the client gets the greatest of such statuses.
  void end_without_answer(int status) noexcept { fallback_ = std::max(fallback_, status); }
  int fallback() const noexcept { return fallback_ > 0 ? fallback_ : 202; }
  /// A branch has ended; the waiting flow may go on inside.
  void one_less() {
    if (--left_ == 0) over_.set();
  }
  /// Awaited by the flow that branched: somebody has answered, or all have ended.
  Signal& over() noexcept { return over_; }
  /// That flow goes away; the client with it.
  void leave() noexcept { client_ = nullptr; }

 private:
  static constexpr std::size_t kNoDepth = static_cast<std::size_t>(-1);  ///< no group chose the leaf of a branch

  Client* client_;
  std::size_t left_;
  Delivery above_;
  bool taken_ = false;
  std::string endpoint_, backend_;
  int fallback_ = 0;
  Signal over_;
};

}  // namespace myelin
