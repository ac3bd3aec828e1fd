// A wall clock that is set while the server runs.

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "tests/support/backend.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

constexpr std::int64_t kHour = 3600;

/// A server whose wall clock a test can set.
class WallClock : public testing::Test {
 protected:
  void start(const std::string& configuration) {
    if (kSanitized) GTEST_SKIP() << "sanitizers have to be loaded first";
    set(0);
    server.threads = 1;
    server.write("synapse.xml", configuration);
    ::setenv("LD_PRELOAD", MYELIN_WALL_CLOCK, 1);
    ::setenv("WALL_CLOCK_ERROR", error_.c_str(), 1);
    server.start();
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("WALL_CLOCK_ERROR");
  }
  /// Written in place, as the server has it mapped.
  void set(std::int64_t seconds) {
    std::fstream file(error_, std::ios::binary | std::ios::in | std::ios::out);
    if (!file) file.open(error_, std::ios::binary | std::ios::out);
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  }
  /// How wrong the server's clock is, as its Date says.
  std::int64_t error_of(const HttpMessage& answer) const {
    std::tm date{};
    if (!::strptime(answer.header("Date").c_str(), "%a, %d %b %Y %H:%M:%S", &date)) return 0;
    return ::timegm(&date) - std::time(nullptr);
  }

  TemporaryFolder folder_;
  const std::filesystem::path error_ = folder_.path() / "error";
  Myelin server;
};

// REL-038: neither time-outs nor suspensions notice, whichever way the clock goes; the Date does.
TEST_F(WallClock, AJumpChangesNothing) {
  Backend backend("A");
  backend.behave(Behaviour::of(Behaviour::Kind::refuse));
  start(main_sequence("<send><endpoint><address uri=\"" + backend.address() + "/\"><suspendOnFailure><initialDuration>30000"
                      "</initialDuration></suspendOnFailure></address></endpoint></send>"));
  if (IsSkipped()) return;
  HttpClient kept = server.client();
  EXPECT_EQ(kept.get("/").status(), 502);
  backend.behave(Behaviour::replying("back"));
  for (const std::int64_t jump : {kHour, -kHour}) {
    set(jump);
    const auto answer = kept.get("/");  // the connection was kept, and the endpoint is still suspended
    EXPECT_EQ(answer.status(), 503) << answer.trouble;
    EXPECT_NEAR(static_cast<double>(error_of(answer)), static_cast<double>(jump), 60) << "it has seen the jump";
    EXPECT_EQ(backend.count(), 0u);
  }
  server.advance(Millis(31'000));
  EXPECT_EQ(kept.get("/").body, "back");
  server.advance(Millis(61'000));
  EXPECT_EQ(kept.reader().read_end(), Stream::End::closed) << "idle for a minute";
}

// REL-038: who waits for a back end waits neither longer nor shorter.
TEST_F(WallClock, AJumpEndsNoWait) {
  Backend backend("A");
  backend.behave(Behaviour::of(Behaviour::Kind::hang));
  start(main_sequence("<send><endpoint><address uri=\"" + backend.address() + "/\"><timeout><duration>20000</duration>"
                      "<responseAction>fault</responseAction></timeout></address></endpoint></send>"));
  if (IsSkipped()) return;
  HttpClient waiting = server.client();
  waiting.send_request("GET", "/", {}, "");
  ASSERT_TRUE(backend.await(1));
  set(kHour);
  server.advance(Millis(10'000));
  EXPECT_EQ(waiting.reader().read_end(Millis(300)), Stream::End::timed_out) << "not before its time";
  set(-kHour);
  server.advance(Millis(11'000));
  EXPECT_EQ(waiting.receive("GET").status(), 504);
}

}  // namespace
}  // namespace myelin::test
