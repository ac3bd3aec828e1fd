#include "mediators/common/handover.hpp"

#include <utility>

#include "engine/base/log.hpp"
#include "engine/base/task.hpp"

namespace myelin::mediators {

namespace {

bool answers(const Pending& pending) {
  return pending.kind == Pending::Kind::reply || pending.kind == Pending::Kind::out;
}

void spawn(Message& message, Pending pending) {
  message.spawned.push_back(message.clone());
  message.spawned_pending.push_back(std::move(pending));
}

/// Loads the body, sends the copy on its way, and leaves the message with what it is to do itself.
class Part final : public Work {
 public:
  Part(Pending copys, Pending own) : copys_(std::move(copys)), own_(std::move(own)) {}

  Task<Result<void>> run(Message& message, Sender&) override {
    Result<void> loaded = co_await message.payload.load(message.body_limit);
    if (loaded) {
      spawn(message, std::move(copys_));
      message.pending = std::move(own_);
    }
    co_return loaded;
  }

 private:
  Pending copys_;
  Pending own_;
};

void ask(const Message& message, Wish wish, Pending& pending) {
  pending.kind = wish.kind;
  pending.endpoint = wish.endpoint;
  pending.receive = std::move(wish.receive);
  pending.handlers = message.handlers;
}

}  // namespace

Flow hand_over(Message& message, Wish wish, const Mediator& self, Flow after) {
  if (message.pending.kind == Pending::Kind::none) {
    ask(message, std::move(wish), message.pending);  // into memory it has
    return after;
  }
  Pending next;
  ask(message, std::move(wish), next);
  Pending earlier = std::exchange(message.pending, Pending{});
  if (answers(earlier) && answers(next)) {
    log::warn("mediator", message.log_prefix() + "a second answer to one request was suppressed");
    message.pending = std::move(earlier);
    return after;
  }
  // The answer to the client is what this very message ends with.
  if (!answers(earlier)) std::swap(earlier, next);
  if (message.payload.loaded() || message.payload.try_load(message.body_limit)) {
    spawn(message, std::move(next));
    message.pending = std::move(earlier);
    return after;
  }
  message.pending.kind = Pending::Kind::work;
  message.pending.work = std::make_unique<Part>(std::move(next), std::move(earlier));
  message.suspend_at(&self, 0);
  return Flow::suspend;
}

}  // namespace myelin::mediators
