// What happens between the sender and back ends that are asked by HTTP/2, frame by frame.

#include <random>

#include "tests/unit/http/http2_wire.hpp"
#include "transports/http/counters.hpp"

namespace myelin::http::test {
namespace {

using frame::kEndHeaders;
using frame::kEndStream;

constexpr std::uint32_t kNoError = 0, kProtocolError = 1, kInternalError = 2, kRefused = 7, kCancel = 8, kCalm = 11, kHttp1Required = 13;

std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view body, std::string_view fields = {}) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) +
         "\r\n" + std::string(body);
}
std::string reset_of(std::uint32_t id, std::uint32_t error) { return frame_of(frame::reset, 0, id, big_endian(error)); }
std::string goaway_of(std::uint32_t last, std::uint32_t error) {
  return frame_of(frame::goaway, 0, 0, big_endian(last) + big_endian(error));
}

TEST(Http2Sender, PassesRequestAndAnswerThrough) {  // REL-068, SRV-150
  Http2Backend http2;
  Peer client = http2.client(
      "POST /a?b=c HTTP/1.1\r\nHost: client\r\nContent-Length: 2\r\nX-A: 1\r\nX-B: 2\r\nConnection: X-B, keep-alive\r\n"
      "Keep-Alive: timeout=5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: x\r\nCookie: c=1\r\n\r\nhi");
  const auto backend = http2.accept();
  EXPECT_EQ(backend->settings[2], 0u);          // nothing may be pushed
  EXPECT_EQ(backend->settings[6], 32u * 1024);  // REL-011
  const Http2Answer& request = backend->answer(1);
  const std::string authority = "127.0.0.1:" + std::to_string(http2.backend.port());
  const Fields expected{{":method", "POST"}, {":scheme", "http"}, {":authority", authority}, {":path", "/a?b=c"},
                        {"x-a", "1"}, {"cookie", "c=1"}, {"user-agent", "Myelin"}, {"content-length", "2"}};
  EXPECT_EQ(request.fields, expected);
  EXPECT_EQ(request.body, "hi");
  backend->respond(1, "201", "hello", {{"content-length", "5"}, {"set-cookie", "a=1"}, {"set-cookie", "b=2"}, {"server", "s"}});
  const auto answer = client.read_message();
  EXPECT_EQ(answer.head.substr(0, answer.head.find("Date")),
            "HTTP/1.1 201 Created\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n");
  EXPECT_EQ(answer.field("Server"), "Myelin");
  EXPECT_EQ(answer.body, "hello");
}

TEST(Http2Sender, TargetsAreSentAsPaths) {
  Http2Backend http2;
  http2.adjust = [](OutgoingRequest& request) { request.target = "http://h:1/full?x"; };
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  EXPECT_EQ(backend->answer(1).field(":path"), "/full?x");
}

TEST(Http2Sender, HttpOneZeroIsStillSpokenWhenItIsForced) {
  Http2Backend http2;
  http2.adjust = [](OutgoingRequest& request) { request.http10 = true; };
  Peer client = http2.client(get("/"));
  Peer backend = http2.backend.accept();
  EXPECT_TRUE(backend.read_head().starts_with("GET / HTTP/1.0\r\n"));
}

