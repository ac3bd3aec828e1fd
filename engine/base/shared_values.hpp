#pragma once
// Texts that messages leave for one another, by name: the property scopes `system` and `registry` when
// they are written. They live as long as the process, over redeploys. Thread safe; meant for rare use.

#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace myelin {

class SharedValues {
 public:
  /// False when names and values would take more than 16 MiB (REL-008); then nothing changes.
  bool set(std::string_view name, std::string value);
  std::optional<std::string> get(std::string_view name) const;

 private:
  static constexpr std::size_t kMost = std::size_t{16} << 20;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> values_;
  std::size_t bytes_ = 0;
};

/// What scope `system` was set to.
SharedValues& system_properties();
/// What was written to registry resources; their files stay as they are.
SharedValues& written_resources();

}  // namespace myelin
