// What the server costs before it does anything.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

long number_after(const std::string& line, const std::string& name) {
  const auto at = line.find(name);
  return at == std::string::npos ? -1 : std::atol(line.c_str() + at + name.size());
}

TEST(Footprint, AThousandEndpointsAreReadyAtOnce) {
  Myelin server;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "e" + std::to_string(i);
    server.write("endpoints/" + name + ".xml", "<endpoint name=\"" + name +
                                                   "\" xmlns=\"http://ws.apache.org/ns/synapse\"><address uri=\"http://localhost:1/" +
                                                   name + "\"><suspendOnFailure><initialDuration>1000</initialDuration>"
                                                   "</suspendOnFailure></address></endpoint>");
  }
  ASSERT_TRUE(server.start());
  EXPECT_GE(number_after(server.ready_line(), "artifacts="), 1000) << server.ready_line();
  // A tenth of this on an idle machine, optimised; the tests share theirs.
  EXPECT_LT(number_after(server.ready_line(), " ms="), kSanitized ? 30'000 : 1000) << server.ready_line();
  EXPECT_EQ(server.get("/endpoints/e999x").status(), 404);
}

TEST(Footprint, IdleIsUnder15Megabytes) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's memory says nothing";
  Myelin server(main_sequence("<respond/>"));
  EXPECT_EQ(server.get("/").status(), 200);
  EXPECT_LT(memory_kib(server.process().id(), "VmRSS"), 15 * 1024);
}

TEST(Footprint, ReadyLineTellsWhereItListens) {
  Myelin server(main_sequence("<respond/>"));
  EXPECT_EQ(server.ready_line(), "myelin ready http=127.0.0.1:" + std::to_string(server.port()) + " https=- admin=127.0.0.1:" +
                                     std::to_string(server.admin_port()) + " artifacts=" +
                                     std::to_string(number_after(server.ready_line(), "artifacts=")) + " ms=" +
                                     std::to_string(number_after(server.ready_line(), " ms=")));
}

// REL-160: a port that is taken ends it at once with exit code 2, naming the port.
TEST(Footprint, ABusyPortEndsItAtOnce) {
  Listener taken;
  taken.listen();
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", main_sequence("<respond/>"));
  const std::string port = std::to_string(taken.port());
  const Outcome outcome = run({binary(), "run", "--conf", folder.path().string(), "--http", "127.0.0.1:" + port,
                               "--admin", "127.0.0.1:0"},
                              folder.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE((outcome.output + outcome.errors).find(port), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace myelin::test
