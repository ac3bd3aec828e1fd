// Who is checked when; one part for each shard.

#include "engine/runtime/health_runner.hpp"

#include <algorithm>
#include <exception>
#include <unordered_map>

#include "engine/base/hash.hpp"
#include "engine/base/log.hpp"
#include "engine/runtime/health_probe.hpp"

namespace myelin {

namespace {

/// How soon children that appeared are found (GW-136).
constexpr Duration kRescan{1'000};

std::string shown(const Leaf& leaf, const HealthCheck& check) { return leaf.name.empty() ? check.url : leaf.name; }

void report(const Leaf& leaf, const HealthCheck& check, const HealthEvent& event) {
  if (!event.is_transition()) return;
  const HealthOutcome& outcome = event.outcome;
  std::string text = "Endpoint " + shown(leaf, check) + " is " + std::string(name_of(event.after)) + ", was " +
                     std::string(name_of(event.before)) + ", after a check that " +
                     (outcome.passed ? "succeeded in " : "failed in ") + std::to_string(outcome.took.count()) + " ms";
  if (outcome.status != 0) text += ", status " + std::to_string(outcome.status);
  if (!outcome.passed) text += ": " + outcome.why;
  log::write(event.after == Health::down ? log::Severity::warning : log::Severity::info, "health", text);
}

}  // namespace

/// Used on its shard only, but for its construction and destruction.
class HealthRunner::Part final : public std::enable_shared_from_this<Part> {
 public:
  Part(Sender& sender, std::size_t index, std::size_t count) : sender_(sender), index_(index), count_(count) {}

  void post(void (*work)(Part&, const std::shared_ptr<const Deployment>&), std::shared_ptr<const Deployment> deployment = nullptr) {
    sender_.post([self = shared_from_this(), work, deployment = std::move(deployment)] { work(*self, deployment); });
  }
  void follow(const std::shared_ptr<const Deployment>& deployment) {
    if (stopped_) return;
    deployment_ = deployment;
    scan();
    if (begun_) {
      wake_.set();
      return;
    }
    begun_ = true;
    loop_ = run();
  }
  void stop() {
    stopped_ = true;
    loop_ = Task<void>();
    jobs_.clear();
    deployment_.reset();
  }

 private:
  struct Job {
    std::shared_ptr<const Deployment> deployment;  ///< owns what the leaf refers to
    std::shared_ptr<const Leaf> leaf;
    std::shared_ptr<const HealthCheck> check;
    std::shared_ptr<HealthRecord> record;
    Duration offset{0};
    TimePoint due{};
    Task<void> running;
    bool seen = false;
  };

  Task<void> run();
  void scan();
  void visit(const Endpoint& endpoint, const std::shared_ptr<const Endpoint>& held);
  void adopt(std::shared_ptr<const Leaf> leaf);
  TimePoint start_due(TimePoint now);
  Task<void> check(std::shared_ptr<const Deployment> deployment, std::shared_ptr<const Leaf> leaf,
                   std::shared_ptr<const HealthCheck> check, std::shared_ptr<HealthRecord> record);

