#include "mediators/common/off_thread.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/base/clock.hpp"
#include "engine/base/log.hpp"
#include "engine/base/workers.hpp"

namespace myelin::mediators {

namespace {

constexpr std::size_t kAtOnce = 4;     // for each shard
constexpr std::size_t kWaiting = 1024; // likewise, requests and answers each
constexpr Duration kLongest{5'000};    // REL-096, from when a worker begins
constexpr Duration kPatience{60'000};  // for one's turn, and for a worker

}  // namespace

Fault transformations_wait() {
  Fault fault("too many transformations are waiting");
  fault.status = 503;
  return fault;
}

// --- turns --------------------------------------------------------------------------------------------

struct Turn::Queue {
  std::size_t taken = 0;
  std::deque<std::shared_ptr<Place>> requests, answers;

  std::deque<std::shared_ptr<Place>>& of(const Place& place) noexcept;
  /// Who is next; answers first, as they end an exchange.
  std::shared_ptr<Place> next() {
    auto& waiting = answers.empty() ? requests : answers;
    if (waiting.empty()) return nullptr;
    std::shared_ptr<Place> first = std::move(waiting.front());
    waiting.pop_front();
    return first;
  }
};

struct Turn::Place {
  Place(std::shared_ptr<Queue> in, Sender& on, bool of_answer) : queue(std::move(in)), shard(on), answer(of_answer) {}
  const std::shared_ptr<Queue> queue;
  Sender& shard;
  const bool answer;
  Signal signal;
  bool granted = false;
};

std::deque<std::shared_ptr<Turn::Place>>& Turn::Queue::of(const Place& place) noexcept { return place.answer ? answers : requests; }

Task<bool> Turn::await(Sender& shard, bool answer) {
  thread_local const std::shared_ptr<Queue> all = std::make_shared<Queue>();
  place_ = std::make_shared<Place>(all, shard, answer);
  if (all->taken < kAtOnce) {
    ++all->taken;
    place_->granted = true;
    co_return true;
  }
  auto& line = all->of(*place_);
  if (line.size() >= kWaiting) co_return false;
  line.push_back(place_);
  co_await shard.wait(place_->signal, kPatience);
  co_return place_->granted;
}

Turn::~Turn() {
  if (!place_) return;
  Queue& all = *place_->queue;
  if (!place_->granted) {
    std::erase(all.of(*place_), place_);
  } else if (const std::shared_ptr<Place> next = all.next()) {
    next->granted = true;
    next->shard.post([next] { next->signal.set(); });
  } else {
    --all.taken;
  }
}

// --- on a worker ----------------------------------------------------------------------------------------

namespace {

/// Shared by who waits and the worker.
class Job {
 public:
  Job(std::shared_ptr<Transformation> transformation, std::function<void()> woken)
      : transformation_(std::move(transformation)), woken_(std::move(woken)) {}

  /// On the worker.
  void perform() {
    {
      const std::lock_guard lock(mutex_);
      if (left_) return;
      began_ = Clock::now();
    }
    log::debug("mediator", "a worker begins with the style sheet '" + transformation_->key() + "'");
    Result<Transformation::Output> made = transformation_->run_to_its_end();
    const std::lock_guard lock(mutex_);
    output_ = std::move(made);
    if (!left_) woken_();
  }
  /// Nobody waits any more: `woken` is not called again.
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      left_ = true;
    }
    transformation_->stop();
  }
  /// How long to wait until asking again; zero: it has had its time.
  Duration left(TimePoint since) const {
    const std::lock_guard lock(mutex_);
    const auto end = began_ ? *began_ + kLongest : since + kPatience;
    return std::clamp(std::chrono::ceil<Duration>(end - Clock::now()), Duration(0), kLongest);
  }
  Result<Transformation::Output> take() {
    const std::lock_guard lock(mutex_);
    if (output_) return std::move(*output_);
    if (!began_) return transformations_wait();
    return Fault("the style sheet '" + transformation_->key() + "' took longer than 5 s");
  }

 private:
  const std::shared_ptr<Transformation> transformation_;
  const std::function<void()> woken_;  ///< on any thread, when it is done
  mutable std::mutex mutex_;
  std::optional<TimePoint> began_;
  std::optional<Result<Transformation::Output>> output_;
  bool left_ = false;
};

struct Leave {
  std::shared_ptr<Job> job;
  ~Leave() { job->leave(); }
};

}  // namespace

Task<Result<Transformation::Output>> run_on_worker(std::shared_ptr<Transformation> transformation, Sender& shard) {
  auto signal = std::make_shared<Signal>();
  auto woken = [&shard, signal] { shard.post([signal] { signal->set(); }); };
  const auto job = std::make_shared<Job>(std::move(transformation), std::move(woken));
  const Leave leave{job};
  if (!Workers::shared().run([job] { job->perform(); })) co_return transformations_wait();
  const TimePoint since = Clock::now();
  for (Duration left = job->left(since); left > Duration(0) && !signal->is_set(); left = job->left(since))
    co_await shard.wait(*signal, left);
  co_return job->take();
}

}  // namespace myelin::mediators
