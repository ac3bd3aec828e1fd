#pragma once
// One exchange: the request's flow, what it asked for, the backend's answer, the response's flow, the
// reply. See engine.hpp.

#include <memory>
#include <optional>
#include <string>

#include "engine/flow/mediator.hpp"
#include "engine/message/formats.hpp"
#include "engine/runtime/branches.hpp"
#include "engine/runtime/dispatch.hpp"
#include "engine/runtime/engine.hpp"
#include "engine/runtime/proxy_documents.hpp"
#include "engine/runtime/replay.hpp"

namespace myelin {

class Exchange {
 public:
  /// `family`: this is one of several recipients' flows; null otherwise.
  Exchange(Engine& engine, Message& message, Client& client, std::shared_ptr<const Deployment> deployment,
           std::shared_ptr<Branches> family = nullptr);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// A request from the start.
  Task<void> run();
  /// A clone that goes on with what its parent asked for.
  Task<void> continue_with(Pending pending);

 private:
  // --- flow -----------------------------------------------------------------------------------
  Task<void> drive(Flow flow);
  Flow enter(const Service& service);
  Flow run_request_flow();
  Flow run_response_flow(const std::string& receive);
  Flow resume();
  void absorb_frames();
  Pending& take_pending();
  Task<Flow> wait();
  Flow fail_with(Fault fault);
  /// Runs the innermost fault handler; nullopt when none is left.
  std::optional<Flow> handle_fault();

  // --- delivery ---------------------------------------------------------------------------------
  Task<Flow> send(Pending& pending);
  Task<Flow> send_out_only(Pending& pending);
  Task<Result<void>> deliver(const Endpoint& root);
  void tell_watchers(bool answered) const;
  bool blame(const Leaf& leaf, const Fault& fault);
  Task<Choice> after_failure(const Leaf& leaf, Fault fault);
  Task<Choice> repeat(const Leaf& leaf, const Fault& fault);
  Choice repeated_choice(const Leaf& leaf, const Fault& fault);
  Choice next_leaf(Fault fault);
  void begin_again(const Fault& fault);
  void end_retry() noexcept;
  Task<Result<BackendResponse*>> attempt(const Leaf& leaf);
  Task<Result<BackendResponse*>> send_following(const Leaf& leaf, OutgoingRequest& request);
  bool limit_time(const Leaf& leaf, OutgoingRequest& request) const;
  Task<Result<void>> enter(const Leaf& leaf, const OutgoingRequest& request);
  void leave_leaf() noexcept;
  Task<Result<void>> judge(const Leaf& leaf, BackendResponse& response);
  Message& probe_for(BackendResponse& response);
  Task<Result<void>> load_for(Need need);
  void keep_for_replay(const Leaf& leaf);
  bool restore_body();
  bool may_repeat(const Fault& fault) noexcept;
  void adopt(BackendResponse& response, bool call);
  void set_error_properties(const Fault& fault);
  void release_backend();
  Task<Flow> branch_out(Pending& pending);
  void start_branch(const Branch& branch, const Pending& pending);
  std::unique_ptr<Message> copy_for_branch();

  // --- answering --------------------------------------------------------------------------------
  Task<Flow> reply();
  Task<void> answer(int status, std::string_view allow = {}, bool close = false);
  Task<void> answer_document(Document document);
  Task<void> finish_without_answer(bool faulted);
  int status_of(const Fault& fault) const noexcept;
  int reply_status(bool has_fault_body) const;
  void drop_received_request_headers();
  void share_across_origins();
  bool client_has(const Reply& reply) const noexcept;

  Engine& engine_;
  Message& message_;
  Client& client_;
  std::shared_ptr<const Deployment> deployment_;
  const Service* service_ = nullptr;
  std::unique_ptr<Engine::Scratch> scratch_;
  std::string_view if_none_match_, origin_;  ///< of the client, for the answer's fields
  BackendResponse* backend_ = nullptr;
  const Leaf* busy_ = nullptr;               ///< counts this exchange as in flight; kept by the delivery
  std::shared_ptr<const void> busy_pin_, root_pin_;  ///< keep leaf and root that may be replaced
  std::shared_ptr<Limiter> retrying_;        ///< whose place for a repeated attempt is taken
  bool resending_ = false;                   ///< counted in the budget of re-sends
  bool judged_ = false;                      ///< the answer's body was read by judge()
  std::vector<Branch> recipients_;           ///< the endpoint chosen sends to all of these
  bool fans_out_ = false;
  std::shared_ptr<Branches> branches_;       ///< of this exchange
  std::shared_ptr<Branches> family_;         ///< this exchange is one of them
  bool inherits_ = false;                    ///< its first delivery goes on where the family's began
  std::optional<ReplayBody> replay_;         ///< the request body, when a group may send it again
  std::optional<Fault> last_fault_;          ///< the fault whose handler ran last
  bool call_ = false;                        ///< the delivery under way is a call
  bool abandoned_ = false;                   ///< timed out with discard or never: no handler runs
};

}  // namespace myelin
