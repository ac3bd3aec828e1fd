#pragma once
// Properties of one scope: name → value. Few per message, so a vector searched in order beats any
// map. Names are kept by value. Not thread safe.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/message/value.hpp"

namespace myelin {

class Properties {
 public:
  const Value* find(std::string_view name) const noexcept {
    for (const auto& [key, value] : entries_)
      if (key == name) return &value;
    return nullptr;
  }
  /// Text of a property, or "" when it is absent.
  std::string text(std::string_view name) const {
    const Value* value = find(name);
    return value ? value->text() : std::string();
  }
  /// True for a string or boolean "true" (both are accepted everywhere, MED-250).
  bool truth(std::string_view name) const {
    const Value* value = find(name);
    return value && value->truth();
  }
  void set(std::string_view name, Value value) {
    for (auto& [key, old] : entries_)
      if (key == name) {
        old = std::move(value);
        return;
      }
    entries_.emplace_back(std::string(name), std::move(value));
  }
  void remove(std::string_view name) {
    std::erase_if(entries_, [name](const auto& entry) { return entry.first == name; });
  }
  void clear() noexcept { entries_.clear(); }
  bool empty() const noexcept { return entries_.empty(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

 private:
  std::vector<std::pair<std::string, Value>> entries_;
};

}  // namespace myelin
