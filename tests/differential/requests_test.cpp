// Odd requests, read by Myelin and by four other servers (REL-050..068, REL-085, REL-173): what Myelin
// accepts nobody may read differently, neither as the client sent it nor as Myelin passes it on.

#include <gtest/gtest.h>

#include "tests/differential/all_servers.hpp"
#include "tests/differential/table.hpp"

namespace myelin::differential {
namespace {

using test::Millis;

/// Longer than the time-outs of the other servers, which are a second.
constexpr Millis kPatience{1500};

std::vector<Row> table() { return read_table(MYELIN_SOURCE_DIR "/tests/differential/requests.txt"); }

bool ends(const Reading& reading) { return reading.target == "/end"; }

/// `%2e` is a dot; REL-085 has dot segments removed before a path is routed and passed on.
std::string without_dots(const std::string& target) {
  const auto query = std::min(target.find('?'), target.size());
  std::vector<std::string> segments;
  bool directory = false;
  for (std::size_t at = 1; at <= query;) {
    const auto end = std::min(target.find('/', at), query);
    std::string segment = target.substr(at, end - at), dots;
    for (std::size_t i = 0; i < segment.size(); ++i) {
      const std::string three = segment.substr(i, 3);
      const bool encoded = three == "%2e" || three == "%2E";
      dots += encoded ? '.' : segment[i];
      if (encoded) i += 2;
    }
    directory = dots == "." || dots == "..";
    if (dots == ".." && !segments.empty()) segments.pop_back();
    else if (!directory) segments.push_back(segment);
    at = end + 1;
  }
  if (target.empty() || target.front() != '/') return target;
  std::string path;
  for (const std::string& segment : segments) path += '/' + segment;
  if (directory || path.empty()) path += '/';
  return path + target.substr(query);
}

/// RFC 3986: triplets of unreserved characters are these, and what no URI may hold is a triplet. lighttpd
/// rewrites targets so.
std::string canonical(const std::string& target) {
  constexpr std::string_view kUnreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  constexpr std::string_view kDelimiters = "/?:@!$&'()*+,;=";
  constexpr std::string_view kHex = "0123456789ABCDEFabcdef";
  std::string made;
  for (std::size_t i = 0; i < target.size(); ++i) {
    char c = target[i];
    const bool triplet = c == '%' && i + 2 < target.size() && kHex.find(target[i + 1]) != kHex.npos && kHex.find(target[i + 2]) != kHex.npos;
    if (triplet) c = static_cast<char>(std::stoi(target.substr(i + 1, 2), nullptr, 16));
    if (triplet) i += 2;
    if (kUnreserved.find(c) != kUnreserved.npos || (!triplet && kDelimiters.find(c) != kDelimiters.npos)) {
      made += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      made += {'%', kHex[byte / 16], kHex[byte % 16]};
    }
  }
  return made;
}

class Differential : public testing::TestWithParam<Row> {
 protected:
  bool refused() const { return GetParam().verb == "refused"; }

  void expect_of_myelin(const Outcome& outcome) {
    ASSERT_TRUE(outcome.closed) << "Myelin waits for more" << outcome.text();
    if (refused()) {
      EXPECT_TRUE(outcome.readings.empty()) << "Myelin passes on" << outcome.text();
      ASSERT_FALSE(outcome.statuses.empty());
      EXPECT_EQ(outcome.statuses.back(), GetParam().status()) << outcome.text();
      return;
    }
    ASSERT_EQ(GetParam().verb, "accepted");
    const std::string times = GetParam().details.empty() ? "twice" : GetParam().details.front();
    EXPECT_EQ(outcome.readings.size(), times == "once" ? 1u : times == "twice" ? 2u : 3u) << "Myelin" << outcome.text();
  }

  /// The message of that number, as both read it.
  void expect_same(const std::string& name, Reading ours, Reading theirs, const char* what) {
    theirs.target = without_dots(theirs.target);
    if (name == "lighttpd") {
      ours.target = canonical(ours.target);
      theirs.target = canonical(theirs.target);
    }
    for (const std::string& difference : differences(ours, theirs)) {
      if (GetParam().is_decided(name, difference)) continue;
      ADD_FAILURE() << name << " reads another " << difference << " in " << what << "\n  Myelin: " << ours.text()
                    << "\n  " << name << ": " << theirs.text();
    }
  }

  void compare(const std::string& name, const Outcome& ours, const Outcome& theirs, const char* what) {
    const std::size_t both = std::min(ours.readings.size(), theirs.readings.size());
    for (std::size_t i = 0; i < both; ++i) expect_same(name, ours.readings[i], theirs.readings[i], what);
    if (theirs.readings.size() < ours.readings.size()) {
      std::string statuses;
      for (const int status : theirs.statuses) statuses += (statuses.empty() ? ":" : ",") + std::to_string(status);
      all_servers().stricter(name, GetParam().name + statuses);
    }
    if (theirs.readings.size() > ours.readings.size() && !GetParam().is_decided(name, "messages"))
      ADD_FAILURE() << name << " reads more messages in " << what << "\n  Myelin:" << ours.text() << "\n  " << name << ":" << theirs.text();
  }

  /// What Myelin passed on, each message followed by one that ends the connection.
  void pass_on(const std::string& name, Server& server, const Outcome& ours) {
    for (const Reading& reading : ours.readings) {
      if (ends(reading)) continue;
      Outcome expected;
      expected.readings = {reading, Reading{"GET", "/end", "h", "", ""}};
      compare(name, expected, server.send(reading.raw + kEnd, kPatience), "what Myelin passes on");
    }
  }
};

TEST_P(Differential, IsReadAlike) {
  const Row& row = GetParam();
  const Outcome ours = all_servers().myelin->send(row.bytes + kEnd, test::kPatience);
  expect_of_myelin(ours);
  if (HasFatalFailure()) return;
  if (!refused())
    for (const auto& [name, server] : all_servers().others) {
      compare(name, ours, server->send(row.bytes + kEnd, kPatience), "what the client sends");
      pass_on(name, *server, ours);
    }
  if (all_servers().others.empty()) GTEST_SKIP() << "none of the other servers is here: scripts/incumbents";
}

INSTANTIATE_TEST_SUITE_P(Requests, Differential, testing::ValuesIn(table()), [](const auto& row) { return row.param.name; });

class Incumbents : public testing::TestWithParam<const char*> {};

TEST_P(Incumbents, ReadWhatIsNotOdd) {
  const auto found = all_servers().others.find(GetParam());
  if (found == all_servers().others.end()) GTEST_SKIP() << "not installed: scripts/incumbents";
  const std::string bytes = "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloPOST /b HTTP/1.1\r\nHost: h\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const Outcome outcome = found->second->send(bytes + kEnd, kPatience);
  ASSERT_EQ(outcome.readings.size(), 3u) << outcome.text();
  EXPECT_EQ(outcome.readings[0].text(), "POST /a?b host=h body=\"hello\"");
  EXPECT_EQ(outcome.readings[1].text(), "POST /b host=h body=\"abc\"");
  EXPECT_TRUE(ends(outcome.readings[2]));
}

INSTANTIATE_TEST_SUITE_P(Servers, Incumbents, testing::ValuesIn(kNames), [](const auto& name) { return std::string(name.param); });

TEST(Table, HasAtLeast300Rows) { EXPECT_GE(table().size(), 300u); }

}  // namespace
}  // namespace myelin::differential
