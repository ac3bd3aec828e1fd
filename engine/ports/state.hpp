#pragma once
// Mutable state that outlives a redeploy: suspension, cursors, sessions, counters. Keyed by what it
// belongs to ("endpoint:E", "sequence:main#2"). Objects are shared by all shards and must be thread
// safe themselves; the store is locked only while configurations are built.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace myelin {

class State {
 public:
  virtual ~State() = default;
};

class StateStore {
 public:
  /// The state kept under `key` if it has type T, else a new one.
  template <class T, class... Args>
  std::shared_ptr<T> get(std::string_view key, Args&&... args) {
    std::lock_guard lock(mutex_);
    auto& slot = states_[std::string(key)];
    if (auto existing = std::dynamic_pointer_cast<T>(slot)) return existing;
    auto made = std::make_shared<T>(std::forward<Args>(args)...);
    slot = made;
    return made;
  }
  /// Forgets states that no deployment uses any more.
  void sweep() {
    std::lock_guard lock(mutex_);
    std::erase_if(states_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  template <class Visit>
  void each(Visit visit) {
    std::lock_guard lock(mutex_);
    for (auto& [key, state] : states_) visit(key, *state);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<State>, std::less<>> states_;
};

}  // namespace myelin
