// Dates by SimpleDateFormat patterns.
#include "engine/expr/date_format.hpp"

#include <array>
#include <ctime>

#include <fmt/format.h>

namespace myelin::expr {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March",     "April",   "May",      "June",
                                                   "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Moment {
  std::tm local{};
  int milliseconds = 0;

  int year() const noexcept { return local.tm_year + 1900; }
  int days_in_year() const noexcept {
    const int y = year();
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
  }
  /// US weeks begin on Sunday; the first is the one with 1 January.
  bool in_first_week_of_next_year() const noexcept { return local.tm_yday + 6 - local.tm_wday >= days_in_year(); }
  static int week(int day, int weekday) noexcept { return (day + (weekday - day % 7 + 7) % 7) / 7 + 1; }
  int week_of_year() const noexcept { return in_first_week_of_next_year() ? 1 : week(local.tm_yday, local.tm_wday); }
  int week_year() const noexcept { return year() + (in_first_week_of_next_year() ? 1 : 0); }
};

std::string padded(int value, std::size_t width) { return fmt::format("{:0{}}", value, width); }

std::string year_text(int year, std::size_t count) { return count == 2 ? padded(year % 100, 2) : padded(year, count); }

std::string name_text(std::string_view name, std::size_t count) { return std::string(count >= 4 ? name : name.substr(0, 3)); }

std::string offset_text(const std::tm& local, bool iso, std::size_t count) {
  const long minutes = local.tm_gmtoff / 60;
  if (iso && minutes == 0) return "Z";
  const long size = minutes < 0 ? -minutes : minutes;
  const char sign = minutes < 0 ? '-' : '+';
  if (iso && count == 1) return fmt::format("{}{:02}", sign, size / 60);
  return fmt::format("{}{:02}{}{:02}", sign, size / 60, iso && count == 3 ? ":" : "", size % 60);
}

std::optional<std::string> field(char letter, std::size_t count, const Moment& moment) {
  const std::tm& t = moment.local;
  switch (letter) {
    case 'G': return "AD";
    case 'y': return year_text(moment.year(), count);
    case 'Y': return year_text(moment.week_year(), count);
    case 'M':
    case 'L':
      return count >= 3 ? name_text(kMonths[static_cast<std::size_t>(t.tm_mon)], count) : padded(t.tm_mon + 1, count);
    case 'w': return padded(moment.week_of_year(), count);
    case 'W': return padded(Moment::week(t.tm_mday - 1, t.tm_wday), count);
    case 'D': return padded(t.tm_yday + 1, count);
    case 'd': return padded(t.tm_mday, count);
    case 'F': return padded((t.tm_mday - 1) / 7 + 1, count);
    case 'E': return name_text(kDays[static_cast<std::size_t>(t.tm_wday)], count);
    case 'u': return padded(t.tm_wday == 0 ? 7 : t.tm_wday, count);
    case 'a': return t.tm_hour < 12 ? "AM" : "PM";
    case 'H': return padded(t.tm_hour, count);
    case 'k': return padded(t.tm_hour == 0 ? 24 : t.tm_hour, count);
    case 'K': return padded(t.tm_hour % 12, count);
    case 'h': return padded(t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12, count);
    case 'm': return padded(t.tm_min, count);
    case 's': return padded(t.tm_sec, count);
    case 'S': return padded(moment.milliseconds, count);
    case 'z': return std::string(t.tm_zone);
    case 'Z': return offset_text(t, false, count);
    case 'X': return count <= 3 ? std::optional(offset_text(t, true, count)) : std::nullopt;
    default: return std::nullopt;
  }
}

/// The text between quotes at `at` (behind the opening one); '' is one quote.
bool quoted(std::string_view pattern, std::size_t& at, std::string& out) {
  for (; at < pattern.size(); ++at) {
    if (pattern[at] != '\'') {
      out += pattern[at];
    } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
      out += pattern[at++];
    } else {
      ++at;
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> format_date(std::chrono::system_clock::time_point time, std::string_view pattern) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  Moment moment;
  moment.milliseconds = static_cast<int>(since % 1000);
  const std::time_t seconds = since / 1000;
  if (!localtime_r(&seconds, &moment.local)) return std::nullopt;

  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\'') {
      ++at;
      if (at < pattern.size() && pattern[at] == '\'') {
        out += '\'';
        ++at;
      } else if (!quoted(pattern, at, out)) {
        return std::nullopt;
      }
    } else if (!is_letter(c)) {
      out += c;
      ++at;
    } else {
      std::size_t count = 1;
      while (at + count < pattern.size() && pattern[at + count] == c) ++count;
      const auto text = field(c, count, moment);
      if (!text) return std::nullopt;
      out += *text;
      at += count;
    }
  }
  return out;
}

}  // namespace myelin::expr
