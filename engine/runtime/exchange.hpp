#pragma once
// One exchange: the request's flow, what it asked for, the backend's answer, the response's flow, the
// reply. See engine.hpp.

#include <memory>
#include <optional>
#include <string>

#include "engine/flow/mediator.hpp"
#include "engine/message/formats.hpp"
#include "engine/runtime/dispatch.hpp"
#include "engine/runtime/engine.hpp"
#include "engine/runtime/proxy_documents.hpp"
#include "engine/runtime/replay.hpp"

namespace myelin {

class Exchange {
 public:
  Exchange(Engine& engine, Message& message, Client& client, std::shared_ptr<const Deployment> deployment);
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
  Task<Result<BackendResponse*>> attempt(const Leaf& leaf);
  Result<const Leaf*> next_leaf(Fault& fault);
  Task<Result<void>> load_for(Need need);
  void keep_for_replay();
  bool restore_body();
  bool may_repeat() const noexcept;
  void adopt(BackendResponse& response, bool call);
  void set_error_properties(const Fault& fault);
  void release_backend();

  // --- answering --------------------------------------------------------------------------------
  Task<Flow> reply();
  Task<void> answer(int status, std::string_view allow = {});
  Task<void> answer_document(const Document& document);
  Task<void> finish_without_answer(bool faulted);
  int status_of(const Fault& fault) const noexcept;
  int reply_status(bool has_fault_body) const;
  void drop_received_request_headers();

  Engine& engine_;
  Message& message_;
  Client& client_;
  std::shared_ptr<const Deployment> deployment_;
  const Service* service_ = nullptr;
  std::unique_ptr<Engine::Scratch> scratch_;
  BackendResponse* backend_ = nullptr;
  std::optional<ReplayBody> replay_;         ///< the request body, when a group may send it again
  std::string_view received_;                ///< the bytes of the request head, for respond
  std::optional<Fault> last_fault_;          ///< the fault whose handler ran last
  bool call_ = false;                        ///< the delivery under way is a call
  bool abandoned_ = false;                   ///< timed out with discard or never: no handler runs
};

}  // namespace myelin
