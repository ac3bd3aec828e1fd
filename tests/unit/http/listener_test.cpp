// What a client of the listener sees: keep-alive, pipelining, framing, limits, time-outs, draining.

#include <sys/resource.h>

#include "tests/unit/http/wire.hpp"
#include "transports/http/counters.hpp"

namespace myelin::http::test {
namespace {

std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view body, std::string_view fields = {}) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

TEST(Listener, AnswersManyRequestsOnOneConnection) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  for (int i = 0; i < 20; ++i) {
    client.send(post("body " + std::to_string(i)));
    const auto answer = client.read_message();
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, "body " + std::to_string(i));
    EXPECT_EQ(answer.field("X-Line"), "POST /p");
  }
}

TEST(Listener, WritesItsOwnFramingDateAndServer) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send(post("x"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("Server"), "Myelin");  // SRV-149
  EXPECT_FALSE(answer.field("Date").empty());
  EXPECT_EQ(answer.field("Content-Length"), "1");  // REL-069
  EXPECT_FALSE(answer.has("gzip"));                // REL-068
  EXPECT_FALSE(answer.has("X-Secret"));            // REL-068: named by Connection
  EXPECT_TRUE(answer.has("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));  // SRV-166
}

TEST(Listener, PipelinedAnswersStayInOrder) {  // REL-078, REL-023
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += i % 2 ? get("/" + std::to_string(i)) : post("n" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.read_message();
    ASSERT_EQ(answer.status(), 200) << i;
    if (i % 2) EXPECT_EQ(answer.field("X-Line"), "GET /" + std::to_string(i));
    else EXPECT_EQ(answer.body, "n" + std::to_string(i));
  }
}

TEST(Listener, ErrorBehindPipelinedRequestClosesAfterTheEarlierAnswers) {  // REL-078
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send(get("/1") + "BAD\r\n\r\n" + get("/2"));
  EXPECT_EQ(client.read_message().field("X-Line"), "GET /1");
  const auto error = client.read_message();
  EXPECT_EQ(error.status(), 400);
  EXPECT_TRUE(error.has("Connection: close"));
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(echo.served, 1);
}

TEST(Listener, ReadsChunkedBodiesInAnyPieces) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  const std::string request =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nT: 1\r\n\r\n";
  client.send(request + request);
  EXPECT_EQ(client.read_message().body, "hello world");
  EXPECT_EQ(client.read_message().body, "hello world");
  for (const char byte : request) client.send(std::string_view(&byte, 1));
  EXPECT_EQ(client.read_message().body, "hello world");
}

TEST(Listener, Sends100ContinueOnlyWhenTheBodyIsWanted) {  // REL-076
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(client.read_message().body, "hello");

  PlainPipeline plain;
  Running other(plain);
  other.start();
  Peer second = other.connect();
  second.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  const auto answer = second.read_message();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.has("Connection: close"));
}

TEST(Listener, HeadAnswersHaveNoBody) {  // REL-070, SRV-156
  PlainPipeline plain;
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/"));
  const auto head = client.read_message(true);
  EXPECT_EQ(head.field("Content-Length"), "5");
  EXPECT_EQ(client.read_message().body, "plain");
}

TEST(Listener, BodylessStatusesHaveNoBody) {  // REL-070, SRV-157
  for (const int status : {204, 304}) {
    PlainPipeline plain([status](Message&, Client& client) -> Task<void> {
      Reply reply;
      reply.status = status;
      reply.has_body = true;
      reply.bytes = "never";
      co_await client.reply(reply);
    });
    Running server(plain);
    server.start();
    Peer client = server.connect();
    client.send(get("/") + get("/"));
    for (int i = 0; i < 2; ++i) {
      const auto answer = client.read_message(true);
      EXPECT_EQ(answer.status(), status);
      EXPECT_FALSE(answer.has("Content-Length"));
    }
  }
}

TEST(Listener, Http10PeersGetNoChunks) {  // REL-077
  Backend backend(answering([](const Peer::Whole&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string answer = client.rest();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 9), "\r\n\r\nhello");
}

TEST(Listener, Http10KeepAliveIsHonouredWhenAsked) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(client.read_message().has("Connection: keep-alive"));
  }
  client.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.read_message().has("Connection: close"));
  EXPECT_TRUE(client.ends());
}

TEST(Listener, UnreadSmallBodyIsSkippedAndTheConnectionKept) {
  PlainPipeline plain;
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(client.read_message().body, "plain");
  client.send("0123456789" + get("/"));
  EXPECT_EQ(client.read_message().body, "plain");
}

