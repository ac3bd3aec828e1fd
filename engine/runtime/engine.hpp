#pragma once
// The exchange driver of one shard: takes each request through its service's flows, carries out what
// the flow asks for (read the body, send, call, reply), and answers the client exactly once. One
// coroutine per exchange; mediators and endpoints never wait themselves (ARCHITECTURE.md, "Life of
// a message"). Used only on its shard.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/ports/client.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/sender.hpp"
#include "engine/ports/state.hpp"
#include "engine/runtime/branches.hpp"
#include "engine/runtime/deployment.hpp"
#include "engine/runtime/identifier.hpp"
#include "engine/runtime/retry_budget.hpp"

namespace myelin {

/// Written by the shard, read by anybody.
struct EngineCounters {
  std::atomic<std::uint64_t> faults{0}, resent{0}, over_budget{0}, refused_flows{0};
};

class Engine final : public Pipeline {
 public:
  Engine(Sender& sender, std::shared_ptr<const Deployment> deployment);
  ~Engine() override;

  /// New requests begin on `deployment`; those under way end on theirs.
  void deploy(std::shared_ptr<const Deployment> deployment);
  Task<void> serve(Message& message, Client& client) override;

  /// Cuts off the flows that no client waits for. They use the sender, so it is still there.
  void forget_flows() noexcept;
  /// Gives back what is kept for later exchanges.
  void forget_spare() noexcept { spare_.clear(); }

  const EngineCounters& counters() const noexcept { return counters_; }

 private:
  friend class Exchange;

  void read_settings();

  /// Per-exchange memory that is kept between exchanges.
  struct Scratch {
    Delivery delivery;
    Pending pending;
    std::string replay;
    std::unique_ptr<Message> probe;  ///< an answer that is judged before it is taken
  };
  std::unique_ptr<Scratch> take_scratch();
  void give_back(std::unique_ptr<Scratch> scratch);
  /// Runs a clone beside its parent; whatever it answers goes to `branches`, or nowhere.
  void spawn(std::unique_ptr<Message> message, Pending pending, std::shared_ptr<const Deployment> deployment,
             std::shared_ptr<Branches> branches = nullptr);
  /// 503 when as many flows are under way as may be without a client that waits for them (REL-008).
  Result<void> room_for_flow();
  Task<void> run_spawned(std::unique_ptr<Message> message, Pending pending,
                         std::shared_ptr<const Deployment> deployment, std::shared_ptr<Branches> branches);

  Sender& sender_;
  std::shared_ptr<const Deployment> deployment_;
  std::unique_ptr<Endpoint> implicit_;  ///< `<default/>`: the message's own To
  std::unique_ptr<StateStore> implicit_states_;
  std::vector<std::unique_ptr<Scratch>> spare_;
  EngineCounters counters_;
  Identifier identifier_;
  std::size_t body_limit_ = 0;   ///< REL-017, from the deployment's settings
  bool retry_unsafe_ = true;     ///< REL-120
  RetryBudget budget_;           ///< REL-122
  struct Flow;
  Flow* first_flow_ = nullptr;
  std::size_t flows_ = 0, most_flows_ = 0;  ///< that no client waits for
};

}  // namespace myelin