TEST(Http2Sender, BodiesOfUnknownLengthPassBothWays) {  // REL-067, REL-069
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  EXPECT_EQ(backend->answers[1].body, "one");
  EXPECT_EQ(backend->answers[1].field("content-length"), "");
  backend->respond(1, "200", {}, {}, false);  // while the request is still coming
  EXPECT_NE(client.read_head().find("Transfer-Encoding: chunked"), std::string::npos);
  client.send("3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_EQ(backend->answer(1).body, "onetwo");
  backend->send(frame::data, 0, 1, "ONE");
  EXPECT_EQ(client.read_to("ONE\r\n"), "3\r\nONE\r\n");
  backend->send(frame::headers, kEndHeaders | kEndStream, 1, hpack({{"x-checksum", "1"}}));
  EXPECT_EQ(client.read_to("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(Http2Sender, AnswersWithoutABodyHaveNone) {  // REL-070
  Http2Backend http2;
  Peer client = http2.client("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", {}, {{"content-length", "1234"}});
  EXPECT_NE(client.read_head().find("200 OK"), std::string::npos);
  client.send(get("/"));
  backend->answer(3);
  backend->respond(3, "304", {}, {{"content-length", "1234"}});
  EXPECT_NE(client.read_head().find("304 Not Modified"), std::string::npos);
  client.send(get("/"));
  backend->answer(5);
  backend->respond(5, "200", "ok");
  EXPECT_EQ(client.read_message().body, "ok");
  EXPECT_EQ(http2.backend.connections(), 1);
}

TEST(Http2Sender, ManyRequestsShareAConnection) {
  Http2Backend http2;
  std::vector<Peer> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(http2.client(get("/" + std::to_string(i))));
  const auto backend = http2.accept();  // whoever came while it was made, waits for it
  for (std::uint32_t id = 1; id < 100; id += 2) backend->answer(id);
  for (std::uint32_t id = 99; id < 100; id -= 2)  // 99 ... 1
    backend->respond(id, "200", backend->answers[id].field(":path"));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)].read_message().body, "/" + std::to_string(i));
  EXPECT_EQ(http2.backend.connections(), 1);
  EXPECT_EQ(http2.counters().connects.get(), 1u);
}

TEST(Http2Sender, ABackendThatTakesFewAtOnceGetsMoreConnections) {
  Http2Backend http2;
  Peer one = http2.client(get("/0"));
  const auto first = http2.accept(setting(3, 2));  // MAX_CONCURRENT_STREAMS
  first->answer(1);
  Peer two = http2.client(get("/1")), three = http2.client(get("/2"));
  const auto second = http2.accept();
  first->answer(3);
  second->answer(1);
  first->respond(3, "200", "x");
  first->respond(1, "200", "x");
  second->respond(1, "200", "x");
  for (Peer* client : {&one, &two, &three}) EXPECT_EQ(client->read_message().body, "x");
  EXPECT_EQ(http2.backend.connections(), 2);
}

TEST(Http2Sender, WhatABackendTakesAtOnceIsRemembered) {
  Http2Backend http2;
  Peer one = http2.client(get("/0"));
  auto backend = http2.accept(setting(3, 1));
  backend->answer(1);
  backend->respond(1, "200", "0");
  one.read_message();
  backend.reset();
  one.send(get("/1"));
  Peer two = http2.client(get("/2"));
  // None has told its settings yet: two requests, two connections.
  Http2Peer first(http2.backend.accept()), second(http2.backend.accept());
  for (Http2Peer* peer : {&first, &second}) {
    EXPECT_EQ(peer->peer().read_bytes(kPreface.size()), kPreface);
    peer->answer(1);
  }
  EXPECT_EQ(first.answers.count(3) + second.answers.count(3), 0u);
}

TEST(Http2Sender, ALeafMaySayHowManyShareAConnection) {
  Http2Backend http2;
  http2.adjust = [](OutgoingRequest& request) { request.http2_streams = 1; };
  Peer one = http2.client(get("/1"));
  const auto first = http2.accept();
  first->answer(1);
  Peer two = http2.client(get("/2"));
  const auto second = http2.accept();
  EXPECT_EQ(second->answer(1).field(":path"), "/2");
}

TEST(Http2Sender, LimitPerEndpointQueuesThenRefuses) {  // REL-022
  Config config;
  config.per_endpoint = 1;
  config.per_endpoint_waiting = 1;
  Http2Backend http2(config);
  Peer one = http2.client(get("/1"));
  const auto backend = http2.accept();
  backend->answer(1);
  Peer two = http2.client(get("/2"));
  EXPECT_TRUE(advance_until(Duration(0), [&] { return http2.counters().waits.get() == 1; }));
  Peer three = http2.client(get("/3"));
  const auto refused = three.read_message();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.field("X-Code"), "101503");
  backend->respond(1, "200", "one");
  EXPECT_EQ(one.read_message().body, "one");
  EXPECT_EQ(backend->answer(3).field(":path"), "/2");
  backend->respond(3, "200", "two");
  EXPECT_EQ(two.read_message().body, "two");
}

