#pragma once
// Plug-ins by name. A registry is filled before main() by the last line of each plug-in file (or
// by a shared object's initialisers while it is loaded), and only read afterwards. Two plug-ins of
// one name end the process at start: that is a build error.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace myelin {

template <class T>
class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  bool add(std::string_view name, T entry) {
    if (!entries_.emplace(std::string(name), std::move(entry)).second) {
      std::fprintf(stderr, "myelin: two plug-ins are named '%s'\n", std::string(name).c_str());
      std::abort();
    }
    return true;
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
