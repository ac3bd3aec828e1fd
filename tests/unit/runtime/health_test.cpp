#include "engine/ports/health.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

// --- counting ---------------------------------------------------------------------------------------

using Counting = HealthRules::Counting;

/// `results`: S and F; `states`: one mark for each: + up, u transitionally up, d transitionally down, - down.
struct Series {
  const char* name;
  Counting counting;
  Health start;
  std::uint32_t rise, fall;
  const char* results;
  const char* states;
};
void PrintTo(const Series& series, std::ostream* to) { *to << series.name; }

char mark(Health health) {
  switch (health) {
    case Health::up: return '+';
    case Health::transitionally_up: return 'u';
    case Health::transitionally_down: return 'd';
    case Health::down: return '-';
    default: return '?';
  }
}

class Counts : public testing::TestWithParam<Series> {};

TEST_P(Counts, LeadToStates) {
  const Series& series = GetParam();
  HealthRules rules;
  rules.counting = series.counting;
  rules.start = series.start;
  rules.rise = series.rise;
  rules.fall = series.fall;
  HealthMachine machine;
  machine.begin(rules);
  EXPECT_EQ(machine.health(), series.start);
  std::string states;
  for (const char* result = series.results; *result; ++result) states += mark(machine.observe(rules, *result == 'S'));
  EXPECT_EQ(states, series.states) << series.results;
}

constexpr auto kRow = Counting::consecutive, kV2 = Counting::saturating, kV4 = Counting::cumulative;

INSTANTIATE_TEST_SUITE_P(
    Table, Counts,
    testing::Values(Series{"GW-122", kV2, Health::up, 2, 3, "FFFF", "dd--"},
                    Series{"GW-123", kV2, Health::down, 2, 3, "SSS", "u++"},
                    Series{"GW-124", kV2, Health::up, 2, 3, "SFSFSFSFSF", "+d+d+d+d+d"},
                    Series{"GW-124 from failures", kV2, Health::up, 2, 3, "FFSFSFSFSF", "ddudududud"},
                    Series{"v2: two failures suffice after recovery", kV2, Health::down, 2, 3, "SSFF", "u+d-"},
                    Series{"v2 from the dark", kV2, Health::unknown, 2, 3, "SS", "u+"},
                    Series{"GW-125", kV4, Health::up, 2, 3, "FSFSF", "dud+-"},
                    Series{"v4 down stays until a success", kV4, Health::down, 2, 3, "FFSFS", "--ud+"},
                    Series{"v4 first success counts again", kV4, Health::up, 1, 2, "FSFFS", "d+--+"},
                    Series{"REL-127", kRow, Health::up, 2, 3, "FFFSFSS", "dd----+"},
                    Series{"in a row only", kRow, Health::up, 2, 3, "FFSFFSFF", "dduddudd"},
                    Series{"recovers when not yet down", kRow, Health::up, 2, 3, "FSS", "du+"},
                    Series{"one is enough", kRow, Health::up, 1, 1, "FSF", "-+-"},
                    Series{"from the dark", kRow, Health::unknown, 2, 3, "SSFFF", "u+dd-"},
                    Series{"from down", kRow, Health::down, 3, 3, "SSFSSS", "-----+"}));

// --- addresses --------------------------------------------------------------------------------------

struct Address {
  const char* target;
  const char* path;
  bool from_root;
  const char* url;
};
void PrintTo(const Address& one, std::ostream* to) { *to << one.target << " " << one.path; }

class Addresses : public testing::TestWithParam<Address> {};

// GW-127
TEST_P(Addresses, OfChecks) {
  EXPECT_EQ(health_check_url(GetParam().target, GetParam().path, GetParam().from_root), GetParam().url);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Addresses,
    testing::Values(Address{"http://h/v1", "/health", false, "http://h/v1/health"},
                    Address{"http://h/v1/", "/health", false, "http://h/v1/health"},
                    Address{"http://h/v1/", "health", false, "http://h/v1/health"},
                    Address{"http://h/v1", "/health", true, "http://h/health"},
                    Address{"http://h/v1", "health", true, "http://h/health"},
                    Address{"http://h", "/health", false, "http://h/health"},
                    Address{"http://h", "", false, "http://h/"}, Address{"http://h/v1", "", false, "http://h/v1"},
                    Address{"http://h/v1", "", true, "http://h/"},
                    Address{"http://h/a?x=1", "/health", false, "http://h/a/health?x=1"},
                    Address{"http://h/a?x=1", "/health?y=2", false, "http://h/a/health?x=1&y=2"},
                    Address{"http://h/a?x=1", "/health?y=2", true, "http://h/health?y=2"},
                    Address{"http://h/a", "?y=2", false, "http://h/a?y=2"},
                    Address{"http://h/a?x=//b", "?y=2", false, "http://h/a?x=//b&y=2"},
                    Address{"https://h:8443/a", "//b///c", false, "https://h:8443/a/b/c"},
                    Address{"http://[::1]:80/", "/c", false, "http://[::1]:80/c"},
                    Address{"http://h/a", "https://other/ok?z", false, "https://other/ok?z"},
                    Address{"jms:/queue", "/health", false, ""}, Address{"", "/health", false, ""}));

// --- times ------------------------------------------------------------------------------------------

