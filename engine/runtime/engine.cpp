#include "engine/runtime/engine.hpp"

#include <coroutine>
#include <exception>
#include <new>

#include "engine/base/log.hpp"
#include "engine/flow/build.hpp"
#include "engine/runtime/exchange.hpp"
#include "engine/xml/reader.hpp"

namespace myelin {

namespace {

/// Never suspended, as it stands for any address: 303001 is no fault of sending.
constexpr std::string_view kImplicit =
    "<endpoint xmlns=\"http://ws.apache.org/ns/synapse\"><default>"
    "<markForSuspension><errorCodes>303001</errorCodes></markForSuspension>"
    "<suspendOnFailure><errorCodes>303001</errorCodes></suspendOnFailure></default></endpoint>";

/// The endpoint of a send without one: the message's To.
std::unique_ptr<Endpoint> build_implicit(StateStore& states, const Artifacts& settings) {
  xml::Problems problems;
  const auto document = xml::read(kImplicit, "implicit", problems);
  Build build(problems, states, settings, {}, "implicit");
  auto endpoint = build.endpoint(*document->root);
  Linker linker(settings, problems);
  linker.states = &states;
  endpoint->link(linker);
  return endpoint;
}

/// The client of a spawned flow: nobody. The first answer went to, or will come from, its parent.
class NoClient final : public Client {
 public:
  Task<bool> reply(const Reply&) override {
    log::warn("flow", "a second answer to one request was suppressed");
    co_return true;
  }
  bool answered() const noexcept override { return true; }
};

/// Counts a flow that no client waits for.
class FlowCount {
 public:
  FlowCount(Sender& sender, std::size_t& count) : sender_(sender), count_(count) {
    ++count_;
    sender_.flow_began();
  }
  ~FlowCount() {
    --count_;
    sender_.flow_ended();
  }
  FlowCount(const FlowCount&) = delete;

 private:
  Sender& sender_;
  std::size_t& count_;
};

}  // namespace

Engine::Engine(Sender& sender, std::shared_ptr<const Deployment> deployment)
    : sender_(sender),
      deployment_(std::move(deployment)),
      implicit_states_(std::make_unique<StateStore>()) {
  implicit_ = build_implicit(*implicit_states_, *deployment_);
  read_settings();
}

Engine::~Engine() = default;

void Engine::deploy(std::shared_ptr<const Deployment> deployment) {
  deployment_ = std::move(deployment);
  read_settings();
}

void Engine::read_settings() {
  const Settings& settings = deployment_->settings;
  body_limit_ = static_cast<std::size_t>(settings.number("valid.max.message.size.in.bytes", std::int64_t{64} << 20));
  most_flows_ = static_cast<std::size_t>(settings.number("flow.limit.unattended", 10'000));
  retry_unsafe_ = settings.flag("retry_unsafe", true);
  budget_.percent = static_cast<std::uint64_t>(settings.number("retry.budget.percent", 20));
  budget_.least = static_cast<std::uint64_t>(settings.number("retry.budget.least", 3));
  identifier_.read(settings);
}

Task<void> Engine::serve(Message& message, Client& client) {
  Exchange exchange(*this, message, client, deployment_);
  co_await exchange.run();
}

std::unique_ptr<Engine::Scratch> Engine::take_scratch() {
  if (spare_.empty()) return std::make_unique<Scratch>();
  auto scratch = std::move(spare_.back());
  spare_.pop_back();
  return scratch;
}

void Engine::give_back(std::unique_ptr<Scratch> scratch) {
  constexpr std::size_t kKept = 64 * 1024;
  constexpr std::size_t kSpare = 1024;
  if (scratch->replay.capacity() > kKept) std::string().swap(scratch->replay);  // assigning would keep it
  scratch->delivery.unpin();
  if (spare_.size() < kSpare) spare_.push_back(std::move(scratch));
}

Result<void> Engine::room_for_flow() {
  Result<void> room;
  if (flows_ < most_flows_) return room;
  counters_.refused_flows.fetch_add(1, std::memory_order_relaxed);
  Fault fault("too many messages are under way that no client waits for");
  fault.status = 503;
  return fault;
}

/// In the frame of a flow that no client waits for: its place in the list of those under way.
struct Engine::Flow {
  explicit Flow(Engine& of) noexcept : engine(of), next(of.first_flow_) {
    if (next) next->previous = this;
    engine.first_flow_ = this;
  }
  Flow(const Flow&) = delete;
  ~Flow() {
    (previous ? previous->next : engine.first_flow_) = next;
    if (next) next->previous = previous;
  }

  // Awaited without waiting, to learn the coroutine's own handle.
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> own) noexcept {
    handle = own;
    return false;
  }
  void await_resume() const noexcept {}

  Engine& engine;
  Flow* previous = nullptr;
  Flow* next;
  std::coroutine_handle<> handle;
};

void Engine::forget_flows() noexcept {
  while (first_flow_) first_flow_->handle.destroy();
}

void Engine::spawn(std::unique_ptr<Message> message, Pending pending, std::shared_ptr<const Deployment> deployment,
                   std::shared_ptr<Branches> branches) {
  Task<void> task = run_spawned(std::move(message), std::move(pending), std::move(deployment), std::move(branches));
  task.detach();
}

Task<void> Engine::run_spawned(std::unique_ptr<Message> message, Pending pending,
                               std::shared_ptr<const Deployment> deployment, std::shared_ptr<Branches> branches) {
  Flow flow(*this);
  co_await flow;
  const FlowCount counted(sender_, flows_);
  NoClient nobody;
  Client& client = branches ? static_cast<Client&>(*branches) : nobody;
  try {
    Exchange exchange(*this, *message, client, std::move(deployment), branches);
    co_await exchange.continue_with(std::move(pending));
  } catch (const std::exception& error) {
    log::error("flow", std::string("a spawned flow ended: ") + error.what());
  }
  if (branches) branches->one_less();
}

}  // namespace myelin
