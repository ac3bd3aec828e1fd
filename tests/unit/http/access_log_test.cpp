// The ring between a shard and the writer of the access log, and the lines themselves.

#include "transports/http/access_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/message/message.hpp"
#include "tests/support/tight_file.hpp"
#include "transports/http/line_ring.hpp"

namespace myelin::http::test {
namespace {

bool put(LineRing& ring, std::string_view line) {
  char* room = ring.reserve(line.size());
  if (!room) return false;
  line.copy(room, line.size());
  ring.commit(line.size());
  return true;
}

std::string take(LineRing& ring) {
  std::string all;
  for (std::string_view lines; !(lines = ring.lines()).empty(); ring.taken(lines)) all += lines;
  return all;
}

TEST(LineRing, KeepsOrderAndRefusesWhenFull) {  // REL-138
  LineRing ring(10);
  EXPECT_TRUE(put(ring, "abcd"));
  EXPECT_TRUE(put(ring, "efgh"));
  EXPECT_FALSE(put(ring, "ijkl"));
  EXPECT_TRUE(put(ring, "ij"));
  EXPECT_FALSE(put(ring, "k"));
  EXPECT_EQ(take(ring), "abcdefghij");
  EXPECT_EQ(take(ring), "");
}

TEST(LineRing, GoesOnAtTheStartWithWholeLines) {
  LineRing ring(10);
  for (int i = 0; i < 100; ++i) {
    const std::string first = std::to_string(i) + ".", second = std::to_string(i * 7) + ";";
    ASSERT_TRUE(put(ring, first));
    ASSERT_EQ(take(ring), first);
    ASSERT_TRUE(put(ring, second)) << i;
    ASSERT_EQ(ring.lines(), second) << "a line is never cut in two";
    ASSERT_EQ(take(ring), second);
  }
}

TEST(LineRing, LosesNothingBetweenTwoThreads) {
  LineRing ring(20'000);
  constexpr int kLines = 50'000;
  std::thread writer([&ring] {
    for (int i = 0; i < kLines; ++i) {
      const std::string line = std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), 'x') + "\n";
      while (!put(ring, line)) std::this_thread::yield();
    }
  });
  int expected = 0;
  std::string text;
  while (expected < kLines) {
    text += take(ring);
    std::size_t start = 0;
    for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1, ++expected)
      ASSERT_EQ(std::stoi(text.substr(start, end - start)), expected);
    text.erase(0, start);
  }
  writer.join();
}

class AccessLine : public testing::Test {
 protected:
  AccessLine() {
    report.client = "10.1.2.3";
    report.request_line = "GET /a HTTP/1.1";
    report.status = 200;
    report.complete = true;
    report.body = 12;
    report.took = std::chrono::microseconds(1'234'567);
    report.message = &message;
  }
  std::string line(AccessFormat format) const {
    const std::chrono::system_clock::time_point when{std::chrono::milliseconds(971'186'136'042)};
    const AccessEntry entry{report, "proxy", "P", when};
    std::string text(longest_line(entry), '\0');
    text.resize(write_line(format, entry, text.data()));
    return text;
  }
  ExchangeReport report;
  Message message;
};

TEST_F(AccessLine, CommonAndCombined) {
  EXPECT_EQ(line(AccessFormat::common),
            "10.1.2.3 - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 12 1.234567 - -\n");
  report.user_agent = "tester \"1\"\x7f\xc3\xa9";
  message.identity.request_id = "r1";
  message.identity.trace_id = "0af7651916cd43dd8448eb211c80319c";
  EXPECT_EQ(line(AccessFormat::combined),
            "10.1.2.3 - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" "
            "\"tester \\x221\\x22\\x7f\\xc3\\xa9\" 1.234567 r1 0af7651916cd43dd8448eb211c80319c\n");
}

TEST_F(AccessLine, JsonKeepsUtf8AndNothingElseThatIsNoAscii) {
  report.referer = "\xc3\xa9\t";
  report.user_agent = "\xff\\";
  message.endpoint = "E";
  message.backend = "b:80";
  EXPECT_EQ(line(AccessFormat::json),
            "{\"time\":\"2000-10-10T13:55:36.042Z\",\"client\":\"10.1.2.3\",\"request\":\"GET /a HTTP/1.1\","
            "\"status\":200,\"complete\":true,\"body_bytes\":12,\"received_bytes\":0,\"sent_bytes\":0,"
            "\"seconds\":1.234567,\"referer\":\"\xc3\xa9\\u0009\",\"user_agent\":\"\\u00ff\\\\\","
            "\"service_type\":\"proxy\",\"service\":\"P\",\"endpoint\":\"E\",\"backend\":\"b:80\"}\n");
}

TEST_F(AccessLine, AnAbsentAnswerIs499AndAnAbsentRequestADash) {
  report.message = nullptr;
  report.status = 0;
  report.request_line = {};
  EXPECT_NE(line(AccessFormat::common).find("\"-\" 499 "), std::string::npos);
}

// REL-089: whatever the fields hold, the line fits the room that was asked for and ends in "...".
TEST_F(AccessLine, FieldsAreCutAt8KiB) {
  for (const char* piece : {"a", "\x01", "\"", "\xc3\xa9", "\xe2\x82\xac", "\xff"})
    for (const std::size_t size : {8'185u, 8'190u, 8'192u, 8'200u, 100'000u}) {
      std::string field;
      while (field.size() < size) field += piece;
      report.request_line = report.referer = report.user_agent = field;
      for (const auto format : {AccessFormat::common, AccessFormat::combined, AccessFormat::json}) {
        const std::string text = line(format);
        EXPECT_LT(text.size(), 3 * (8 * 1024 + 3) + 600);
        EXPECT_EQ(text.back(), '\n');
        EXPECT_EQ(text.find("...\"") != std::string::npos || size <= 8'192, true);
        // No character of several bytes is cut in two.
        EXPECT_TRUE(format != AccessFormat::json || text::valid_utf8(text)) << piece << size;
      }
    }
}

// REL-138: the line that a full disk has cut is finished when there is room again; lines after it were lost.
TEST(AccessLog, CutsNoLineInTwo) {
  myelin::test::TightFile file(100);
  ExchangeReport report;
  report.status = 200;
  report.request_line = "GET / HTTP/1.1";
  report.client = "127.0.0.1";
  const AccessEntry entry{report, "main", "main", std::chrono::system_clock::now()};
  std::string text;
  {
    auto log = AccessLog::open(file.path(), AccessFormat::common, 1);
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 3; ++i) (*log)->write(0, entry);
    for (int i = 0; i < 1000 && (*log)->dropped() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ((*log)->dropped(), 1u);
    file.make_room();
    (*log)->write(0, entry);
  }
  text = file.text();
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(line.starts_with("127.0.0.1 - - [")) << line;
    EXPECT_TRUE(line.ends_with(" 200 0 0.000000 - -")) << line;
  }
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace myelin::http::test
