// What an HTTP/2 client of the listener sees: exchanges, bodies both ways, back pressure, endings.

#include "tests/unit/http/http2_wire.hpp"
#include "transports/http/counters.hpp"

namespace myelin::http::test {
namespace {

TEST(Http2, AnswersRequestsByPriorKnowledge) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const Http2Answer& answer = client.answer(client.post("/p?q=1", "hello"));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.field("x-line"), "POST /p?q=1");
  EXPECT_EQ(answer.field("server"), "Myelin");
  EXPECT_EQ(answer.field("content-length"), "5");
  EXPECT_FALSE(answer.field("date").empty());
  for (int i = 0; i < 50; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_EQ(client.exchange(path).field("x-line"), "GET " + path);
  }
}

TEST(Http2, ThePrefaceMayComeInAnyPieces) {
  EchoPipeline echo;
  Http2Server server(echo);
  Http2Peer client = server.peer();
  const std::string opening = std::string(kPreface) + frame_of(frame::settings, 0, 0) +
                              frame_of(frame::headers, 5, 1, hpack(request_fields("GET", "/piece")));
  for (const char byte : opening) client.send(std::string_view(&byte, 1));
  EXPECT_EQ(client.answer(1).field("x-line"), "GET /piece");
}

TEST(Http2, OtherwiseItIsHttp1) {
  EchoPipeline echo;
  Config config;
  config.http2 = false;
  Http2Server off(echo, config);
  Peer refused = off.running.connect();
  refused.send(kPreface);
  EXPECT_EQ(refused.read_message().status(), 505);
  Http2Server on(echo);
  Peer second = on.running.connect();  // only at the beginning of a connection
  second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kPreface));
  EXPECT_EQ(second.read_message().status(), 200);
  EXPECT_EQ(second.read_message().status(), 505);
}

TEST(Http2, FieldsOfOneConnectionAreNotSent) {  // REL-068, REL-069
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const Http2Answer& answer = client.answer(client.post("/", "x"));
  for (const char* name : {"connection", "transfer-encoding", "keep-alive", "x-secret"}) EXPECT_EQ(answer.field(name), "") << name;
  int cookies = 0;
  for (const auto& [name, value] : answer.fields) {
    cookies += name == "set-cookie";
    EXPECT_EQ(std::count_if(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }), 0) << name;
  }
  EXPECT_EQ(cookies, 2);
}

TEST(Http2, TheMessageIsThatOfHttp1) {
  std::map<std::string, std::string> seen;
  std::string incoming;
  PlainPipeline pipeline([&](Message& message, Client& client) -> Task<void> {
    for (const Header& field : message.headers) seen[std::string(field.name)] = field.value;
    incoming = std::string(message.incoming.method) + "|" + std::string(message.incoming.target) + "|" +
               std::string(message.incoming.host) + "|" + std::string(message.incoming.scheme) + "|" +
               std::string(message.incoming.absolute) + "|" + std::string(message.incoming.remote_address) + "|" +
               (message.incoming.version == "2.0" ? "" : "not 2.0");
    seen["kind"] = message.client_kind == MediaKind::soap11 ? "soap" : "other";
    Reply reply;
    co_await client.reply(reply);
  });
  Http2Server server(pipeline);
  Http2Peer client = server.peer();
  client.greet().answer(client.post(
      "/a", "<x/>", {{"content-type", "text/xml"}, {"cookie", "a=1"}, {"cookie", "b=2"}, {"te", "trailers"}}));
  EXPECT_EQ(incoming, "POST|/a|h|http||127.0.0.1|");
  EXPECT_EQ(seen["host"], "h");
  EXPECT_EQ(seen["cookie"], "a=1; b=2");  // RFC 9113, 8.2.3
  EXPECT_EQ(seen["kind"], "soap");
  EXPECT_FALSE(seen.contains("transfer-encoding"));
}

TEST(Http2, RequestsThatGoRoundAreRefused) {  // REL-026
  EchoPipeline echo;
  Config config;
  config.via = "gate";
  Http2Server server(echo, config);
  Http2Peer client = server.peer();
  client.greet();
  std::string nine = "2.0 gate";
  for (int i = 1; i < 9; ++i) nine += ", 1.1 gate";
  EXPECT_EQ(client.answer(client.post("/", "x", {{"via", nine}})).status(), 200);
  EXPECT_EQ(client.answer(client.post("/", "x", {{"via", nine}, {"via", "1.0 GATE (last)"}})).status(), 508);
}

