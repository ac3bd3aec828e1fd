#include "engine/base/cron.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace myelin {
namespace {

Cron::Seconds at(const char* text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  EXPECT_EQ(std::sscanf(text, "%d-%d-%d %d:%d:%d", &y, &mo, &d, &h, &mi, &s), 6);
  using namespace std::chrono;
  return sys_days(year(y) / mo / d) + hours(h) + minutes(mi) + seconds(s);
}

std::string shown(Cron::Seconds time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d", int(date.year()), unsigned(date.month()),
                unsigned(date.day()), int(clock.hours().count()), int(clock.minutes().count()), int(clock.seconds().count()));
  return text;
}

struct Case {
  const char* schedule;
  const char* after;
  const char* next;
};

class Schedules : public testing::TestWithParam<Case> {};

TEST_P(Schedules, NextTime) {
  std::string problem;
  const auto cron = Cron::parse(GetParam().schedule, problem);
  ASSERT_TRUE(cron) << problem;
  const auto next = cron->next(at(GetParam().after));
  EXPECT_EQ(next ? shown(*next) : "never", GetParam().next) << GetParam().schedule << " after " << GetParam().after;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Schedules,
    testing::Values(Case{"*/5 * * * * *", "2026-03-01 10:00:00", "2026-03-01 10:00:05"},  // GW-129
                    Case{"*/5 * * * * *", "2026-03-01 10:00:57", "2026-03-01 10:01:00"},
                    Case{"* * * * * ?", "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
                    Case{"0 */15 * * * *", "2026-03-01 10:00:00", "2026-03-01 10:15:00"},
                    Case{"0 */15 * * * *", "2026-03-01 10:45:00", "2026-03-01 11:00:00"},
                    Case{"30 10 9-17 * * *", "2026-03-01 17:10:30", "2026-03-02 09:10:30"},
                    Case{"30 10 9-17 * * *", "2026-03-01 08:59:59", "2026-03-01 09:10:30"},
                    Case{"10,40 * * * * *", "2026-03-01 10:00:10", "2026-03-01 10:00:40"},
                    Case{"10 5 * * * *", "2026-03-01 10:05:10", "2026-03-01 11:05:10"},
                    Case{"20/20 * * * * *", "2026-03-01 10:00:00", "2026-03-01 10:00:20"},
                    Case{"0-10/5 * * * * *", "2026-03-01 10:00:10", "2026-03-01 10:01:00"},
                    Case{"0 0 0 1 JAN *", "2026-03-01 10:00:00", "2027-01-01 00:00:00"},
                    Case{"0 0 0 29 2 *", "2026-03-01 10:00:00", "2028-02-29 00:00:00"},
                    Case{"0 0 0 30 2 *", "2026-03-01 10:00:00", "never"},
                    Case{"0 0 12 * * MON", "2026-11-27 10:00:00", "2026-11-30 12:00:00"},
                    Case{"0 0 12 * * mon-fri", "2026-11-27 13:00:00", "2026-11-30 12:00:00"},
                    Case{"0 0 12 * * 0", "2026-11-27 13:00:00", "2026-11-29 12:00:00"},
                    Case{"0 0 12 * * 7", "2026-11-27 13:00:00", "2026-11-29 12:00:00"},
                    Case{"0 0 0 13 * FRI", "2026-03-13 00:00:00", "2026-11-13 00:00:00"}));

TEST(Schedules, RefuseWhatTheyCannotMean) {
  for (const char* bad : {"", "*/5 * * * *", "* * * * * * *", "60 * * * * *", "* 60 * * * *", "* * 24 * * *", "* * * 0 * *",
                          "* * * * 13 *", "* * * * * 8", "*/0 * * * * *", "*/x * * * * *", "5-1 * * * * *", "1,,2 * * * * *",
                          ",1 * * * * *", "- * * * * *", "a * * * * *", "* * * * MON *", "*/-1 * * * * *"}) {
    std::string problem;
    EXPECT_FALSE(Cron::parse(bad, problem)) << bad;
    EXPECT_FALSE(problem.empty()) << bad;
  }
}

TEST(Schedules, NameTheFieldThatIsWrong) {
  std::string problem;
  EXPECT_FALSE(Cron::parse("* * 25 * * *", problem));
  EXPECT_NE(problem.find("'25' is no hour: 0 to 23"), std::string::npos) << problem;
}

}  // namespace
}  // namespace myelin
