// Time limits: the wheel itself, and what clients and backends see of it. Time is Clock's.

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "tests/unit/http/wire.hpp"
#include "transports/http/wheel.hpp"

namespace myelin::http::test {
namespace {

using std::chrono::milliseconds;

struct Fired {
  explicit Fired(Wheel& wheel)
      : timer(wheel, this, [](void* self) {
          auto& fired = *static_cast<Fired*>(self);
          ++fired.times;
          fired.at = Clock::now();
        }) {}
  void set(Duration in) {
    due = Clock::now() + in;
    timer.set(due);
  }
  Timer timer;
  TimePoint due{};
  TimePoint at{};
  int times = 0;
};

/// Lets the wheel turn until that holds; a turn takes 100 ms.
template <typename Condition>
bool turn_until(boost::asio::io_context& io, Condition holds) {
  for (int turns = 0; turns < 300 && !holds(); ++turns)
    if (io.run_one() == 0) break;
  return holds();
}

TEST(Timers, NeverEarlyAndAtMost250MillisecondsLate) {  // REL-037
  boost::asio::io_context io;
  Wheel wheel(io);
  std::vector<std::unique_ptr<Fired>> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(std::make_unique<Fired>(wheel));
    all.back()->set(Duration(1 + i % 900));
  }
  // What a busy machine takes between two turns beyond their time is not the wheel's fault.
  std::chrono::nanoseconds stall{0};
  TimePoint last = all.front()->due;
  while (io.run_one() > 0) {
    const TimePoint now = Clock::now();
    stall = std::max<std::chrono::nanoseconds>(stall, now - last - milliseconds(100));
    last = now;
  }
  for (const auto& one : all) {
    ASSERT_EQ(one->times, 1);
    ASSERT_GE(one->at, one->due);
    ASSERT_LE(one->at - one->due, milliseconds(250) + stall);
  }
}

TEST(Timers, MovedAndClearedDeadlinesHold) {
  boost::asio::io_context io;
  Wheel wheel(io);
  Fired later(wheel), earlier(wheel), cleared(wheel), far(wheel);
  later.set(Duration(100));
  later.set(Duration(600));
  earlier.set(Duration(60'000));
  earlier.set(Duration(200));
  cleared.set(Duration(100));
  cleared.timer.clear();
  far.set(Duration(3'600'000));
  EXPECT_TRUE(turn_until(io, [&] { return later.times > 0; }));
  EXPECT_EQ(later.times, 1);
  EXPECT_GE(later.at, later.due);
  EXPECT_EQ(earlier.times, 1);
  EXPECT_GE(earlier.at, earlier.due);
  EXPECT_EQ(cleared.times, 0);
  EXPECT_EQ(far.times, 0);
  Clock::advance(Duration(3'600'000));
  EXPECT_TRUE(turn_until(io, [&] { return far.times > 0; }));
  EXPECT_EQ(far.times, 1);
  EXPECT_EQ(later.times + earlier.times + cleared.times, 2);
}

TEST(Timers, RunOnlyWhileSomethingIsArmed) {
  boost::asio::io_context io;
  Wheel wheel(io);
  {
    Fired one(wheel);
    one.set(Duration(50));
    EXPECT_TRUE(turn_until(io, [&] { return one.times > 0; }));
    EXPECT_EQ(one.times, 1);
  }
  while (io.run_one_for(milliseconds(1'000)) > 0) {}
  io.restart();
  EXPECT_EQ(io.run_for(milliseconds(250)), 0u);
}

std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

TEST(TimeLimits, DrippedHeadEndsWith408) {  // REL-030
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\n");
  std::this_thread::sleep_for(milliseconds(50));
  bool answered = false;
  for (int i = 0; i < 40 && !answered; ++i) {
    client.send("X: y\r\n");  // bytes keep coming; it does not help
    Clock::advance(Duration(1'000));
    answered = readable(client, 120);
  }
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(echo.served, 0);
}

TEST(TimeLimits, SilentNewConnectionIsClosedWithoutAWord) {  // REL-031
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  server.settle();
  EXPECT_TRUE(advance_until(Duration(3'000), [&] { return readable(client); }));
  EXPECT_EQ(client.rest(), "");
}

TEST(TimeLimits, IdleKeepAliveConnectionIsClosed) {  // REL-032
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send(get("/"));
  client.read_message();
  server.settle();
  Clock::advance(Duration(50'000));
  EXPECT_TRUE(client.silent_for(400));
  Clock::advance(Duration(10'000));
  EXPECT_TRUE(client.ends());
}

TEST(TimeLimits, ConnectionSleepsAndWakesUp) {  // REL-131
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/" + std::to_string(i)));
    EXPECT_EQ(client.read_message().field("X-Line"), "GET /" + std::to_string(i));
    server.settle();
    Clock::advance(Duration(5'000));  // longer than it takes to fall asleep
    std::this_thread::sleep_for(milliseconds(250));
  }
}

TEST(TimeLimits, StalledBodyEndsWith408) {  // REL-033
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  server.settle();
  EXPECT_TRUE(advance_until(Duration(10'000), [&] { return readable(client); }));
  EXPECT_EQ(client.read_message().status(), 408);
}

TEST(TimeLimits, DrippedBodyEndsWith408) {  // REL-033
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  bool answered = false;
  for (int i = 0; i < 60 && !answered; ++i) {
    client.send("x");
    Clock::advance(Duration(1'000));
    answered = readable(client, 120);
  }
  EXPECT_EQ(client.read_message().status(), 408);
}

TEST(TimeLimits, ClientThatTakesNothingIsReset) {  // REL-034
  Backend backend([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    const std::string block(65536, 'z');
    while (peer.send(block)) {
    }
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = Peer::connect(proxy.running.port, 16 * 1024);
  client.send(get("/"));
  EXPECT_TRUE(advance_until(Duration(5'000), [&] { return proxy.running.shard->active() == 1; }));
  EXPECT_TRUE(advance_until(Duration(20'000), [&] { return proxy.running.shard->active() == 0; }));
  EXPECT_FALSE(client.ends());
}

TEST(TimeLimits, IdleUpstreamConnectionIsGivenUp) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  Peer upstream = backend.accept();
  upstream.read_head();
  upstream.send(ok());
  client.read_message();
  proxy.running.settle();
  EXPECT_TRUE(advance_until(Duration(20'000), [&] { return readable(upstream); }));
  EXPECT_TRUE(upstream.ends());
}

TEST(TimeLimits, SleepingUpstreamConnectionIsReused) {  // REL-131
  Backend backend(answering([](const Peer::Whole&) { return ok(); }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_message().body, "ok");
    proxy.running.settle();
    Clock::advance(Duration(5'000));
    std::this_thread::sleep_for(milliseconds(250));
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST(TimeLimits, BackendThatStopsWithinItsAnswerEndsItVisibly) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  Peer upstream = backend.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  client.read_to("abc");
  EXPECT_TRUE(advance_until(Duration(60'000), [&] { return readable(client); }));
  EXPECT_FALSE(client.ends());
}

}  // namespace
}  // namespace myelin::http::test