TEST(Http2, ManyRequestsRunAtTheSameTime) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  std::vector<Peer> upstreams;
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(client.get("/" + std::to_string(i)));
    upstreams.push_back(backend.accept());
    upstreams.back().read_head();
  }
  EXPECT_EQ(proxy.running.shard->active(), 20u);
  for (std::size_t i = 20; i-- > 0;) {  // the last one first
    upstreams[i].send(ok("answer " + std::to_string(i)));
    EXPECT_EQ(client.answer(ids[i]).body, "answer " + std::to_string(i));
  }
}

TEST(Http2, AHeadMayTakeLongerThanTheAnswerBeforeIt) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  const std::uint32_t first = client.get("/first");
  Peer upstream = backend.accept();
  upstream.read_head();
  const std::string block = hpack(request_fields("GET", "/second", {{"x-name", "value"}}));
  client.send(frame::headers, frame::kEndStream, 3, std::string_view(block).substr(0, block.size() - 3));
  proxy.running.settle();
  upstream.send(ok("first"));
  EXPECT_EQ(client.answer(first).body, "first");
  proxy.running.settle();
  client.send(frame::continuation, frame::kEndHeaders, 3, std::string_view(block).substr(block.size() - 3));
  const std::string head = upstream.read_head();
  EXPECT_TRUE(head.starts_with("GET /second ")) << head;
  EXPECT_NE(head.find("x-name: value\r\n"), std::string::npos) << head;
  upstream.send(ok("second"));
  EXPECT_EQ(client.answer(3).body, "second");
}

TEST(Http2, NoBodyWhereHttpHasNone) {  // REL-070
  PlainPipeline pipeline([](Message& message, Client& client) -> Task<void> {
    Reply reply;
    if (message.incoming.target != "/") reply.status = message.incoming.target == "/204" ? 204 : 304;
    reply.has_body = true;
    reply.bytes = "never";
    co_await client.reply(reply);
  });
  Http2Server server(pipeline);
  Http2Peer client = server.peer();
  client.greet();
  const Http2Answer& head = client.answer(client.request(request_fields("HEAD", "/")));
  EXPECT_EQ(head.field("content-length"), "5");
  EXPECT_EQ(head.body, "");
  for (const char* path : {"/204", "/304"}) {
    const Http2Answer& answer = client.exchange(path);
    EXPECT_EQ("/" + answer.field(":status"), path);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.field("content-length"), "");
  }
}

TEST(Http2, TrailersAreDropped) {  // REL-067
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  client.send(frame::data, 0, id, "body");
  client.send(frame::headers, 5, id, hpack({{"x-trailer", "1"}}));
  EXPECT_EQ(client.answer(id).body, "body");
}

TEST(Http2, TooManyTrailersEndTheRequest) {  // REL-014
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  client.send(frame::data, 0, id, "body");
  client.send(frame::headers, 5, id, hpack(Fields(33, {"x-trailer", "1"})));
  EXPECT_TRUE(client.answer(id).reset.has_value());
  EXPECT_EQ(client.exchange("/next").status(), 200);
}

TEST(Http2, Sends100ContinueWhenTheBodyIsWanted) {  // REL-076
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/", {{"expect", "100-continue"}}), false);
  ASSERT_TRUE(client.read_to(frame::headers));
  EXPECT_EQ(client.answers[id].interim, std::vector<std::string>{"100"});
  client.send(frame::data, frame::kEndStream, id, "hello");
  EXPECT_EQ(client.answer(id).body, "hello");
}

TEST(Http2, AnAnswerBeforeTheBodyEndsTheRequestWithoutError) {
  Greeted<PlainPipeline> greeted;
  auto& [plain, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  EXPECT_EQ(client.answer(id).body, "plain");
  ASSERT_TRUE(client.read_to(frame::reset));
  EXPECT_EQ(client.answers[id].reset, 0u);
  client.send(frame::data, frame::kEndStream, id, "late");
  EXPECT_EQ(client.exchange("/").body, "plain");
}

// --- bodies -----------------------------------------------------------------------------------------

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  return bytes;
}

