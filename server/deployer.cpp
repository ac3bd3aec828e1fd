#include "server/deployer.hpp"

#include "engine/base/log.hpp"

namespace myelin::server {

Deployer::Deployer(std::filesystem::path conf) : loader_(std::move(conf), states_, Loader::Options{}) {}

std::shared_ptr<const Deployment> Deployer::start(xml::Problems& problems) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<const Deployment> first = loader_.load(problems);
  std::lock_guard current_lock(current_mutex_);
  current_ = first;
  return first;
}

void Deployer::look(const Settings& settings, xml::Problems& problems) const {
  const Result<void> good = look_ ? look_(settings) : Result<void>();
  if (!good) problems.error({}, good.fault().message);
}

/// What is loaded becomes the current deployment, with everything around it.
std::function<void()> Deployer::take_over(const std::shared_ptr<const Deployment>& next, xml::Problems& problems) {
  look(next ? next->settings : current()->settings, problems);
  for (const xml::Problem& problem : problems.all())
    log::write(problem.level == xml::Level::error ? log::Severity::error : log::Severity::warning, "deployment",
               problem.text());
  if (!next) {
    log::error("deployment", "nothing was changed: the previous configuration keeps serving");
    return nullptr;
  }
  {
    std::lock_guard current_lock(current_mutex_);
    current_ = next;
  }
  return prepare_(next);
}

xml::Problems Deployer::redeploy() {
  xml::Problems problems;
  std::unique_lock lock(mutex_);
  const std::shared_ptr<const Deployment> next = loader_.load(problems);
  std::unique_lock acting(acting_);
  if (stopped_) return problems;
  const auto wait = take_over(next, problems);
  if (!next) return problems;
  const std::uint64_t number = ++loaded_count_;
  if (wait) {
    acting.unlock();
    lock.unlock();
    wait();
    lock.lock();
    // Overtaken by a later load, which holds this one's changes too.
    if (number != loaded_count_) {
      published_.wait(lock, [&] { return published_count_ > number; });
      return problems;
    }
    acting.lock();
  }
  if (!stopped_) {
    publish_(next);
    log::info("deployment", "deployed " + std::to_string(next->size()) + " artifacts");
  }
  published_count_ = number;
  published_.notify_all();
  states_.sweep();
  return problems;
}

void Deployer::stop() {
  const std::lock_guard acting(acting_);
  stopped_ = true;
}

std::filesystem::path Deployer::registry_folder() const {
  std::lock_guard lock(mutex_);
  return loader_.registry_folder();
}

std::shared_ptr<const Deployment> Deployer::current() const {
  std::lock_guard lock(current_mutex_);
  return current_;
}

}  // namespace myelin::server
