#pragma once
// Plug-ins by name. A registry is filled before main() by the last line of each plug-in file, or by a
// shared object's initialisers while it is loaded before anything is configured, and only read
// afterwards. Two built-in plug-ins of one name end the process at start: that is a build error.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace myelin {

/// What one shared object registers while it is loaded, so that it can be taken back. One at a time, on
/// the thread that starts the server.
class __attribute__((visibility("default"))) Registrations {
 public:
  static Registrations*& under_way() noexcept {
    static Registrations* current = nullptr;
    return current;
  }
  std::vector<std::string> names;  ///< registered
  std::vector<std::string> taken;  ///< not registered: somebody else has these names
  std::vector<std::function<void()>> undo;

  void take_back() {
    for (const auto& one : undo) one();
    undo.clear();
  }
};

template <class T>
class __attribute__((visibility("default"))) Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  bool add(std::string_view name, T entry) {
    const bool added = entries_.emplace(std::string(name), std::move(entry)).second;
    if (Registrations* loading = Registrations::under_way()) {
      (added ? loading->names : loading->taken).emplace_back(name);
      if (added) loading->undo.emplace_back([this, key = std::string(name)] { entries_.erase(key); });
    } else if (!added) {
      std::fprintf(stderr, "myelin: two plug-ins are named '%s'\n", std::string(name).c_str());
      std::abort();
    }
    return added;
  }

  const T* find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// All names, sorted; for error messages and documentation.
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
  }

 private:
  std::map<std::string, T, std::less<>> entries_;
};

}  // namespace myelin
