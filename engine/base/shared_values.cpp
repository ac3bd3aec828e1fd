#include "engine/base/shared_values.hpp"

namespace myelin {

bool SharedValues::set(std::string_view name, std::string value) {
  std::unique_lock lock(mutex_);
  const auto found = values_.find(name);
  const bool known = found != values_.end();
  const std::size_t before = known ? found->second.size() : 0;
  const std::size_t after = value.size() + (known ? 0 : name.size());
  if (after > before && after - before > kMost - bytes_) return false;
  bytes_ = bytes_ - before + after;
  if (known) found->second = std::move(value);
  else values_.emplace(name, std::move(value));
  return true;
}

std::optional<std::string> SharedValues::get(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

SharedValues& system_properties() {
  static SharedValues values;
  return values;
}

SharedValues& written_resources() {
  static SharedValues values;
  return values;
}

}  // namespace myelin
