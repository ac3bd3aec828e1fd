// What happens between the sender and backends that behave, break off, hang, or talk nonsense.

#include "tests/unit/http/wire.hpp"

namespace myelin::http::test {
namespace {

std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view body, std::string_view fields = {}) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

/// A listening port that nobody listens on any more.
std::uint16_t closed_port() { return Backend().port(); }

TEST(Sender, PassesRequestAndAnswerThrough) {
  Backend backend(answering([](const Peer::Whole& request) {
    return "HTTP/1.1 201 Made\r\nContent-Length: " + std::to_string(request.body.size()) +
           "\r\nX-From: backend\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: other\r\n\r\n" + request.body;
  }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("hello"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 201);
  EXPECT_TRUE(answer.has("HTTP/1.1 201 Made\r\n"));
  EXPECT_TRUE(answer.has("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
  EXPECT_EQ(answer.field("X-From"), "backend");
  EXPECT_EQ(answer.field("Server"), "Myelin");
  EXPECT_EQ(answer.body, "hello");
}

TEST(Sender, RequestHeadFollowsTheRules) {  // REL-068, REL-069, SRV-150, SRV-151, SRV-152
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(
      "POST /a?b=c HTTP/1.1\r\nHost: client\r\nContent-Length: 2\r\nX-A: 1\r\nX-B: 2\r\nx-a: 3\r\nConnection: X-B, "
      "keep-alive\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: x\r\nUser-Agent: "
      "curl\r\nDate: now\r\nContent-Type: text/xml\r\nSOAPAction: urn:x\r\n\r\nhi");
  Peer upstream = backend.accept();
  const auto request = upstream.read_message();
  EXPECT_EQ(request.head, "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(backend.port()) +
                              "\r\nX-A: 1\r\nx-a: 3\r\nContent-Type: text/xml\r\nSOAPAction: urn:x\r\nUser-Agent: "
                              "Myelin\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(request.body, "hi");
}

TEST(Sender, RequestCanReplaceTypeActionAndAgent) {  // SRV-154, SRV-155
  Backend backend;
  Proxy proxy(backend.port());
  proxy.pipeline.adjust = [](OutgoingRequest& request) {
    request.content_type = "application/xml";
    request.has_soap_action = true;
    request.soap_action = "urn:y";
    request.preserve_user_agent = true;
    request.http10 = true;
    request.target = "http://h/full";
  };
  proxy.start();
  Peer client = proxy.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nUser-Agent: curl\r\nContent-Type: "
      "text/xml\r\nSOAPAction: urn:x\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
  Peer upstream = backend.accept();
  const auto request = upstream.read_message();
  EXPECT_EQ(request.head, "POST http://h/full HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(backend.port()) +
                              "\r\nUser-Agent: curl\r\nContent-Type: application/xml\r\nSOAPAction: "
                              "\"urn:y\"\r\nContent-Length: 6\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(request.body, "abcdef");
}

TEST(Sender, ChunkedBodiesPassBothWays) {  // SRV-153
  Backend backend(answering([](const Peer::Whole& request) {
    EXPECT_TRUE(request.has("Transfer-Encoding: chunked"));
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<<<\r\n" +
           std::string("5\r\n") + request.body + "\r\n0\r\n\r\n";
  }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    const auto answer = client.read_message();
    EXPECT_TRUE(answer.has("Transfer-Encoding: chunked"));
    EXPECT_EQ(answer.body, "<<<hello");
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST(Sender, BodyWithoutFramingLastsToTheEnd) {
  Backend backend([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_message().body, "to the end");
  }
  EXPECT_EQ(backend.connections(), 2);  // REL-074
}

TEST(Sender, ReusesItsConnection) {
  Backend backend(answering([](const Peer::Whole&) { return ok(); }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 10; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_message().body, "ok");
  }
  Peer second = proxy.connect();
  second.send(get("/"));
  EXPECT_EQ(second.read_message().body, "ok");
  EXPECT_EQ(backend.connections(), 1);
}

TEST(Sender, NeverReusesAConnectionThatSaidMore) {  // REL-073
  Backend backend(answering([](const Peer::Whole&) { return ok() + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"; }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_message().body, "ok");
  }
  EXPECT_EQ(backend.connections(), 3);
}

TEST(Sender, NeverReusesAConnectionTheBackendCloses) {  // REL-074
  Backend backend(answering([](const Peer::Whole&) { return ok("ok", "Connection: close\r\n"); }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_message().body, "ok");
  }
  EXPECT_EQ(backend.connections(), 2);
}

TEST(Sender, KeepAliveTimeoutOfTheBackendLimitsReuse) {  // SRV-168
  Backend backend(answering([](const Peer::Whole&) { return ok("ok", "Keep-Alive: timeout=5\r\n"); }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  client.read_message();
  proxy.running.settle();
  Clock::advance(Duration(5'000));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  client.send(get("/"));
  client.read_message();
  EXPECT_EQ(backend.connections(), 2);
}

TEST(Sender, RepeatsAnIdempotentRequestOnceWhenThePooledConnectionWasDead) {  // REL-124
  std::atomic<int> requests{0};
  Backend backend([&](Peer& peer) {
    // The second request on a connection is read and answered with a close.
    for (int i = 0; i < 2; ++i) {
      const auto request = peer.read_message();
      if (request.head.empty()) return;
      ++requests;
      if (i == 0) peer.send(ok());
    }
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_message().body, "ok");
  client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_message().body, "ok");
  EXPECT_EQ(requests, 3);
  client.send(post("once"));  // not idempotent, and it was sent
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.field("X-Code"), "101508");
  EXPECT_EQ(answer.field("X-Sent"), "yes");
  EXPECT_EQ(requests, 4);
}

TEST(Sender, IdleConnectionThatWasClosedIsNotUsed) {  // REL-073
  std::atomic<int> closed{0};
  Backend backend([&](Peer& peer) {
    peer.read_message();
    peer.send(ok());
    peer.close();
    ++closed;
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(post("x"));
    EXPECT_EQ(client.read_message().status(), 200);
    while (closed <= i) std::this_thread::yield();
    proxy.running.settle();
  }
}

TEST(Sender, RefusedConnectionIs101503) {  // EP-108, REL-126 needs no answer
  Proxy proxy(closed_port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("x"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Base"), "101503");
  EXPECT_EQ(answer.field("X-Sent"), "no");
  client.send(get("/again"));  // the body was dropped, the connection goes on
  EXPECT_EQ(client.read_message().field("X-Code"), "101503");
}

TEST(Sender, UnknownHostIs101503) {
  ProxyPipeline pipeline(80, "no-such-host.invalid");
  Running server(pipeline);
  pipeline.use(*server.shard);
  server.start();
  Peer client = server.connect();
  client.send(get("/"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_NE(answer.field("X-Detail").find("no-such-host.invalid"), std::string::npos);
}

TEST(Sender, LocalhostTriesAllAddresses) {
  Backend backend(answering([](const Peer::Whole&) { return ok(); }));
  ProxyPipeline pipeline(backend.port(), "localhost");
  Running server(pipeline);
  pipeline.use(*server.shard);
  server.start();
  Peer client = server.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_message().body, "ok");
}

TEST(Sender, CloseBeforeTheAnswerIs101508) {  // SRV-116
  Backend backend([](Peer& peer) { peer.read_message(); });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("x"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101508");
  EXPECT_EQ(answer.field("X-Base"), "101505");
  EXPECT_EQ(answer.field("X-Sent"), "yes");
}

TEST(Sender, ResetBeforeTheAnswerIs101503) {
  Backend backend([](Peer& peer) {
    peer.read_message();
    peer.reset();
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("x"));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Base"), "101500");
}

TEST(Sender, NonsenseIsAProtocolFault) {  // REL-071, REL-019
  for (const std::string& nonsense :
       {std::string("SSH-2.0-x\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"}) {
    Backend backend([&](Peer& peer) {
      peer.read_message();
      peer.send(nonsense);
      peer.receive();
    });
    Proxy proxy(backend.port());
    proxy.start();
    Peer client = proxy.connect();
    client.send(get("/"));
    const auto answer = client.read_message();
    EXPECT_EQ(answer.field("X-Code"), "101506");
    EXPECT_EQ(answer.field("X-Base"), "101506");
  }
}

TEST(Sender, InterimAnswersAreSkippedUpToTen) {  // REL-079
  for (const int interim : {10, 11}) {
    Backend backend(answering([interim](const Peer::Whole&) {
      std::string text;
      for (int i = 0; i < interim; ++i) text += "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
      return text + ok();
    }));
    Proxy proxy(backend.port());
    proxy.start();
    Peer client = proxy.connect();
    client.send(get("/"));
    const auto answer = client.read_message();
    if (interim == 10) EXPECT_EQ(answer.body, "ok");
    else EXPECT_EQ(answer.field("X-Code"), "101506");
  }
}

TEST(Sender, AnswerCutMidwayIsAVisibleAbort) {  // REL-072, REL-002
  for (const std::string_view head : {"Content-Length: 100", "Transfer-Encoding: chunked"}) {
    Backend backend([head](Peer& peer) {
      peer.read_message();
      peer.send("HTTP/1.1 200 OK\r\n" + std::string(head) + "\r\n\r\n5\r\nhello\r\n");
    });
    Proxy proxy(backend.port());
    proxy.start();
    Peer client = proxy.connect();
    client.send(get("/"));
    EXPECT_FALSE(client.read_head().empty());
    const std::string rest = client.rest();
    EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos);
    EXPECT_TRUE(advance_until(Duration(0), [&] { return proxy.pipeline.last_fault == 101505; }));
  }
}

TEST(Sender, MalformedChunkIsAVisibleAbort) {  // REL-065
  Backend backend([](Peer& peer) {
    peer.read_message();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    peer.receive();
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  client.read_head();
  EXPECT_EQ(client.rest().find("0\r\n\r\n"), std::string::npos);
}

TEST(Sender, SilentBackendTimesOut) {  // EP-107, SRV-115, REL-036
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("x"));
  Peer upstream = backend.accept();
  upstream.read_message();
  EXPECT_TRUE(advance_until(Duration(60'000), [&] { return readable(client); }));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101507");
  EXPECT_EQ(answer.field("X-Base"), "101504");
  EXPECT_LE(upstream.receive(), 0);  // the late answer has nobody to go to
  EXPECT_FALSE(readable(client));
}

TEST(Sender, AResetRightBehindDataIsHeardOf) {  // REL-072
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(post("x"));
  Peer upstream = backend.accept();
  upstream.read_message();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel");
  client.read_head();
  std::promise<void> go_on;
  proxy.running.hold(go_on);  // so that both are there when it looks
  upstream.send("lo");
  upstream.reset();
  go_on.set_value();
  EXPECT_FALSE(client.ends());
  EXPECT_EQ(proxy.pipeline.last_fault, 101505);
}

TEST(Sender, EndpointTimeoutIsSendTimeout) {  // MED-047, REL-036
  Backend backend;
  Proxy proxy(backend.port());
  proxy.pipeline.adjust = [](OutgoingRequest& request) {
    request.timeout = Duration(300);
    request.timeout_is_endpoints = true;
  };
  proxy.start();
  Peer client = proxy.connect();
  const auto began = std::chrono::steady_clock::now();
  client.send(post("x"));
  const auto answer = client.read_message();
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(answer.field("X-Code"), "101504");
  EXPECT_EQ(answer.field("X-Base"), "101504");
  EXPECT_EQ(answer.field("X-Message"), "Send timeout");
  EXPECT_GE(took, std::chrono::milliseconds(300));  // REL-037
}

TEST(Sender, ConnectTimeoutIs101508) {  // REL-035
  Backend full({}, 0);  // its queue takes one connection; the next ones get no answer
  std::vector<Peer> fillers;
  for (int i = 0; i < 3; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(full.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
    fillers.emplace_back(fd);
  }
  Proxy proxy(full.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(get("/"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(advance_until(Duration(30'000), [&] { return readable(client); }));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101508");
  EXPECT_EQ(answer.field("X-Base"), "101508");
  EXPECT_EQ(answer.field("X-Sent"), "no");
}

TEST(Sender, LimitPerEndpointQueuesThenRefuses) {  // REL-022, SRV-167
  Backend backend;
  Config config;
  config.per_endpoint = 1;
  config.per_endpoint_waiting = 1;
  Proxy proxy(backend.port(), config);
  proxy.start();
  Peer one = proxy.connect();
  one.send(get("/1"));
  Peer upstream = backend.accept();
  EXPECT_NE(upstream.read_head().find("GET /1"), std::string::npos);
  Peer two = proxy.connect();
  two.send(get("/2"));
  advance_until(Duration(0), [&] { return proxy.running.shard->active() == 2; });
  Peer three = proxy.connect();
  three.send(get("/3"));
  const auto refused = three.read_message();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.field("X-Code"), "101503");
  EXPECT_EQ(refused.field("X-Message"), "No available connections to serve the request");
  upstream.send(ok("one"));
  EXPECT_EQ(one.read_message().body, "one");
  EXPECT_NE(upstream.read_head().find("GET /2"), std::string::npos);
  upstream.send(ok("two"));
  EXPECT_EQ(two.read_message().body, "two");
}

TEST(Sender, WaitingRequestGetsANewConnectionWhenTheOldOneCloses) {  // REL-022
  Backend backend;
  Config config;
  config.per_endpoint = 1;
  Proxy proxy(backend.port(), config);
  proxy.start();
  Peer one = proxy.connect();
  one.send(get("/1"));
  Peer upstream = backend.accept();
  upstream.read_head();
  Peer two = proxy.connect();
  two.send(get("/2"));
  advance_until(Duration(0), [&] { return proxy.running.shard->active() == 2; });
  upstream.send(ok("one", "Connection: close\r\n"));
  EXPECT_EQ(one.read_message().body, "one");
  Peer next = backend.accept();
  EXPECT_NE(next.read_head().find("GET /2"), std::string::npos);
  next.send(ok("two"));
  EXPECT_EQ(two.read_message().body, "two");
}

TEST(Sender, EarlyAnswerIsRelayedAndBothConnectionsClosed) {  // REL-075
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'x'));
  Peer upstream = backend.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(answer.body, "big");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(client.ends());
  upstream.ends();
}

TEST(Sender, UploadGoesOnWhileTheAnswerIsRelayed) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  Peer upstream = backend.accept();
  upstream.read_head();
  EXPECT_EQ(upstream.read_to("one\r\n"), "3\r\none\r\n");
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nONE\r\n");
  client.read_head();
  EXPECT_EQ(client.read_to("ONE\r\n"), "3\r\nONE\r\n");
  client.send("3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_EQ(upstream.read_to("0\r\n\r\n"), "3\r\ntwo\r\n0\r\n\r\n");
  upstream.send("3\r\nTWO\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_to("0\r\n\r\n"), "3\r\nTWO\r\n0\r\n\r\n");
}

TEST(Sender, ClientThatBreaksOffItsBodyEndsTheRequestToTheBackend) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
  Peer upstream = backend.accept();
  upstream.read_to("abc");
  client.close();
  EXPECT_LE(upstream.receive(), 0);
}

TEST(Sender, BackendThatAnswersAfterTheClientLeftHarmsNobody) {
  Backend backend(answering([](const Peer::Whole&) { return ok(std::string(200'000, 'y')); }));
  Proxy proxy(backend.port());
  proxy.start();
  for (int i = 0; i < 5; ++i) {
    Peer gone = proxy.connect();
    gone.send(get("/"));
    gone.reset();
  }
  Peer client = proxy.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_message().body.size(), 200'000u);
}

TEST(Sender, StreamsLargeBodiesInBoundedMemory) {  // REL-130
  constexpr std::size_t kSize = std::size_t{64} << 20;
  Backend backend([](Peer& peer) {
    peer.read_head();
    if (peer.skip(kSize) != kSize) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string block(65536, 'z');
    for (std::size_t sent = 0; sent < kSize; sent += block.size())
      if (!peer.send(block)) return;
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  const std::size_t before = resident_kib();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  const std::string block(65536, 'a');
  for (std::size_t sent = 0; sent < kSize; sent += block.size()) ASSERT_TRUE(client.send(block));
  EXPECT_NE(client.read_head().find("200 OK"), std::string::npos);
  EXPECT_EQ(client.skip(kSize), kSize);
  EXPECT_LT(resident_kib(), before + 8 * 1024);
}

TEST(Sender, LargeChunkedBodiesPassBothWaysUnchanged) {
  Backend backend(answering([](const Peer::Whole& request) {
    std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < request.body.size(); at += 777) {
      const std::string piece = request.body.substr(at, 777);
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      text += size + piece + "\r\n";
    }
    return text + "0\r\n\r\n";
  }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  std::string body;
  for (int i = 0; body.size() < 700'000; ++i) body += std::to_string(i) + ",";
  for (int round = 0; round < 3; ++round) {
    std::thread upload([&] {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::size_t at = 0; at < body.size(); at += 50'001) {
        const std::string piece = body.substr(at, 50'001);
        char size[16];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        client.send(size + piece + "\r\n");
      }
      client.send("0\r\n\r\n");
    });
    upload.join();
    EXPECT_EQ(client.read_message().body, body);
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST(Sender, SlowReaderHoldsTheBackendBack) {  // REL-130
  std::atomic<std::size_t> sent{0};
  Backend backend([&](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    const std::string block(65536, 'z');
    for (int i = 0; i < 1024 && peer.send(block); ++i) sent += block.size();
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = Peer::connect(proxy.running.port, 16 * 1024);
  client.send(get("/"));
  std::size_t last = 1;
  while (last != sent || last == 0) {
    last = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_LT(sent, std::size_t{40} << 20);  // kernel buffers only
  client.reset();
}

TEST(Sender, HeadRequestKeepsTheLengthAndHasNoBody) {  // SRV-156
  Backend backend([](Peer& peer) {
    for (int i = 0; i < 2; ++i) {
      peer.read_head();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    }
  });
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_head();
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST(Sender, ExpectContinueIsAnsweredAndNotPassedOn) {  // REL-076
  Backend backend(answering([](const Peer::Whole& request) {
    EXPECT_FALSE(request.has("Expect"));
    return ok(request.body);
  }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(client.read_message().body, "hello");
}

}  // namespace
}  // namespace myelin::http::test
