#pragma once
// HTTP header fields in order, names compared in any case, repeated fields kept apart. Texts are
// views into the owner's arena or a string that outlives the message; set() and add() take views
// as they are: copy into the message's arena first (Message::copy). Not thread safe.

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/text.hpp"

namespace myelin {

struct Header {
  Header() = default;
  Header(std::string_view its_name, std::string_view its_value) noexcept : name(its_name), value(its_value) {}
  std::string_view name;
  std::string_view value;
};

class Headers {
 public:
  const std::vector<Header>& all() const noexcept { return fields_; }
  bool empty() const noexcept { return fields_.empty(); }
  void clear() noexcept { fields_.clear(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

  /// The first field of that name, or null.
  const Header* find(std::string_view name) const noexcept {
    for (const Header& field : fields_)
      if (field.name.size() == name.size() && text::iequals(field.name, name)) return &field;
    return nullptr;
  }
  std::optional<std::string_view> get(std::string_view name) const noexcept {
    const Header* field = find(name);
    return field ? std::optional(field->value) : std::nullopt;
  }
  void add(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);  // made in place: a copy would stall on its own stores
  }
  /// One field of that name, in the place of the first.
  void set(std::string_view name, std::string_view value) {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (text::iequals(fields_[i].name, name)) {
        fields_[i] = Header{name, value};
        fields_.erase(std::remove_if(fields_.begin() + static_cast<std::ptrdiff_t>(i) + 1, fields_.end(),
                                     [name](const Header& f) { return text::iequals(f.name, name); }),
                      fields_.end());
        return;
      }
    add(name, value);
  }
  void remove(std::string_view name) {
    std::erase_if(fields_, [name](const Header& f) { return text::iequals(f.name, name); });
  }
  /// Puts `field` in the place of the one at `index`.
  void replace(std::size_t index, Header field) noexcept { fields_[index] = field; }
  void swap(Headers& other) noexcept { fields_.swap(other.fields_); }

 private:
  std::vector<Header> fields_;
};

}  // namespace myelin
