#pragma once
// A schedule in six fields, seconds first: second minute hour day-of-month month day-of-week, in UTC.
// Each field: `*` or `?`, numbers, names (JAN, MON), lists `a,b`, ranges `a-b`, steps `*/n`, `a-b/n`,
// `a/n`. Sunday is 0 or 7. All six have to match, the two kinds of day too. Immutable.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myelin {

class Cron {
 public:
  using Seconds = std::chrono::sys_seconds;

  /// Nullopt fills `problem` with what is wrong and what is allowed.
  static std::optional<Cron> parse(std::string_view text, std::string& problem);

  /// The first matching second after `time`; nullopt: there is none in the next 40 years (30 February).
  std::optional<Seconds> next(Seconds time) const noexcept;

  bool operator==(const Cron&) const = default;

 private:
  Cron() = default;
  bool matches(std::chrono::sys_days day) const noexcept;

  /// One bit for each value.
  std::uint64_t seconds_ = 0, minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
};

}  // namespace myelin