TEST(Http2Sender, AllWhoWaitForAConnectionHearThatItFailed) {
  const std::uint16_t nobody = Backend().port();
  Proxy proxy(nobody);
  proxy.pipeline.adjust = [](OutgoingRequest& request) { request.http2 = true; };
  proxy.start();
  std::vector<Peer> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(post("x"));
  }
  for (Peer& client : clients) {
    const auto answer = client.read_message();
    EXPECT_EQ(answer.field("X-Code"), "101503");
    EXPECT_EQ(answer.field("X-Sent"), "no");
  }
}

// --- back ends that give up ---------------------------------------------------------------------------

TEST(Http2Sender, WhatAGoawayLeavesOutGoesToAnotherConnection) {  // RFC 9113, 6.8; REL-124
  Http2Backend http2;
  Peer one = http2.client(get("/1"));
  const auto old = http2.accept();
  old->answer(1);
  Peer two = http2.client(post("body"));
  EXPECT_EQ(old->answer(3).body, "body");
  old->send(goaway_of(1, kNoError));
  const auto fresh = http2.accept();
  EXPECT_EQ(fresh->answer(1).body, "body");  // though it was sent, and is not idempotent
  fresh->respond(1, "200", "two");
  EXPECT_EQ(two.read_message().body, "two");
  old->respond(1, "200", "one");
  EXPECT_EQ(one.read_message().body, "one");
  EXPECT_EQ(old->goaway_code(), 0);  // and it ends behind its last answer
  one.send(get("/3"));
  EXPECT_EQ(fresh->answer(3).field(":path"), "/3");
}

TEST(Http2Sender, ConnectionsThatAreAboutToEndTakeNoFurtherRequests) {
  Http2Backend http2;
  Peer one = http2.client(get("/1"));
  const auto old = http2.accept();
  old->answer(1);
  old->send(goaway_of(0x7fffffff, kNoError) + frame_of(frame::ping, 0, 0, "12345678"));
  ASSERT_TRUE(old->read_to(frame::ping));
  Peer two = http2.client(get("/2"));
  const auto fresh = http2.accept();
  EXPECT_EQ(fresh->answer(1).field(":path"), "/2");
  old->respond(1, "200", "one");
  EXPECT_EQ(one.read_message().body, "one");
}

TEST(Http2Sender, ARefusedRequestIsRepeatedThreeTimesAtMost) {
  Http2Backend http2;
  Peer client = http2.client(post("body"));
  const auto backend = http2.accept();
  EXPECT_EQ(backend->answer(1).body, "body");
  backend->send(reset_of(1, kRefused));
  EXPECT_EQ(backend->answer(3).body, "body");
  backend->respond(3, "200", "done");
  EXPECT_EQ(client.read_message().body, "done");
  client.send(post("again"));
  for (const std::uint32_t id : {5u, 7u, 9u}) {
    EXPECT_EQ(backend->answer(id).body, "again");
    backend->send(reset_of(id, kRefused));
  }
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Sent"), "no");
  EXPECT_EQ(http2.counters().retries.get(), 3u);
}

TEST(Http2Sender, WhoRequiresHttp1IsAskedByIt) {  // RFC 9113, 7
  Http2Backend http2;
  Peer client = http2.client(post("hi"));
  const auto backend = http2.accept();
  EXPECT_EQ(backend->answer(1).body, "hi");
  backend->send(reset_of(1, kHttp1Required));
  Peer near = http2.backend.accept();
  EXPECT_TRUE(near.read_head().starts_with("POST /p HTTP/1.1\r\n"));
  EXPECT_EQ(near.read_bytes(2), "hi");
  near.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  EXPECT_EQ(client.read_message().body, "a");
  client.send(get("/next"));  // remembered
  EXPECT_TRUE(near.read_head().starts_with("GET /next HTTP/1.1\r\n"));
  near.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
  EXPECT_EQ(client.read_message().body, "b");
  EXPECT_EQ(http2.counters().retries.get(), 1u);
  Clock::advance(Duration(3'600'000));
  Peer later = http2.client(get("/later"));
  EXPECT_EQ(http2.accept()->answer(1).field(":path"), "/later");
}

