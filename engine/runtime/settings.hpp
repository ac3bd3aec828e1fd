#pragma once
// Server settings: myelin.properties, then synapse.properties and passthru-http.properties of the
// configuration folder, under their own names; values from the command line win. A Java properties
// file: `key=value`, `#` comments, backslash continuation. Read once; immutable afterwards.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/xml/problem.hpp"

namespace myelin {

class Settings {
 public:
  /// Reads the files that exist in `folder`. Malformed lines and values of known keys that are out
  /// of range are problems (REL-009).
  static Settings read(const std::filesystem::path& folder, xml::Problems& problems);

  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  std::string_view get(std::string_view name) const noexcept {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string_view{} : std::string_view(found->second);
  }
  bool flag(std::string_view name, bool otherwise) const noexcept;
  std::int64_t number(std::string_view name, std::int64_t otherwise) const noexcept;
  bool apache_dialect() const noexcept { return get("synapse.dialect") == "apache"; }

  const std::map<std::string, std::string, std::less<>>& all() const noexcept { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace myelin