TEST(Http2, LargeBodiesPassBothWays) {
  Backend backend(answering([](const Peer::Whole& request) { return ok(request.body); }));
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet(std::string("\x00\x04", 2) + big_endian(0x7fffffff));
  client.give_room(0, 0x7fffffff - 65'535);
  const std::string body = pattern(3'000'000);
  for (const bool told : {true, false}) {
    Fields more;
    if (told) more.emplace_back("content-length", std::to_string(body.size()));
    const std::uint32_t id = client.request(request_fields("POST", "/", more), false);
    std::size_t sent = 0;
    while (sent < body.size()) {
      const std::size_t allowed = std::min(65'535 + client.room[id], body.size());
      while (sent < allowed) {
        const std::size_t part = std::min<std::size_t>(16'384, allowed - sent);
        const bool last = sent + part == body.size();
        client.send(frame::data, last ? frame::kEndStream : 0, id, std::string_view(body).substr(sent, part));
        sent += part;
      }
      if (sent == body.size()) break;
      ASSERT_TRUE(client.read());
    }
    EXPECT_TRUE(client.answer(id).body == body);
  }
}

TEST(Http2, ABodyThatIsCollectedForHttp10IsWhole) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.pipeline.adjust = [](OutgoingRequest& request) { request.http10 = true; };
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  std::string bytes = frame_of(frame::headers, frame::kEndHeaders, 1, hpack(request_fields("POST", "/")));
  for (int i = 0; i < 4; ++i) bytes += frame_of(frame::data, i < 3 ? 0 : frame::kEndStream, 1, std::string(10'000, 'x'));
  client.send(bytes);
  EXPECT_EQ(backend.accept().read_message().body.size(), 40'000u);
}

TEST(Http2, AnAbortedAnswerIsSeen) {  // REL-002, REL-072
  Backend backend([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    peer.close();
  });
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  const Http2Answer& answer = client.greet().exchange("/");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.reset, 2u);  // INTERNAL_ERROR
}

TEST(Http2, ABodyOfUnknownLengthIsRelayedAsItComes) {
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  const std::uint32_t id = client.get("/");
  Peer upstream = backend.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  ASSERT_TRUE(client.read_to(frame::data));
  EXPECT_EQ(client.answers[id].body, "hello");
  upstream.send("6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer(id).body, "hello world");
  EXPECT_EQ(client.answers[id].field("content-length"), "");
}

/// Reads no body before it is told to.
class HoldingPipeline final : public Pipeline {
 public:
  Task<void> serve(Message& message, Client& client) override {
    ++served;
    if (message.incoming.target == "/held") co_await gate;
    auto loaded = co_await message.payload.load(std::size_t{64} << 20);
    const std::string text = "took " + std::to_string(message.payload.bytes().size());
    Reply reply;
    if (!loaded) reply.status = loaded.fault().status;
    reply.has_body = true;
    reply.bytes = text;
    co_await client.reply(reply);
    ++ended;
  }
  Signal gate;
  std::atomic<int> served{0}, ended{0};
};

TEST(Http2, AStreamHoldsNoMoreThanItsWindow) {  // REL-130
  Greeted<HoldingPipeline> greeted;
  auto& [holding, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/held"), false);
  const std::string piece(16'383, 'x');
  for (int i = 0; i < 4; ++i) client.send(frame::data, 0, id, piece);
  EXPECT_EQ(client.answer(client.post("/", "x")).body, "took 1");  // others go on meanwhile
  EXPECT_EQ(client.room[id], 0u);  // nothing was consumed: no room is given
  client.send(frame::data, 0, id, std::string(10, 'x'));
  EXPECT_EQ(client.answer(id).reset, 3u);  // FLOW_CONTROL_ERROR
  server.running.run([&] { holding.gate.set(); });
  EXPECT_EQ(client.exchange("/").status(), 200);
}

TEST(Http2, ConsumedBytesMakeRoomAgain) {
  Greeted<HoldingPipeline> greeted;
  auto& [holding, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/held"), false);
  for (int i = 0; i < 4; ++i) client.send(frame::data, 0, id, std::string(16'000, 'x'));
  client.send(frame::ping, 0, 0, "12345678");
  ASSERT_TRUE(client.read_to(frame::ping));
  EXPECT_EQ(client.room[id], 0u);
  server.running.run([&] { holding.gate.set(); });
  while (client.room[id] == 0) ASSERT_TRUE(client.read());
  EXPECT_GE(client.room[id], 32'000u);  // told when half of the window was used
  client.send(frame::data, frame::kEndStream, id, "end");
  EXPECT_EQ(client.answer(id).body, "took 64003");
}

TEST(Http2, BytesNobodyReadAreGivenBackToTheConnection) {
  Greeted<PlainPipeline> greeted;
  auto& [plain, server, client] = greeted;
  // Far more than the window of the connection in all, each stream within its own.
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t id = client.request(request_fields("POST", "/"), false);
    for (int part = 0; part < 3; ++part) client.send(frame::data, part == 2 ? 1 : 0, id, std::string(16'000, 'x'));
    EXPECT_EQ(client.answer(id).body, "plain") << i;
  }
  EXPECT_FALSE(client.goaway.has_value());
}

TEST(Http2, AStalledAnswerStallsItsBackendAlone) {  // REL-130
  const std::size_t size = std::size_t{16} << 20;
  std::atomic<std::size_t> sent{0};
  Backend backend([&](Peer& peer) {
    for (;;) {
      const std::string head = peer.read_head();
      if (head.empty()) return;
      if (head.starts_with("GET /small")) {
        peer.send(ok("small"));
        continue;
      }
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
      const std::string piece(65'536, 'x');
      for (std::size_t at = 0; at < size; at += piece.size()) {
        if (!peer.send(piece)) return;
        sent += piece.size();
      }
    }
  });
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  client.give_room(0, 0x7fffffff - 65'535);
  const std::uint32_t large = client.get("/large");
  while (client.answers[large].body.size() < 65'535) ASSERT_TRUE(client.read());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.exchange("/small").body, "small");
  EXPECT_EQ(client.answers[large].body.size(), 65'535u);
  EXPECT_LT(sent, size);
  client.give_room(large, 0x7fffffff - 65'535);
  EXPECT_EQ(client.answer(large).body.size(), size);
}

// --- endings ----------------------------------------------------------------------------------------

TEST(Http2, AResetByTheClientEndsTheExchange) {
  Greeted<HoldingPipeline> greeted;
  auto& [holding, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  client.send(frame::data, 0, id, "part");
  client.send(frame::reset, 0, id, big_endian(8));
  EXPECT_EQ(client.answer(client.post("/", "x")).body, "took 1");
  server.running.settle();
  EXPECT_EQ(holding.ended, 2);
  EXPECT_EQ(server.counters().aborted.get(), 1u);
  EXPECT_EQ(server.counters().answered.get(), 1u);
  EXPECT_EQ(server.running.shard->active(), 0u);
}

TEST(Http2, AVanishedClientEndsItsExchanges) {
  HoldingPipeline holding;
  Http2Server server(holding);
  {
    Http2Peer client = server.peer();
    client.greet();
    for (int i = 0; i < 5; ++i) client.request(request_fields("POST", "/"), false);
    client.send(frame::ping, 0, 0, "12345678");
    ASSERT_TRUE(client.read_to(frame::ping));
    EXPECT_EQ(server.running.shard->active(), 5u);
    client.peer().reset();
  }
  EXPECT_TRUE(advance_until(Duration(0), [&] { return holding.ended == 5; }));
  server.running.settle();
  EXPECT_EQ(server.counters().open.get(), 0u);
  EXPECT_EQ(server.counters().aborted.get(), 5u);  // REL-001
}

TEST(Http2, AClientThatVanishesRightBehindItsDataIsMissed) {
  Greeted<HoldingPipeline> greeted;
  auto& [holding, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  client.send(frame::ping, 0, 0, "12345678");
  ASSERT_TRUE(client.read_to(frame::ping));
  std::promise<void> go_on;
  server.running.hold(go_on);  // so that both are there when it looks
  client.send(frame::data, 0, id, "part");
  client.peer().reset();
  go_on.set_value();
  EXPECT_TRUE(advance_until(Duration(0), [&] { return server.counters().open.get() == 0; }));
  EXPECT_EQ(holding.ended, 1);
}

TEST(Http2, ExceptionBecomes500AndAllocationFailure503) {  // REL-133
  PlainPipeline plain([](Message& message, Client&) -> Task<void> {
    if (message.incoming.target == "/memory") throw std::bad_alloc();
    throw std::runtime_error("broken");
    co_return;
  });
  Http2Server server(plain);
  Http2Peer client = server.peer();
  EXPECT_EQ(client.greet().exchange("/").status(), 500);
  EXPECT_EQ(client.exchange("/memory").status(), 503);
}

TEST(Http2, NoAnswerAtAllIsAVisibleAbort) {  // REL-002
  PlainPipeline plain([](Message&, Client&) -> Task<void> { co_return; });
  Http2Server server(plain);
  Http2Peer client = server.peer();
  EXPECT_EQ(client.greet().exchange("/").reset, 2u);  // INTERNAL_ERROR
}

TEST(Http2, ClosesAfterTheAgreedNumberOfRequests) {  // REL-032
  EchoPipeline echo;
  Config config;
  config.keep_alive_requests = 3;
  Http2Server server(echo, config);
  Http2Peer client = server.peer();
  client.greet();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.exchange("/").status(), 200);
  while (!client.goaway) ASSERT_TRUE(client.read());
  EXPECT_EQ(client.goaway, 0u);
  EXPECT_EQ(client.goaway_last, 0x7fffffffu);
  while (client.ping_payload.empty()) ASSERT_TRUE(client.read());
  client.send(frame::ping, frame::kAck, 0, client.ping_payload);
  EXPECT_EQ(client.goaway_code(), 0);
  EXPECT_EQ(client.goaway_last, 5u);
}

TEST(Http2, DrainTellsTheClientAndFinishesWorkUnderWay) {  // REL-158
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  const std::uint32_t slow = client.get("/slow");
  Peer upstream = backend.accept();
  upstream.read_head();
  proxy.running.shard->drain(Duration(30'000));
  ASSERT_TRUE(client.read_to(frame::goaway));
  EXPECT_EQ(client.goaway_last, 0x7fffffffu);
  ASSERT_TRUE(client.read_to(frame::ping));
  const std::uint32_t crossed = client.get("/crossed");  // sent before the client could know
  Peer second = backend.accept();
  second.read_head();
  client.send(frame::ping, frame::kAck, 0, client.last.payload);
  ASSERT_TRUE(client.read_to(frame::goaway));
  EXPECT_EQ(client.goaway_last, crossed);
  client.get("/too-late");
  second.send(ok("crossed"));
  upstream.send(ok("late"));
  EXPECT_EQ(client.answer(crossed).body, "crossed");
  EXPECT_EQ(client.answer(slow).body, "late");
  EXPECT_EQ(client.goaway_code(), 0);
  client.peer().close();
  proxy.running.join();
  EXPECT_EQ(backend.connections(), 2);
}

TEST(Http2, DrainWaitsASecondForAClientThatSaysNothing) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.exchange("/");
  server.running.shard->drain(Duration(30'000));
  ASSERT_TRUE(client.read_to(frame::goaway));
  Clock::advance(Duration(1'000));
  EXPECT_EQ(client.goaway_code(), 0);
  EXPECT_EQ(client.goaway_last, 1u);
  client.peer().close();
  server.running.join();
}

TEST(Http2, StopDuringExchangesLeavesNothingBehind) {
  Backend backend;
  auto proxy = std::make_unique<Proxy>(backend.port());
  proxy->start();
  Http2Peer client(proxy->connect());
  client.greet();
  std::vector<Peer> upstreams;
  for (int i = 0; i < 5; ++i) {
    const std::uint32_t id = client.request(request_fields("POST", "/"), false);
    client.send(frame::data, 0, id, "hello");
    upstreams.push_back(backend.accept());
    upstreams.back().read_head();
  }
  proxy.reset();
  while (client.read()) {
  }
  for (Peer& upstream : upstreams) EXPECT_NE(upstream.rest(), "unreached");
}

#ifndef __SANITIZE_ADDRESS__
// REL-131: no buffer is held; what nghttp2 keeps for a session remains.
TEST(Http2, IdleConnectionsGiveTheirBuffersBack) {
  EchoPipeline echo;
  Http2Server server(echo);
  std::vector<std::unique_ptr<Http2Peer>> clients;
  const std::size_t before = resident_kib();
  for (int i = 0; i < 400; ++i) {
    clients.push_back(std::make_unique<Http2Peer>(server.running.connect()));
    clients.back()->greet();
    EXPECT_EQ(clients.back()->answer(clients.back()->post("/", std::string(5'000, 'x'))).body.size(), 5'000u);
  }
  server.running.settle();
  EXPECT_LT(resident_kib() - before, 400u * 42);  // the clients' own memory included
}
#endif

// --- time -------------------------------------------------------------------------------------------

TEST(Http2, IdleConnectionsAreClosed) {  // REL-032
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.exchange("/");
  server.running.settle();
  Clock::advance(Duration(59'000));
  client.send(frame::ping, 0, 0, "12345678");  // no request: it keeps nothing alive
  ASSERT_TRUE(client.read_to(frame::ping));
  Clock::advance(Duration(1'500));
  EXPECT_EQ(client.goaway_code(), 0);
}

TEST(Http2, AHeadThatDoesNotEndIsGivenUp) {  // REL-030
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.send(frame::headers, frame::kEndStream, 1, hpack(request_fields("GET", "/")));
  server.running.settle();
  Clock::advance(Duration(6'000));
  client.send(frame::continuation, 0, 1, hpack({{"a", "b"}}));
  server.running.settle();
  Clock::advance(Duration(5'000));
  EXPECT_EQ(client.goaway_code(), 11);
  EXPECT_EQ(echo.served, 0);
}

TEST(Http2, APrefaceThatDoesNotEndIsGivenUp) {  // REL-030, REL-031
  EchoPipeline echo;
  Http2Server server(echo);
  Http2Peer client = server.peer();
  client.send(kPreface.substr(0, 20));
  while (!client.greeted) ASSERT_TRUE(client.read());
  server.running.settle();
  Clock::advance(Duration(11'000));
  EXPECT_EQ(client.goaway_code(), 11);
}

TEST(Http2, ASlowBodyIs408) {  // REL-033
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  const std::uint32_t fast = client.request(request_fields("POST", "/"), false);
  client.send(frame::ping, 0, 0, "12345678");
  ASSERT_TRUE(client.read_to(frame::ping));
  client.send(frame::data, 0, id, std::string(2'900, 'x'));
  client.send(frame::data, 0, fast, std::string(3'100, 'x'));
  client.send(frame::ping, 0, 0, "12345678");
  ASSERT_TRUE(client.read_to(frame::ping));
  server.running.settle();
  Clock::advance(Duration(30'500));
  EXPECT_EQ(client.answer(id).status(), 408);
  client.send(frame::data, frame::kEndStream, fast, "!");
  EXPECT_EQ(client.answer(fast).body.size(), 3'101u);
}

TEST(Http2, AClientThatTakesNothingOfAnAnswerLosesIt) {  // REL-034
  const std::string body(200'000, 'x');
  PlainPipeline plain([&](Message& message, Client& client) -> Task<void> {
    Reply reply;
    reply.has_body = true;
    reply.bytes = message.incoming.target == "/large" ? std::string_view(body) : "small";
    co_await client.reply(reply);
  });
  Http2Server server(plain);
  Http2Peer client = server.peer();
  client.greet("");
  client.give_room(0, 1 << 20);
  const std::uint32_t id = client.get("/large");
  while (client.answers[id].body.size() < 65'535) ASSERT_TRUE(client.read());
  server.running.settle();
  Clock::advance(Duration(50'000));
  EXPECT_EQ(client.exchange("/small").body, "small");
  EXPECT_FALSE(client.answers[id].reset.has_value());
  Clock::advance(Duration(11'000));
  EXPECT_EQ(client.answer(id).reset, 8u);  // CANCEL
  EXPECT_EQ(client.exchange("/small").body, "small");
}

TEST(Http2, CountsWhatHappens) {  // REL-001
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.exchange("/1");
  client.exchange("/2");
  client.answer(client.request(request_fields("TRACE", "/")));
  server.running.settle();
  EXPECT_EQ(server.counters().accepted.get(), 1u);
  EXPECT_EQ(server.counters().requests.get(), 2u);
  EXPECT_EQ(server.counters().answered.get(), 2u);
  EXPECT_EQ(server.counters().refused.get(), 1u);
  client.answer(client.get("/", {{"connection", "close"}}));
  server.running.settle();
  EXPECT_EQ(server.counters().refused.get(), 2u);
}

}  // namespace
}  // namespace myelin::http::test