TEST(Http2Sender, WhoRequiresHttp1AfterSomeOfABodyIs101506) {
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  client.send("3\r\ntwo\r\n");
  ASSERT_TRUE(backend->read_to(frame::data));  // so the first of it is gone
  backend->send(reset_of(1, kHttp1Required));
  EXPECT_EQ(client.read_message().field("X-Code"), "101506");
}

TEST(Http2Sender, ARequestWhoseBodyIsGoneIsNotRepeated) {
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\none");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  client.send("two");
  EXPECT_EQ(backend->answer(1).body, "onetwo");
  backend->send(reset_of(1, kRefused));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Sent"), "no");  // nobody has looked at it
}

TEST(Http2Sender, AResetBeforeTheAnswerIs101503) {
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  backend->send(reset_of(1, kInternalError));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Base"), "101500");
  EXPECT_EQ(answer.field("X-Sent"), "yes");
  client.send(get("/next"));
  EXPECT_EQ(backend->answer(3).field(":path"), "/next");
}

TEST(Http2Sender, AResetWithinTheAnswerIsAVisibleAbort) {  // REL-002, REL-072
  Http2Backend http2;
  Peer other = http2.client(get("/other"));
  const auto backend = http2.accept();
  backend->answer(1);
  Peer client = http2.client(get("/"));
  backend->answer(3);
  backend->respond(3, "200", "hel", {{"content-length", "10"}}, false);
  client.read_head();
  backend->send(reset_of(3, kInternalError));
  EXPECT_FALSE(client.ends());
  EXPECT_EQ(http2.proxy.pipeline.last_fault, 101505);
  backend->respond(1, "200", "fine");  // others are not harmed
  EXPECT_EQ(other.read_message().body, "fine");
}

TEST(Http2Sender, AConnectionThatEndsTellsAllItsExchanges) {  // SRV-116, REL-072
  Http2Backend http2;
  Peer one = http2.client(get("/1"));
  auto backend = http2.accept();
  backend->answer(1);
  Peer two = http2.client(post("x"));
  backend->answer(3);
  backend->respond(1, "200", "part", {}, false);
  one.read_head();
  backend.reset();
  EXPECT_EQ(one.rest().find("0\r\n\r\n"), std::string::npos);
  const auto answer = two.read_message();
  EXPECT_EQ(answer.field("X-Base"), "101505");
  EXPECT_EQ(answer.field("X-Sent"), "yes");
}

TEST(Http2Sender, RepeatsAnIdempotentRequestWhenTheConnectionWasDead) {  // REL-124
  Http2Backend http2;
  Peer client = http2.client(get("/0"));
  auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "0");
  EXPECT_EQ(client.read_message().body, "0");
  client.send(get("/1"));
  backend->answer(3);
  backend.reset();  // closed, having read it
  backend = http2.accept();
  EXPECT_EQ(backend->answer(1).field(":path"), "/1");
  backend->respond(1, "200", "1");
  EXPECT_EQ(client.read_message().body, "1");
  client.send(post("once"));
  backend->answer(3);
  backend.reset();
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Base"), "101505");
  EXPECT_EQ(answer.field("X-Sent"), "yes");
}

// --- bodies -----------------------------------------------------------------------------------------

