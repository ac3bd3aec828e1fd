// Odd answers of a backend, read by Myelin and by four other servers (REL-050..058, REL-065..067, REL-070..073,
// REL-079, REL-173): an answer that Myelin passes on whole nobody may read differently.

#include <gtest/gtest.h>

#include "tests/differential/all_servers.hpp"
#include "tests/differential/table.hpp"

namespace myelin::differential {
namespace {

using test::HttpMessage;

HttpMessage ask(Server& server, const Row& row) {
  server.recorder().answer_with(row.bytes);
  test::HttpClient client(server.port());
  client.send("GET /" + row.name + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  HttpMessage answer = client.receive("GET");
  server.recorder().take();
  server.recorder().answer_with({});
  return answer;
}

std::string text_of(const HttpMessage& answer) {
  return (answer.complete ? "" : "cut: ") + std::to_string(answer.status()) + ' ' + testing::PrintToString(answer.body.substr(0, 200));
}

class Answers : public testing::TestWithParam<Row> {
 protected:
  void compare(const std::string& name, const HttpMessage& ours, const HttpMessage& theirs) {
    const bool refused = !theirs.complete || (theirs.status() >= 500 && theirs.status() != ours.status());
    if (refused) return all_servers().stricter(name, GetParam().name + ':' + std::to_string(theirs.status()));
    if (ours.status() != theirs.status() && !GetParam().is_decided(name, "status"))
      ADD_FAILURE() << name << " reads another status\n  Myelin: " << text_of(ours) << "\n  " << name << ": " << text_of(theirs);
    if (ours.body != theirs.body && !GetParam().is_decided(name, "body"))
      ADD_FAILURE() << name << " reads another body\n  Myelin: " << text_of(ours) << "\n  " << name << ": " << text_of(theirs);
  }
};

TEST_P(Answers, AreReadAlike) {
  const Row& row = GetParam();
  const HttpMessage ours = ask(*all_servers().myelin, row);
  if (row.verb == "refused") {
    EXPECT_TRUE(ours.complete && ours.status() == 502 && ours.body.empty()) << text_of(ours);
  } else if (row.verb == "cut") {
    EXPECT_TRUE(!ours.complete && ours.status() == 200) << text_of(ours);
  } else {
    ASSERT_EQ(row.verb, "answered");
    ASSERT_EQ(row.details.size(), 2u) << "a status and a body are needed";
    EXPECT_TRUE(ours.complete && ours.status() == row.status() && ours.body == row.details[1]) << text_of(ours);
    for (const auto& [name, server] : all_servers().others) compare(name, ours, ask(*server, row));
  }
  for (const char* odd : {"Transfer-Encoding", "Content-Length"})
    EXPECT_EQ(ours.header(odd).find(','), std::string::npos) << ours.raw;
  EXPECT_EQ(ours.raw.find("smuggled"), std::string::npos) << ours.raw;
  if (all_servers().others.empty()) GTEST_SKIP() << "none of the other servers is here: scripts/incumbents";
}

INSTANTIATE_TEST_SUITE_P(Backends, Answers, testing::ValuesIn(read_table(MYELIN_SOURCE_DIR "/tests/differential/answers.txt")),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace myelin::differential
