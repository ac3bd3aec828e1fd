// When an attempt is repeated, and after which time.

#include "engine/ports/rules.hpp"

#include <algorithm>

namespace myelin {

bool RetryRules::on_fault(const Fault& fault) const noexcept {
  if (codes.empty()) return statuses.none() || on_status(fault.code);
  const auto listed = [this](int code) { return std::find(codes.begin(), codes.end(), code) != codes.end(); };
  return listed(fault.code) || listed(fault.base_code) || on_status(fault.code);
}

bool RetryRules::allows(std::string_view method) const noexcept {
  return methods.empty() || std::find(methods.begin(), methods.end(), method) != methods.end();
}

Duration RetryRules::pause(std::uint32_t number, double random) const noexcept {
  constexpr double kLongest = 24.0 * 3600 * 1000;
  double time = static_cast<double>(interval.count());
  for (std::uint32_t i = 0; i < number && time < kLongest; ++i) time *= factor;
  if (max_interval.count() > 0) time = std::min(time, static_cast<double>(max_interval.count()));
  time = std::min(time, kLongest);
  if (jitter) time *= 0.5 + random / 2;
  return Duration(static_cast<std::int64_t>(time));
}

}  // namespace myelin
