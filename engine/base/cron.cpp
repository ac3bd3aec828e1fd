#include "engine/base/cron.hpp"

#include <array>
#include <bit>
#include <span>

#include "engine/base/text.hpp"

namespace myelin {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 8> kDays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};

struct Field {
  std::string_view name;
  int least = 0, most = 0;
  std::span<const std::string_view> names;  ///< of the values from `first_name` on
  int first_name = 0;
};

constexpr std::array<Field, 6> kFields{{{"second", 0, 59, {}, 0},
                                        {"minute", 0, 59, {}, 0},
                                        {"hour", 0, 23, {}, 0},
                                        {"day of month", 1, 31, {}, 0},
                                        {"month", 1, 12, kMonths, 1},
                                        {"day of week", 0, 7, kDays, 0}}};

std::optional<int> value_of(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (text::iequals(text, field.names[i])) return static_cast<int>(i) + field.first_name;
  const auto number = text::parse_int(text);
  if (!number || *number < field.least || *number > field.most) return std::nullopt;
  return *number;
}

/// `*`, `a`, `a-b`, each with or without `/n`; `a/n` runs to the end.
bool add(std::string_view part, const Field& field, std::uint64_t& bits) {
  int step = 1;
  const std::size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto number = text::parse_int(part.substr(slash + 1));
    if (!number || *number < 1) return false;
    step = *number;
    part = part.substr(0, slash);
  }
  std::optional<int> first = field.least, last = field.most;
  if (part != "*" && part != "?") {
    const std::size_t dash = part.find('-');
    first = value_of(part.substr(0, dash), field);
    if (dash != std::string_view::npos) last = value_of(part.substr(dash + 1), field);
    else if (slash == std::string_view::npos) last = first;
  }
  if (!first || !last || *first > *last) return false;
  for (int value = *first; value <= *last; value += step) bits |= std::uint64_t{1} << value;
  return true;
}

bool read(std::string_view text, const Field& field, std::uint64_t& bits) {
  if (text.front() == ',' || text.back() == ',' || text.find(",,") != std::string_view::npos) return false;
  for (const std::string_view part : text::split(text, ","))
    if (!add(part, field, bits)) return false;
  return true;
}

/// The lowest set bit from `from` on; -1: none.
int lowest(std::uint64_t bits, int from) noexcept {
  if (from > 63) return -1;
  bits &= ~std::uint64_t{0} << from;
  return bits == 0 ? -1 : std::countr_zero(bits);
}

bool has(std::uint64_t bits, unsigned value) noexcept { return (bits >> value & 1) != 0; }

}  // namespace

std::optional<Cron> Cron::parse(std::string_view text, std::string& problem) {
  const auto parts = text::split(text, " \t\r\n");
  if (parts.size() != kFields.size()) {
    problem = "six fields are needed: second, minute, hour, day of month, month, day of week";
    return std::nullopt;
  }
  Cron cron;
  const std::array<std::uint64_t*, 6> bits{&cron.seconds_, &cron.minutes_, &cron.hours_,
                                           &cron.days_,    &cron.months_,  &cron.weekdays_};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (read(parts[i], kFields[i], *bits[i])) continue;
    problem = "'" + std::string(parts[i]) + "' is no " + std::string(kFields[i].name) + ": " +
              std::to_string(kFields[i].least) + " to " + std::to_string(kFields[i].most) + ", *, lists, ranges and steps such as */5";
    return std::nullopt;
  }
  if (has(cron.weekdays_, 7)) cron.weekdays_ |= 1;
  return cron;
}

bool Cron::matches(std::chrono::sys_days day) const noexcept {
  const std::chrono::year_month_day date(day);
  return has(months_, static_cast<unsigned>(date.month())) && has(days_, static_cast<unsigned>(date.day())) &&
         has(weekdays_, std::chrono::weekday(day).c_encoding());
}

std::optional<Cron::Seconds> Cron::next(Seconds time) const noexcept {
  using namespace std::chrono;
  constexpr int kDaysAhead = 40 * 366;
  const Seconds from = time + seconds(1);
  const sys_days today = floor<days>(from);
  for (int ahead = 0; ahead < kDaysAhead; ++ahead) {
    const sys_days day = today + days(ahead);
    if (!matches(day)) continue;
    const int left = ahead == 0 ? static_cast<int>((from - today).count()) : 0;
    int hour = left / 3600, minute = left / 60 % 60, second = left % 60;
    for (int at = lowest(hours_, hour); at >= 0; at = lowest(hours_, at + 1)) {
      if (at > hour) minute = second = 0;
      hour = at;
      int found = lowest(minutes_, minute);
      if (found == minute && lowest(seconds_, second) < 0) found = lowest(minutes_, minute + 1);
      if (found < 0) continue;
      const int first = lowest(seconds_, found == minute ? second : 0);
      return day + hours(hour) + minutes(found) + seconds(first);
    }
  }
  return std::nullopt;
}

}  // namespace myelin