TEST(HealthTimes, IntervalKeepsItsRhythmAndNeverCatchesUp) {
  HealthCheck check;
  check.interval = Duration(2'000);
  const TimePoint first{std::chrono::hours(1)};
  EXPECT_EQ(check.next_time(first, first, Duration(300)), first + Duration(2'000));
  EXPECT_EQ(check.next_time(first, first + Duration(1'999), Duration(300)), first + Duration(2'000));
  EXPECT_EQ(check.next_time(first, first + Duration(2'000), Duration(300)), first + Duration(4'000));
  EXPECT_EQ(check.next_time(first, first + Duration(61'500), Duration(300)), first + Duration(62'000));
}

// GW-129
TEST(HealthTimes, ScheduleIsMetTwiceInTenSecondsPlusTheOffset) {
  HealthCheck check;
  std::string problem;
  check.schedule = Cron::parse("*/5 * * * * *", problem);
  const Duration offset(700);
  TimePoint at = Clock::now();
  at = check.next_time(at, at, offset);
  for (int i = 0; i < 4; ++i) {
    const auto past_second = (Clock::wall(at) - offset).time_since_epoch() % std::chrono::seconds(5);
    const auto off = std::min<std::chrono::nanoseconds>(past_second, std::chrono::seconds(5) - past_second);
    EXPECT_LT(off, Duration(20));
    const TimePoint next = check.next_time(at, at + Duration(30), offset);
    EXPECT_NEAR(static_cast<double>((next - at) / Duration(1)), 5'000, 20);
    at = next;
  }
}

TEST(HealthTimes, ScheduleWithoutAFutureIsNeverMet) {
  HealthCheck check;
  std::string problem;
  check.schedule = Cron::parse("0 0 0 30 2 *", problem);
  EXPECT_EQ(check.next_time(Clock::now(), Clock::now(), Duration(0)), TimePoint::max());
}

// --- memory -------------------------------------------------------------------------------------------

HealthOutcome outcome(bool passed, int status = 200) {
  HealthOutcome made;
  made.passed = passed;
  made.status = status;
  made.took = Duration(7);
  return made;
}

const TimePoint kBegin{std::chrono::hours(24 * 30)};

using Window = Availability::Window;

// GW-134
TEST(HealthAvailability, EightOfTenIsEightyPercentAndNoCheckIsNoData) {
  HealthRecord record;
  HealthRules rules;
  EXPECT_EQ(record.availability(Window::minute, kBegin), std::nullopt);
  for (int i = 0; i < 10; ++i) record.add(rules, outcome(i >= 2), kBegin + Duration(2'000) * i);
  for (const Window window : {Window::minute, Window::hour, Window::day, Window::week, Window::month})
    EXPECT_EQ(record.availability(window, kBegin + Duration(20'000)), 80.0);
}

TEST(HealthAvailability, EachWindowForgetsAfterItsTime) {
  using std::chrono::minutes;
  HealthRecord record;
  record.add(HealthRules(), outcome(false), kBegin);
  struct { Window window; std::chrono::seconds length; } const windows[] = {{Window::minute, minutes(1)},
                                                                          {Window::hour, minutes(60)},
                                                                          {Window::day, minutes(24 * 60)},
                                                                          {Window::week, minutes(7 * 24 * 60)},
                                                                          {Window::month, minutes(30 * 24 * 60)}};
  for (const auto& [window, length] : windows) {
    EXPECT_EQ(record.availability(window, kBegin + length - length / 10), 0.0);
    EXPECT_EQ(record.availability(window, kBegin + length), std::nullopt);
  }
  // A bucket that is used again holds nothing of the time before.
  record.add(HealthRules(), outcome(true), kBegin + minutes(1));
  EXPECT_EQ(record.availability(Window::minute, kBegin + minutes(1)), 100.0);
}

// GW-133
TEST(HealthEvents, SayOldAndNewStateAndTime) {
  HealthRecord record;
  HealthRules rules;
  EXPECT_TRUE(record.begin(rules));
  EXPECT_FALSE(record.begin(rules));
  const HealthEvent event = record.add(rules, outcome(false, 503), kBegin);
  EXPECT_EQ(event.before, Health::up);
  EXPECT_EQ(event.after, Health::transitionally_down);
  EXPECT_TRUE(event.is_transition());
  EXPECT_EQ(event.outcome.took, Duration(7));
  EXPECT_EQ(event.outcome.status, 503);
  EXPECT_EQ(record.failed(), 1u);
  EXPECT_EQ(record.health(), Health::transitionally_down);
}

// GW-135
TEST(HealthEvents, TransitionsAreExactlyTheChecksThatChangedTheState) {
  HealthRecord record;
  HealthRules rules;
  record.begin(rules);
  for (const char result : std::string("SFSSSFFFF")) record.add(rules, outcome(result == 'S'), kBegin);
  std::string states;
  for (const HealthEvent& event : record.transitions()) states += mark(event.after);
  EXPECT_EQ(states, "-d+ud");
  EXPECT_EQ(record.recent().size(), 9u);
}

TEST(HealthEvents, AreBoundedAndTransitionsAreNotPushedOutByChecks) {
  HealthRecord record;
  HealthRules rules;
  record.begin(rules);
  record.add(rules, outcome(false, 500), kBegin);
  for (std::size_t i = 0; i < HealthRecord::kRecent * 3; ++i)
    record.add(rules, outcome(true), kBegin + Duration(static_cast<std::int64_t>(i)));
  const auto recent = record.recent();
  ASSERT_EQ(recent.size(), HealthRecord::kRecent);
  EXPECT_EQ(recent.front().at - recent.back().at, Duration(HealthRecord::kRecent - 1));
  EXPECT_EQ(record.transitions().back().outcome.status, 500);
  EXPECT_EQ(record.passed(), HealthRecord::kRecent * 3);
}

}  // namespace
}  // namespace myelin
