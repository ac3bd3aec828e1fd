// What a listening socket's owner decides: who is told about exchanges, what memory pressure does, and
// how management differs.

#include <mutex>

#include "tests/unit/http/http2_wire.hpp"
#include "transports/http/counters.hpp"
#include "transports/http/listening.hpp"
#include "transports/http/memory_gauge.hpp"

namespace myelin::http::test {
namespace {

std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

/// Keeps what it is told as one line each.
class Notes final : public Observer {
 public:
  void ended(const ExchangeReport& report) override {
    std::lock_guard lock(mutex_);
    lines_.push_back(std::string(report.request_line) + " " + std::to_string(report.status) + " " +
                     std::to_string(report.body) + (report.complete ? "" : " cut") + (report.message ? "" : " refused") +
                     " " + std::string(report.referer) + std::string(report.user_agent));
    received_ += report.received;
    sent_ += report.sent;
  }
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  std::uint64_t received_ = 0, sent_ = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A shard with one entrance as told, and another port for management.
class Front {
 public:
  Front(Pipeline& pipeline, Observer* observer, Config config = Config()) : shard(std::move(config)) {
    for (const bool management : {false, true}) {
      auto socket = bind_socket("127.0.0.1", 0);
      EXPECT_TRUE(socket.ok());
      (management ? management_port : port) = port_of(*socket);
      EXPECT_TRUE(shard.listen(*socket, Entrance{&pipeline, nullptr, management ? nullptr : observer, management}).ok());
    }
    thread_ = std::thread([this] { shard.run(); });
  }
  ~Front() {
    shard.stop();
    join();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  Peer connect() const { return Peer::connect(port); }
  Peer manage() const { return Peer::connect(management_port); }
  void settle() {
    for (int i = 0; i < 2; ++i) {
      std::promise<void> done;
      shard.post([&done] { done.set_value(); });
      done.get_future().wait();
    }
  }

  Shard shard;
  std::uint16_t port = 0, management_port = 0;

 private:
  std::thread thread_;
};

TEST(Entrance, ItsObserverIsToldAboutEachExchange) {
  EchoPipeline echo;
  Notes notes;
  Front front(echo, &notes);
  const std::string first = get("/1", "Referer: r\r\nUser-Agent: u\r\n"), second = "\r\n" + get("/2"), third = "BAD\r\n\r\n";
  Peer client = front.connect();
  client.send(first);
  std::uint64_t sent = client.read_message().head.size();
  client.send(second);
  sent += client.read_message().head.size();
  client.send("POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  sent += client.read_message().head.size() + 5;
  client.send(third);
  sent += client.rest().size();
  front.manage().send(get("/management"));
  front.settle();
  EXPECT_EQ(notes.lines(), (std::vector<std::string>{"GET /1 HTTP/1.1 200 0 ru", "GET /2 HTTP/1.1 200 0 ",
                                                     "POST /3 HTTP/1.1 200 5 ", "BAD 400 0 refused "}));
  EXPECT_EQ(notes.sent_, sent);
  EXPECT_EQ(notes.received_, first.size() + second.size() + third.size() + 53);
}

TEST(Entrance, AClientThatLeavesIsTold) {
  Backend backend;
  Notes notes;
  ProxyPipeline proxy(backend.port());
  Front front(proxy, &notes);
  proxy.use(front.shard);
  Peer client = front.connect();
  client.send(get("/gone"));
  Peer upstream = backend.accept();
  upstream.read_head();
  client.reset();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x'));
  upstream.close();
  for (int i = 0; i < kPatience && notes.lines().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(notes.lines().size(), 1u);
  EXPECT_NE(notes.lines()[0].find("GET /gone HTTP/1.1 200 "), std::string::npos) << notes.lines()[0];
  EXPECT_NE(notes.lines()[0].find(" cut"), std::string::npos) << notes.lines()[0];
}

TEST(Entrance, ItsObserverIsToldAboutHttp2Exchanges) {
  EchoPipeline echo;
  Notes notes;
  Front front(echo, &notes);
  Http2Peer client(front.connect());
  client.greet();
  client.answer(client.get("/1", {{"referer", "r"}, {"user-agent", "u"}}));
  client.answer(client.post("/2", "hello"));
  client.answer(client.get("/3", {{"expect", "something else"}}));
  front.settle();
  EXPECT_EQ(notes.lines(), (std::vector<std::string>{"GET /1 HTTP/2.0 200 0 ru", "POST /2 HTTP/2.0 200 5 ",
                                                     "GET /3 HTTP/2.0 417 0 refused "}));
  EXPECT_GT(notes.received_, kPreface.size() + 5);
  EXPECT_GT(notes.sent_, 5u);
}

class Told final : public Gauge {
 public:
  Pressure pressure(TimePoint) noexcept override { return level; }
  std::atomic<Pressure> level{Pressure::none};
};

// REL-132: first connections are not kept, then requests are sent away, then nobody is let in; and
// management is served all the time.
TEST(Entrance, MemoryPressureShedsLoadByDegrees) {
  EchoPipeline echo;
  Config config;
  const auto gauge = std::make_shared<Told>();
  config.gauge = gauge;
  Front front(echo, nullptr, config);
  Peer client = front.connect();
  client.send(get("/"));
  EXPECT_FALSE(client.read_message().has("Connection: close"));

  gauge->level = Pressure::no_keep_alive;
  client.send(get("/"));
  const auto last = client.read_message();
  EXPECT_EQ(last.status(), 200);
  EXPECT_TRUE(last.has("Connection: close"));
  EXPECT_TRUE(client.ends());

  gauge->level = Pressure::no_new_work;
  client = front.connect();
  client.send(get("/"));
  const auto refused = client.read_message();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(refused.field("Content-Length"), "0");
  EXPECT_TRUE(refused.has("Connection: close"));
  EXPECT_EQ(echo.served, 2);
  EXPECT_EQ(front.shard.counters().shed.get(), 1u);

  gauge->level = Pressure::no_accept;
  client = front.connect();
  client.send(get("/"));
  Peer manager = front.manage();
  manager.send(get("/"));
  EXPECT_EQ(manager.read_message().status(), 200);
  EXPECT_FALSE(readable(client, 50));
  gauge->level = Pressure::none;
  EXPECT_EQ(client.read_message().status(), 200);
}

TEST(Entrance, MemoryPressureShedsHttp2Requests) {  // REL-132
  EchoPipeline echo;
  Config config;
  const auto gauge = std::make_shared<Told>();
  config.gauge = gauge;
  Front front(echo, nullptr, config);
  Http2Peer client(front.connect());
  client.greet();
  EXPECT_EQ(client.exchange("/").status(), 200);
  gauge->level = Pressure::no_new_work;
  const Http2Answer& refused = client.exchange("/");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.field("retry-after"), "1");
  EXPECT_EQ(client.goaway_code(), 0) << "the connection ends";
  EXPECT_EQ(echo.served, 1);
}

TEST(MemoryGauge, ItsLevelsArePercentOfTheTarget) {  // REL-132
  std::size_t resident = 0;
  MemoryGauge gauge(1000, [&resident] { return resident; });
  TimePoint now = Clock::now();
  const auto at = [&](std::size_t bytes) {
    resident = bytes;
    now += std::chrono::milliseconds(100);
    return gauge.pressure(now);
  };
  EXPECT_EQ(at(849), Pressure::none);
  EXPECT_EQ(at(850), Pressure::no_keep_alive);
  EXPECT_EQ(at(919), Pressure::no_keep_alive);
  EXPECT_EQ(at(920), Pressure::no_new_work);
  EXPECT_EQ(at(969), Pressure::no_new_work);
  EXPECT_EQ(at(970), Pressure::no_accept);
  EXPECT_EQ(at(100), Pressure::none);
  resident = 2000;
  EXPECT_EQ(gauge.pressure(now), Pressure::none) << "it is measured ten times a second";
}

// REL-158: management goes on while the shard drains, and beyond that until it is let go.
TEST(Entrance, ManagementStaysUntilTheEnd) {
  EchoPipeline echo;
  Front front(echo, nullptr);
  Peer idle = front.connect();
  idle.send(get("/"));
  idle.read_message();
  front.shard.drain(Duration(30'000), true);
  EXPECT_TRUE(idle.ends());
  for (int i = 0; i < 2; ++i) {
    Peer manager = front.manage();
    manager.send(get("/"));
    const auto answer = manager.read_message();
    EXPECT_EQ(answer.status(), 200);
    EXPECT_TRUE(answer.has("Connection: close"));
  }
  EXPECT_EQ(front.shard.counters().accepted.get(), 1u);
  front.shard.let_end();
  front.join();
}

// REL-157: who connected before the drain and speaks only then is answered.
TEST(Entrance, ADrainHearsWhoHasJustConnected) {
  EchoPipeline echo;
  Front front(echo, nullptr);
  Peer client = front.connect();
  client.send("G");
  client = front.connect();
  Peer silent = front.connect();
  while (front.shard.counters().accepted.get() < 3) std::this_thread::yield();
  front.shard.drain(Duration(30'000));
  front.settle();
  client.send(get("/"));
  EXPECT_EQ(client.read_message().status(), 200);
  EXPECT_TRUE(advance_until(Duration(1'100), [&] { return readable(silent); }));
  front.join();
}

// REL-158: a request that is on its way on a connection that was kept is answered, as the last one.
TEST(Entrance, ADrainHearsWhoKeepsAConnection) {
  EchoPipeline echo;
  Front front(echo, nullptr);
  Peer client = front.connect(), silent = front.connect();
  for (Peer* one : {&client, &silent}) {
    one->send(get("/"));
    EXPECT_EQ(one->read_message().status(), 200);
  }
  front.shard.drain(Duration(30'000));
  front.settle();
  client.send(get("/"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(advance_until(Duration(1'100), [&] { return readable(silent); }));
  EXPECT_TRUE(silent.ends());
  front.join();
}

TEST(Listening, AnAddressIsFreeOnlyIfNobodyElseHasIt) {  // REL-160
  auto socket = bind_socket("127.0.0.1", 0);
  ASSERT_TRUE(socket.ok());
  EXPECT_TRUE(shares_port(*socket));
  EXPECT_EQ(address_of(*socket), "127.0.0.1");
  auto second = bind_socket("127.0.0.1", port_of(*socket));
  ASSERT_TRUE(second.ok()) << "shards share a port";
  ::close(*second);
  ASSERT_EQ(::listen(*socket, 1), 0);
  EXPECT_FALSE(check_free("127.0.0.1", port_of(*socket)).ok());
  const std::uint16_t port = port_of(*socket);
  ::close(*socket);
  EXPECT_TRUE(check_free("127.0.0.1", port).ok());
  EXPECT_FALSE(bind_socket("no address", 0).ok());
}

}  // namespace
}  // namespace myelin::http::test