TEST(Http2Sender, AStalledClientHoldsUpItsOwnAnswerOnly) {  // REL-130, REL-129
  Http2Backend http2;
  Peer stalled = Peer::connect(http2.proxy.running.port, 4'096);
  stalled.send(get("/stalled"));
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", {}, {}, false);
  // Far more than the kernel keeps; the stream's window ends it. What is taken opens it again.
  std::size_t window = 65'535, sent = 0;
  const std::string block(16'384, 'x');
  while (sent < (std::size_t{64} << 20)) {
    const std::size_t bytes = std::min(block.size(), window);
    if (bytes > 0) backend->send(frame::data, 0, 1, std::string_view(block).substr(0, bytes));
    sent += bytes;
    window -= bytes;
    if (window > 0) continue;
    const std::size_t before = backend->room[1];
    while (backend->room[1] == before && readable(backend->peer(), 500) && backend->read()) {
    }
    if (backend->room[1] == before) break;
    window += backend->room[1] - before;
  }
  EXPECT_LT(sent, std::size_t{40} << 20);
  Peer other = http2.client(get("/other"));
  while (backend->answers[3].fields.empty() && backend->read()) {
  }
  backend->respond(3, "200", "fine");
  EXPECT_EQ(other.read_message().body, "fine");
  stalled.reset();
}

TEST(Http2Sender, ManyStalledAnswersLeaveRoomForOthers) {  // REL-129
  Http2Backend http2;
  std::vector<Peer> stalled;
  std::promise<void> go_on;
  for (int i = 0; i < 40; ++i) stalled.push_back(http2.client(get("/")));
  const auto backend = http2.accept();
  for (std::uint32_t id = 1; id < 80; id += 2) backend->answer(id);
  Peer other = http2.client(get("/other"));
  backend->answer(81);
  std::size_t room = 65'535 + backend->room[0];  // of the connection
  EXPECT_GE(room, 100u * 65'535u);
}

TEST(Http2Sender, ABackendThatTakesNothingHoldsTheClientBack) {  // REL-130
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 67108864\r\n\r\n");
  const auto backend = http2.accept();
  std::size_t sent = 0;
  const std::string block(65'536, 'x');
  timeval patience{0, 500'000};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  while (sent < (std::size_t{64} << 20) && client.send(block)) sent += block.size();
  EXPECT_LT(sent, std::size_t{40} << 20);
  while (backend->answers[1].body.size() < 65'535 && backend->read()) {
  }
  EXPECT_EQ(backend->answers[1].body.size(), 65'535u);
  client.reset();
  backend->give_room(0, 1 << 30);
  backend->give_room(1, 1 << 30);
  EXPECT_EQ(backend->await_reset(1), kCancel);
}

TEST(Http2Sender, LargeBodiesPassBothWays) {
  Http2Backend http2;
  std::string body(1'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  std::thread upload([&] { client.send(body); });
  const auto backend = http2.accept();
  backend->give_room(0, 2'000'000);
  while (backend->answers[1].fields.empty() && backend->read()) {
  }
  for (std::size_t room = 65'535; room < body.size(); room += 50'000) backend->give_room(1, 50'000);
  EXPECT_TRUE(backend->answer(1).body == body);
  upload.join();
  backend->respond(1, "200", {}, {{"content-length", "1000000"}}, false);
  Peer::Whole answer;
  std::thread download([&] { answer = client.read_message(); });  // nothing on the way stores it
  std::size_t at = 0;
  for (std::size_t window = 65'535; at < body.size();) {
    const std::size_t bytes = std::min({window, std::size_t{16'384}, body.size() - at});
    backend->send(frame::data, at + bytes == body.size() ? kEndStream : std::uint8_t{0}, 1, std::string_view(body).substr(at, bytes));
    at += bytes;
    window -= bytes;
    const std::size_t before = backend->room[1];
    while (window == 0 && at < body.size() && backend->room[1] == before && backend->read()) {
    }
    window += backend->room[1] - before;
  }
  download.join();
  EXPECT_TRUE(answer.body == body);
}

TEST(Http2Sender, AnEarlyAnswerStopsTheUpload) {  // REL-075
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000, 'x'));
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  backend->respond(1, "413", "big", {{"content-length", "3"}});
  const auto answer = client.read_message();
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(answer.body, "big");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(backend->await_reset(1), kCancel);
  Peer next = http2.client(get("/next"));
  EXPECT_EQ(backend->answer(3).field(":path"), "/next");
}

TEST(Http2Sender, AClientThatLeavesEndsItsOwnRequestOnly) {
  Http2Backend http2;
  Peer client = http2.client("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  client.close();
  EXPECT_EQ(backend->await_reset(1), kCancel);
  Peer next = http2.client(get("/next"));
  EXPECT_EQ(backend->answer(3).field(":path"), "/next");
  backend->respond(3, "200", "ok");
  EXPECT_EQ(next.read_message().body, "ok");
}

// --- time -------------------------------------------------------------------------------------------

TEST(Http2Sender, ASilentBackendTimesOutAndIsLeftAlone) {  // REL-036, EP-107
  Http2Backend http2;
  Peer client = http2.client(post("x"));
  const auto backend = http2.accept();
  backend->answer(1);
  EXPECT_TRUE(advance_until(Duration(60'000), [&] { return readable(client); }));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101507");
  EXPECT_EQ(answer.field("X-Base"), "101504");
  EXPECT_EQ(backend->goaway_code(), 0);  // nobody may be there any more
  client.send(post("y"));
  EXPECT_EQ(http2.accept()->answer(1).body, "y");
}

TEST(Http2Sender, OneSlowAnswerDoesNotEndTheConnectionOfOthers) {
  Http2Backend http2;
  std::atomic<int> count{0};
  http2.adjust = [&](OutgoingRequest& request) {
    if (count++ > 0) return;
    request.timeout = Duration(30'000);
    request.timeout_is_endpoints = true;
  };
  Peer client = http2.client(get("/slow"));
  const auto backend = http2.accept();
  backend->answer(1);
  Clock::advance(Duration(20'000));
  backend->send(frame::ping, 0, 0, "12345678");  // it is alive
  ASSERT_TRUE(backend->read_to(frame::ping));
  Clock::advance(Duration(10'000));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101504");
  EXPECT_EQ(answer.field("X-Message"), "Send timeout");
  EXPECT_EQ(backend->await_reset(1), kCancel);
  client.send(get("/next"));
  EXPECT_EQ(backend->answer(3).field(":path"), "/next");
}

TEST(Http2Sender, ABodyThatStopsTimesOut) {  // REL-036, REL-072
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "part", {}, false);
  client.read_head();
  EXPECT_TRUE(advance_until(Duration(60'000), [&] { return http2.proxy.pipeline.last_fault == 101504; }));
  EXPECT_EQ(client.rest().find("0\r\n\r\n"), std::string::npos);
}

TEST(Http2Sender, UnusedConnectionsAreClosed) {
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "ok");
  client.read_message();
  EXPECT_TRUE(advance_until(Duration(20'000), [&] {
    while (!backend->goaway && readable(backend->peer()) && backend->read()) {
    }
    return backend->goaway.has_value();
  }));
  EXPECT_EQ(backend->goaway_code(), 0);
  Peer next = http2.client(get("/next"));
  EXPECT_EQ(http2.accept()->answer(1).field(":path"), "/next");
}

TEST(Http2Sender, DrainsWithItsExchanges) {  // REL-158
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  http2.proxy.running.shard->drain(Duration(180'000));
  http2.proxy.running.settle();
  backend->respond(1, "200", "ok");
  EXPECT_EQ(client.read_message().body, "ok");
  EXPECT_EQ(http2.proxy.running.ended.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

// --- back ends that break the rules -------------------------------------------------------------------

TEST(Http2Sender, OnlyTheRequestIsLostToAnAnswerThatHttpDoesNotAllow) {  // REL-071, REL-019, REL-079
  const std::string ok_head = hpack({{":status", "200"}});
  const auto head = [](const Fields& more, std::uint8_t flags = kEndHeaders | kEndStream) {
    Fields fields{{":status", "200"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return frame_of(frame::headers, flags, 1, hpack(fields));
  };
  std::string interims;
  for (int i = 0; i < 11; ++i) interims += frame_of(frame::headers, kEndHeaders, 1, hpack({{":status", "103"}}));
  const std::pair<const char*, std::string> cases[] = {
      {"no status", frame_of(frame::headers, 5, 1, hpack({{"x", "y"}}))},
      {"two statuses", frame_of(frame::headers, 5, 1, ok_head + hpack({{":status", "200"}}))},
      {"status of four digits", frame_of(frame::headers, 5, 1, hpack({{":status", "2000"}}))},
      {"field of requests", head({{":path", "/"}})},
      {"field of connections", head({{"connection", "close"}})},
      {"transfer-encoding", head({{"transfer-encoding", "chunked"}})},
      {"upper case", head({{"X-Y", "1"}})},
      {"line end", head({{"x", "1\r\ny: 2"}})},
      {"bad length", head({{"content-length", "+5"}})},
      {"two lengths", head({{"content-length", "0"}, {"content-length", "0"}})},
      {"length without body", head({{"content-length", "5"}})},
      {"large head", head({{"x", std::string(9'000, 'x')}})},
      {"many fields", head(Fields(101, {"x", "y"}))},
      {"switching", frame_of(frame::headers, kEndHeaders, 1, hpack({{":status", "101"}}))},
      {"eleven interim answers", interims},
  };
  for (const auto& [name, bytes] : cases) {
    Http2Backend http2;
    http2.adjust = [](OutgoingRequest& request) { request.head_limit = 8'192; };
    Peer client = http2.client(post("x"));
    const auto backend = http2.accept();
    backend->answer(1);
    backend->send(bytes);
    const auto answer = client.read_message();
    EXPECT_EQ(answer.field("X-Code"), "101506") << name;
    EXPECT_EQ(answer.field("X-Sent"), "yes") << name;
    client.send(get("/next"));
    EXPECT_EQ(backend->answer(3).field(":path"), "/next") << name;
  }
}

TEST(Http2Sender, TenInterimAnswersAreSkipped) {  // REL-079
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  for (int i = 0; i < 10; ++i) backend->send(frame::headers, kEndHeaders, 1, hpack({{":status", "103"}, {"link", "x"}}));
  backend->respond(1, "200", "ok");
  EXPECT_EQ(client.read_message().body, "ok");
}

TEST(Http2Sender, BodiesKeepToTheirLength) {  // REL-071
  for (const bool longer : {true, false}) {
    Http2Backend http2;
    Peer client = http2.client(get("/"));
    const auto backend = http2.accept();
    backend->answer(1);
    backend->respond(1, "200", "12", {{"content-length", "3"}}, false);
    client.read_head();
    backend->send(frame::data, kEndStream, 1, longer ? "34" : "");
    EXPECT_FALSE(client.ends());
    EXPECT_EQ(http2.proxy.pipeline.last_fault, 101506);
  }
}

struct ConnectionCase {
  const char* name;
  std::string bytes;
  std::uint32_t code;
};

TEST(Http2Sender, AConnectionWhoseFramesAreWrongEnds) {  // REL-041, REL-071
  const std::string part = hpack({{":status", "200"}});
  std::string endless = frame_of(frame::headers, 0, 1, part + hpack({{"x", std::string(16'000, 'x')}}));
  for (int i = 0; i < 2; ++i) endless += frame_of(frame::continuation, 0, 1, hpack({{"x", std::string(16'000, 'x')}}));
  const ConnectionCase cases[] = {
      {"push", frame_of(frame::push, kEndHeaders, 1, big_endian(2) + hpack(request_fields("GET", "/"))), kProtocolError},
      {"endless head", endless, kCalm},
      {"interrupted head", frame_of(frame::headers, 0, 1, part) + frame_of(frame::ping, 0, 0, "12345678"), kProtocolError},
      {"stream of its own", frame_of(frame::headers, kEndHeaders, 2, part), kProtocolError},
      {"stream nobody began", frame_of(frame::headers, kEndHeaders, 9, part), kProtocolError},
      {"data before the head", frame_of(frame::data, 0, 1, "x"), kProtocolError},
      {"frame too large", frame_of(frame::data, 0, 1, std::string(16'385, 'x')), 6},
      {"compression", frame_of(frame::headers, kEndHeaders, 1, "\x80"), 9},
      {"window overflow", frame_of(frame::window, 0, 0, big_endian(0x7fffffff)), 3},
      {"push is allowed", settings_frame(2, 1), kProtocolError},
  };
  for (const ConnectionCase& one : cases) {
    Http2Backend http2;
    Peer client = http2.client(get("/"));
    const auto backend = http2.accept();
    backend->answer(1);
    backend->send(one.bytes);
    EXPECT_EQ(backend->goaway_code(), static_cast<int>(one.code)) << one.name;
    EXPECT_EQ(client.read_message().field("X-Code"), "101506") << one.name;
    client.send(get("/next"));
    EXPECT_EQ(http2.accept()->answer(1).field(":path"), "/next") << one.name;
  }
}

TEST(Http2Sender, WhoSpeaksSomethingElseIs101506) {
  for (const std::string_view said : {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "SSH-2.0-x\r\n"}) {
    Backend backend([&](Peer& peer) {
      peer.read_bytes(kPreface.size());
      peer.send(said);
      peer.ends();
    });
    Proxy proxy(backend.port());
    proxy.pipeline.adjust = [](OutgoingRequest& request) { request.http2 = true; };
    proxy.start();
    Peer client = proxy.connect();
    client.send(get("/"));
    EXPECT_EQ(client.read_message().field("X-Code"), "101506") << said;
  }
}

TEST(Http2Sender, AHeadThatDoesNotEndInTimeEndsTheConnection) {  // REL-030 for back ends
  Http2Backend http2;
  Peer client = http2.client(get("/"));
  const auto backend = http2.accept();
  backend->answer(1);
  backend->send(frame::headers, 0, 1, hpack({{":status", "200"}}));
  EXPECT_TRUE(advance_until(Duration(5'000), [&] { return readable(client); }));
  EXPECT_EQ(client.read_message().field("X-Code"), "101506");
  EXPECT_EQ(backend->goaway_code(), static_cast<int>(kCalm));
}

// REL-005: whatever comes, however it ends, every request is answered or visibly cut, and nothing is left behind.
TEST(Http2Sender, RandomFramesHurtNobody) {
  std::atomic<unsigned> seed{0};
  Backend backend([&](Peer& raw) {
    std::mt19937 random(seed++);
    const auto below = [&](std::uint32_t most) { return static_cast<std::uint32_t>(random() % most); };
    raw.send(frame_of(frame::settings, 0, 0, below(4) == 0 ? setting(3, below(3)) : std::string()));
    for (std::uint32_t count = 1 + below(30); count > 0; --count) {
      if (below(3) == 0 && raw.receive() <= 0) return;
      const std::uint32_t id = 1 + 2 * below(6);
      const auto ends = static_cast<std::uint8_t>(below(2) ? kEndStream : 0);
      std::string bytes;
      switch (below(10)) {
        case 0:
        case 1:
        case 2: bytes = frame_of(frame::headers, static_cast<std::uint8_t>(kEndHeaders | ends), id, hpack({{":status", "200"}})); break;
        case 3: bytes = frame_of(frame::headers, kEndHeaders, id, hpack({{":status", "103"}})); break;
        case 4:
        case 5: bytes = frame_of(frame::data, ends, id, std::string(below(16'000), 'x')); break;
        case 6: bytes = reset_of(id, below(14)); break;
        case 7: bytes = frame_of(frame::window, 0, below(2) ? id : 0, big_endian(1 + below(100'000))); break;
        case 8: bytes = below(3) ? settings_frame(1 + below(9), below(70'000)) : goaway_of(id, below(3)); break;
        default: bytes = frame_of(static_cast<std::uint8_t>(below(12)), static_cast<std::uint8_t>(below(256)), below(5), std::string(below(20), '\x82'));
      }
      if (!raw.send(bytes)) return;
    }
    if (below(2)) raw.reset();
  });
  Proxy proxy(backend.port());
  proxy.pipeline.adjust = [](OutgoingRequest& request) {
    request.http2 = true;
    request.timeout = Duration(2'000);
  };
  proxy.start();
  const char* asked = std::getenv("MYELIN_FUZZ_ROUNDS");
  const int rounds = asked ? std::atoi(asked) : 100;
  const Counters& counters = proxy.running.shard->counters();
  for (int round = 0; round < rounds; ++round) {
    std::vector<Peer> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(proxy.connect());
      clients.back().send(i % 2 ? get("/") : post(std::string(static_cast<std::size_t>(i) * 10'000, 'x')));
    }
    const auto over = [&] { return proxy.running.shard->active() == 0 && counters.requests.get() >= 8u * static_cast<unsigned>(round + 1); };
    EXPECT_TRUE(advance_until(Duration(500), over));
  }
  EXPECT_EQ(counters.requests.get(), counters.answered.get() + counters.aborted.get());  // REL-001
}

}  // namespace
}  // namespace myelin::http::test
