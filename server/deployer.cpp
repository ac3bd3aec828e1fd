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

xml::Problems Deployer::redeploy() {
  xml::Problems problems;
  std::unique_lock lock(mutex_);
  std::shared_ptr<const Deployment> next = loader_.load(problems);
  look(next ? next->settings : current()->settings, problems);
  for (const xml::Problem& problem : problems.all())
    log::write(problem.level == xml::Level::error ? log::Severity::error : log::Severity::warning, "deployment",
               problem.text());
  if (!next) {
    log::error("deployment", "nothing was changed: the previous configuration keeps serving");
    return problems;
  }
  {
    std::lock_guard current_lock(current_mutex_);
    current_ = next;
  }
  const std::uint64_t number = ++loaded_count_;
  const auto wait = prepare_(next);
  if (wait) {
    lock.unlock();
    wait();
    lock.lock();
    // Overtaken by a later load, which holds this one's changes too.
    if (number != loaded_count_) {
      published_.wait(lock, [&] { return published_count_ > number; });
      return problems;
    }
  }
  publish_(next);
  published_count_ = number;
  published_.notify_all();
  log::info("deployment", "deployed " + std::to_string(next->size()) + " artifacts");
  states_.sweep();
  return problems;
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