TEST(Listener, UnreadLargeBodyClosesAfterTheAnswer) {
  PlainPipeline plain;
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nabc");
  const auto answer = client.read_message();
  EXPECT_EQ(answer.body, "plain");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(client.ends());
}

TEST(Listener, RefusedRequestCanBeReadThoughTheClientStillSends) {  // REL-039
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n" + std::string(20'000, 'x'));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.field("Content-Length"), "0");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(echo.served, 0);  // REL-003
}

TEST(Listener, AClientThatSendsOnHasItsTimeToReadTheRefusal) {  // REL-039
  EchoPipeline echo;
  Running server(echo);
  server.start();
  const TimePoint start = Clock::now();
  Peer client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n" + std::string(150'000, 'x'));
  EXPECT_EQ(client.read_message().status(), 400);
  EXPECT_TRUE(advance_until(Duration(100), [&] { return server.shard->counters().open.get() == 0; }));
  EXPECT_GE(Clock::now() - start, Duration(2'000)) << "more than 64 KiB are not read, and the connection not reset before";
}

TEST(Listener, ClosesAfterTheAgreedNumberOfRequests) {  // REL-032
  EchoPipeline echo;
  Config config;
  config.keep_alive_requests = 3;
  Running server(config, echo);
  server.start();
  Peer client = server.connect();
  client.send(get("/") + get("/") + get("/") + get("/"));
  EXPECT_FALSE(client.read_message().has("Connection: close"));
  EXPECT_FALSE(client.read_message().has("Connection: close"));
  EXPECT_TRUE(client.read_message().has("Connection: close"));
  EXPECT_TRUE(client.ends());
}

TEST(Listener, ConnectionCloseOfTheClientIsHonoured) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(client.read_message().has("Connection: close"));
  EXPECT_TRUE(client.ends());
}

TEST(Listener, ExceptionBecomes500AndAllocationFailure503) {  // REL-133
  PlainPipeline plain([](Message& message, Client&) -> Task<void> {
    if (message.incoming.target == "/memory") throw std::bad_alloc();
    throw std::runtime_error("broken");
    co_return;
  });
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send(get("/"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body, "");
  Peer other = server.connect();
  other.send(get("/memory"));
  EXPECT_EQ(other.read_message().status(), 503);
}

TEST(Listener, NoAnswerAtAllIsAVisibleAbort) {  // REL-002
  PlainPipeline plain([](Message&, Client&) -> Task<void> { co_return; });
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send(get("/"));
  EXPECT_FALSE(client.ends());
}

TEST(Listener, ManyClientsAtOnce) {
  EchoPipeline echo;
  Running server(echo);
  server.start();
  std::vector<Peer> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(server.connect());
  for (int round = 0; round < 3; ++round) {
    for (Peer& client : clients) client.send(post("hello"));
    for (Peer& client : clients) EXPECT_EQ(client.read_message().body, "hello");
  }
  clients.clear();
  Peer last = server.connect();
  last.send(post("after"));
  EXPECT_EQ(last.read_message().body, "after");
}

#ifndef __SANITIZE_ADDRESS__
TEST(Listener, IdleConnectionsCostLittle) {  // REL-131
  EchoPipeline echo;
  Running server(echo);
  server.start();
  std::vector<Peer> clients;
  const auto use = [&] {
    for (int i = 0; i < 400; ++i) {
      clients.push_back(server.connect());
      clients.back().send(post(std::string(5'000, 'x')));
      EXPECT_EQ(clients.back().skip(4'000), 4'000u);
    }
  };
  server.settle();
  const std::size_t before = resident_kib();
  use();
  server.settle();
  EXPECT_LT(resident_kib() - before, 400u * 8);
}
#endif

TEST(Listener, StatusAndReasonThatHttpDoesNotAllowAreReplaced) {  // REL-082
  PlainPipeline plain([](Message& message, Client& client) -> Task<void> {
    Reply reply;
    reply.status = message.incoming.target == "/1" ? 99 : 200;
    reply.reason = "split\r\nX: y";
    co_await client.reply(reply);
  });
  Running server(plain);
  server.start();
  Peer client = server.connect();
  client.send(get("/1") + get("/2"));
  EXPECT_EQ(client.read_message().status(), 500);
  EXPECT_TRUE(client.read_message().has("HTTP/1.1 200 OK\r\n"));
}

TEST(Listener, CountsWhatHappens) {  // REL-001
  EchoPipeline echo;
  Running server(echo);
  server.start();
  Peer client = server.connect();
  client.send(get("/1") + get("/2") + "BAD\r\n\r\n");
  client.rest();
  server.settle();
  const Counters& counters = server.shard->counters();
  EXPECT_EQ(counters.accepted.get(), 1u);
  EXPECT_EQ(counters.requests.get(), 2u);
  EXPECT_EQ(counters.answered.get(), 2u);
  EXPECT_EQ(counters.refused.get(), 1u);
  EXPECT_EQ(counters.aborted.get(), 0u);
}

TEST(Listener, PausesAcceptingAtTheLimitAndGoesOn) {  // REL-020
  EchoPipeline echo;
  Config config;
  config.max_connections = 2;
  Running server(config, echo);
  server.start();
  Peer one = server.connect();
  Peer two = server.connect();
  one.send(get("/1"));
  two.send(get("/2"));
  EXPECT_EQ(one.read_message().status(), 200);
  EXPECT_EQ(two.read_message().status(), 200);
  Peer three = server.connect();
  three.send(get("/3"));
  EXPECT_TRUE(three.silent_for(300));
  one.close();
  EXPECT_EQ(three.read_message().field("X-Line"), "GET /3");
}

TEST(Listener, WithoutDescriptorsItWaitsAndGoesOn) {  // REL-134
  EchoPipeline echo;
  Running server(echo);
  server.start();
  server.settle();
  const int client_fd = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  rlimit low = old;
  low.rlim_cur = static_cast<rlim_t>(client_fd) + 8;
  ::setrlimit(RLIMIT_NOFILE, &low);
  std::vector<int> fillers;
  for (int fd; (fd = ::dup(client_fd)) >= 0;) fillers.push_back(fd);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client_fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  Peer client(client_fd);
  client.send(get("/"));
  EXPECT_TRUE(client.silent_for(500));
  const auto pauses = server.shard->counters().accept_pauses.get();
  EXPECT_GE(pauses, 1u);
  EXPECT_LE(pauses, 10u);  // no spinning
  for (const int fd : fillers) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(client.read_message().status(), 200);
}

TEST(Listener, BusyPortIsReported) {  // REL-160
  Backend taken;
  EchoPipeline echo;
  Shard shard{Config()};
  auto opened = shard.listen("127.0.0.1", taken.port(), nullptr, echo);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.fault().message.find(std::to_string(taken.port())), std::string::npos);
}

TEST(Listener, DrainFinishesWorkUnderWayAndClosesIdleConnections) {  // REL-158
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer idle = proxy.connect();
  Peer client = proxy.connect();
  client.send(get("/slow"));
  Peer upstream = backend.accept();
  upstream.read_head();
  EXPECT_EQ(proxy.running.shard->active(), 1u);
  proxy.running.shard->drain(Duration(30'000));
  EXPECT_TRUE(idle.ends());
  EXPECT_EQ(proxy.running.ended.get_future().wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  upstream.send(ok("late"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.body, "late");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(client.ends());
  proxy.running.join();
  EXPECT_EQ(proxy.running.shard->active(), 0u);
}

TEST(Listener, DrainEndsAtItsLimit) {  // REL-158
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/never"));
  Peer upstream = backend.accept();
  upstream.read_head();
  proxy.running.shard->drain(Duration(200));
  proxy.running.join();
}

TEST(Listener, StopDuringExchangesLeavesNothingBehind) {
  Backend backend;
  auto proxy = std::make_unique<Proxy>(backend.port());
  proxy->start();
  std::vector<Peer> clients;
  std::vector<Peer> upstreams;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(proxy->connect());
    clients.back().send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    upstreams.push_back(backend.accept());
    upstreams.back().read_head();
  }
  proxy.reset();
  for (Peer& client : clients) EXPECT_LE(client.receive(), 0);
}

TEST(Listener, PostRunsOnTheShardAndEveryRepeats) {
  EchoPipeline echo;
  Running server(echo);
  std::atomic<int> ticks{0};
  server.shard->every(Duration(1000), [&] { ++ticks; });
  server.start();
  std::thread::id shard_thread;
  server.run([&] { shard_thread = std::this_thread::get_id(); });
  EXPECT_NE(shard_thread, std::this_thread::get_id());
  EXPECT_TRUE(advance_until(Duration(500), [&] { return ticks >= 3; }));
}

}  // namespace
}  // namespace myelin::http::test