  Sender& sender_;
  const std::size_t index_, count_;
  std::shared_ptr<const Deployment> deployment_;
  std::unordered_map<const HealthRecord*, std::unique_ptr<Job>> jobs_;
  TimePoint rescan_at_ = TimePoint::max();
  bool changes_ = false;  ///< a group's children may come and go
  bool begun_ = false, stopped_ = false;
  Signal wake_;
  Task<void> loop_;
};

/// Without anything to check it waits for the next deployment and no timer runs.
Task<void> HealthRunner::Part::run() {
  for (;;) {
    const TimePoint now = Clock::now();
    if (now >= rescan_at_) scan();
    const TimePoint next = std::min(start_due(now), rescan_at_);
    if (next == TimePoint::max()) {
      co_await wake_;
    } else {
      const Duration time = std::chrono::ceil<Duration>(next - Clock::now());
      co_await sender_.wait(wake_, std::max(time, Duration(0)));
    }
    wake_.reset();
  }
}

/// Starts what is due; the time of the next check. One that is still under way is left out this time.
TimePoint HealthRunner::Part::start_due(TimePoint now) {
  TimePoint next = TimePoint::max();
  for (const auto& [key, job] : jobs_) {
    if (job->due <= now) {
      job->due = job->check->next_time(job->due, now, job->offset);
      if (job->running.done()) job->running = check(job->deployment, job->leaf, job->check, job->record);
    }
    next = std::min(next, job->due);
  }
  return next;
}

Task<void> HealthRunner::Part::check(std::shared_ptr<const Deployment>, std::shared_ptr<const Leaf> leaf,
                                     std::shared_ptr<const HealthCheck> check, std::shared_ptr<HealthRecord> record) {
  try {
    const TimePoint began = Clock::now();
    HealthOutcome outcome = co_await probe_health(sender_, leaf, check);
    const bool passed = outcome.passed;
    const HealthEvent event = record->add(check->rules, std::move(outcome), Clock::now());
    leaf->condition().set_health(event.after);
    if (passed) leaf->check_passed(began);
    report(*leaf, *check, event);
  } catch (const std::exception& error) {
    log::error("health", "a check of " + shown(*leaf, *check) + " ended: " + error.what());
  }
}

// --- who is checked -------------------------------------------------------------------------------------

void HealthRunner::Part::scan() {
  changes_ = false;
  for (const auto& [key, job] : jobs_) job->seen = false;
  for (const Endpoint* root : deployment_->endpoint_roots)
    visit(*root, std::shared_ptr<const Endpoint>(deployment_, root));
  std::erase_if(jobs_, [](const auto& item) { return !item.second->seen; });
  rescan_at_ = changes_ ? Clock::now() + kRescan : TimePoint::max();
}

void HealthRunner::Part::visit(const Endpoint& endpoint, const std::shared_ptr<const Endpoint>& held) {
  changes_ |= endpoint.changes();
  for (const auto& child : endpoint.children()) visit(*child, child);
  auto leaf = std::dynamic_pointer_cast<const Leaf>(held);
  if (!leaf || stable_hash(leaf->key) % count_ != index_) return;
  if (leaf->health_check) adopt(std::move(leaf));
  else leaf->condition().set_health(Health::unknown);  // an earlier deployment checked it
}

void HealthRunner::Part::adopt(std::shared_ptr<const Leaf> leaf) {
  auto& slot = jobs_[leaf->health_record.get()];
  const bool is_new = slot == nullptr;
  if (is_new) slot = std::make_unique<Job>();
  Job& job = *slot;
  if (is_new || !job.check->same_times(*leaf->health_check)) {
    const HealthCheck& check = *leaf->health_check;
    const auto spread = static_cast<std::uint64_t>(check.jitter.count()) + 1;
    const TimePoint now = Clock::now();
    job.offset = Duration(static_cast<std::int64_t>(mix_bits(stable_hash(leaf->key)) % spread));
    job.due = check.schedule ? check.next_time(now, now, job.offset) : now + job.offset;
  }
  job.seen = true;
  job.record = leaf->health_record;
  job.check = leaf->health_check;
  job.leaf = std::move(leaf);
  job.deployment = deployment_;
}

// --- the shards' parts ------------------------------------------------------------------------------------

HealthRunner::HealthRunner(const std::vector<Sender*>& shards) {
  for (std::size_t i = 0; i < shards.size(); ++i) parts_.push_back(std::make_shared<Part>(*shards[i], i, shards.size()));
}

HealthRunner::~HealthRunner() {
  for (const auto& part : parts_) part->stop();
}

void HealthRunner::follow(const std::shared_ptr<const Deployment>& deployment) {
  for (const auto& part : parts_)
    part->post([](Part& self, const std::shared_ptr<const Deployment>& next) { self.follow(next); }, deployment);
}

void HealthRunner::stop() {
  for (const auto& part : parts_) part->post([](Part& self, const std::shared_ptr<const Deployment>&) { self.stop(); });
}

}  // namespace myelin
