// What passes behind a body, and through which versions of HTTP (REL-067); with it, gRPC.

#include "transports/http/trailers.hpp"

#include "tests/unit/http/http2_wire.hpp"

namespace myelin::http::test {
namespace {

using frame::kEndHeaders;
using frame::kEndStream;

const Fields kGrpcRequest{{"te", "trailers"}, {"content-type", "application/grpc"}};
const Fields kGrpcAnswer{{"content-type", "application/grpc"}};
const Fields kGrpcEnd{{"grpc-status", "0"}, {"grpc-message", "fine"}, {"x-own", "1"}};

/// A frame with trailers.
std::string end_of(std::uint32_t id, const Fields& trailers) {
  return frame_of(frame::headers, kEndHeaders | kEndStream, id, hpack(trailers));
}

/// An HTTP/2 client, and a back end asked by HTTP/2 behind the proxy.
class Grpc : public testing::Test {
 protected:
  Grpc() { client.greet(); }
  std::uint32_t call(const Fields& fields = kGrpcRequest) { return client.request(request_fields("POST", "/shop.Stock/Get", fields), false); }
  Http2Backend http2;
  Http2Peer client{http2.proxy.connect()};
};

TEST_F(Grpc, StreamsPassBothWaysAndEndWithTrailers) {
  const std::uint32_t id = call();
  client.send(frame::data, 0, id, "ask1");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  EXPECT_EQ(backend->answers[1].field("te"), "trailers");
  EXPECT_EQ(backend->answers[1].field("content-type"), "application/grpc");
  backend->respond(1, "200", "tell1", kGrpcAnswer, false);
  ASSERT_TRUE(client.read_to(frame::data));  // while the request is under way
  EXPECT_EQ(client.answers[id].body, "tell1");
  client.send(frame::data, kEndStream, id, "ask2");
  EXPECT_EQ(backend->answer(1).body, "ask1ask2");
  backend->send(frame::data, 0, 1, "tell2");
  backend->send(end_of(1, kGrpcEnd));
  const Http2Answer& answer = client.answer(id);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "tell1tell2");
  EXPECT_EQ(answer.trailers, kGrpcEnd);
  EXPECT_FALSE(answer.reset.has_value());
}

TEST_F(Grpc, AnAnswerMayBeNothingButTrailers) {
  const std::uint32_t id = call();
  client.send(frame::data, kEndStream, id, "ask");
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "", {{"content-type", "application/grpc"}, {"grpc-status", "12"}});
  const Http2Answer& answer = client.answer(id);
  EXPECT_EQ(answer.field("grpc-status"), "12");
  EXPECT_EQ(client.frames[frame::data], 0);  // its head ends it
}

TEST_F(Grpc, TrailersMayFollowTheHeadAtOnce) {
  for (const bool together : {true, false}) {
    const std::uint32_t id = call();
    client.send(frame::data, kEndStream, id, "ask");
    static std::unique_ptr<Http2Peer> backend;
    if (together) backend = http2.accept();
    const std::uint32_t asked = together ? 1 : 3;
    backend->answer(asked);
    const std::string head = frame_of(frame::headers, kEndHeaders, asked, hpack({{":status", "200"}, {"content-type", "application/grpc"}}));
    if (together) {
      backend->send(head + end_of(asked, kGrpcEnd));
    } else {
      backend->send(head);
      ASSERT_TRUE(client.read_to(frame::headers));
      backend->send(end_of(asked, kGrpcEnd));
    }
    EXPECT_EQ(client.answer(id).trailers, kGrpcEnd);
    EXPECT_EQ(client.answers[id].body, "");
    if (!together) backend.reset();
  }
}

TEST_F(Grpc, LargeAnswersKeepTheirTrailers) {
  const std::uint32_t id = call();
  client.send(frame::data, kEndStream, id, "ask");
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", std::string(16'000, 'x'), kGrpcAnswer, false);
  for (int i = 0; i < 3; ++i) backend->send(frame::data, 0, 1, std::string(16'000, 'y'));
  backend->send(end_of(1, kGrpcEnd));
  EXPECT_EQ(client.answer(id).body.size(), 64'000u);
  EXPECT_EQ(client.answers[id].trailers, kGrpcEnd);
}

TEST_F(Grpc, RequestsMayHaveTrailersToo) {
  const std::uint32_t id = call();
  client.send(frame::data, 0, id, "ask");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  client.send(end_of(id, {{"x-sum", "7"}}));
  const Http2Answer& request = backend->answer(1);
  EXPECT_EQ(request.body, "ask");
  EXPECT_EQ(request.trailers, (Fields{{"x-sum", "7"}}));
  const std::uint32_t other = call();
  client.send(end_of(other, {{"x-sum", "8"}}));  // without a body
  EXPECT_EQ(backend->answer(3).trailers, (Fields{{"x-sum", "8"}}));
}

TEST_F(Grpc, ARequestThatIsOverItsTrailersLimitIsReset) {  // REL-014
  const std::uint32_t id = call();
  client.send(frame::data, 0, id, "ask");
  const auto backend = http2.accept();
  ASSERT_TRUE(backend->read_to(frame::data));
  client.send(end_of(id, Fields(33, {"x", "1"})));
  EXPECT_TRUE(backend->await_reset(1).has_value());
}

TEST_F(Grpc, WhoDoesNotAskForTrailersGetsNone) {
  const std::uint32_t id = call(kGrpcAnswer);
  client.send(frame::data, kEndStream, id, "ask");
  const auto backend = http2.accept();
  EXPECT_EQ(backend->answer(1).field("te"), "");
  backend->respond(1, "200", "tell", kGrpcAnswer, false);
  backend->send(end_of(1, kGrpcEnd));
  EXPECT_EQ(client.answer(id).body, "tell");
  EXPECT_EQ(client.answers[id].trailers, Fields());
}

TEST_F(Grpc, OtherMessagesAndNamesOfHeadsLoseThem) {  // REL-067
  const std::uint32_t id = call();
  client.send(frame::data, kEndStream, id, "ask");
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "tell", {{"content-type", "application/json"}}, false);
  backend->send(end_of(1, kGrpcEnd));
  EXPECT_EQ(client.answer(id).trailers, Fields());
  const std::uint32_t other = call();
  client.send(frame::data, kEndStream, other, "ask");
  backend->answer(3);
  backend->respond(3, "200", "tell", kGrpcAnswer, false);
  backend->send(end_of(3, {{"set-cookie", "a=1"}, {"content-type", "text/plain"}, {"authorization", "x"}, {"x-own", "1"}}));
  EXPECT_EQ(client.answer(other).trailers, (Fields{{"x-own", "1"}}));
}

// --- through HTTP/1.1 -----------------------------------------------------------------------------------

Config passing_checksums() {
  Config config;
  config.trailers = {"x-checksum"};
  return config;
}

const std::string kChunkedAnswer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n";

TEST(Trailers, PassFromHttp1ToHttp2AndBack) {
  Http2Backend http2(passing_checksums());
  Peer client = http2.client(
      "POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n");
  const auto backend = http2.accept();
  EXPECT_EQ(backend->answer(1).body, "one");
  EXPECT_EQ(backend->answers[1].trailers, (Fields{{"x-checksum", "1"}}));
  backend->respond(1, "200", "two", {}, false);
  backend->send(end_of(1, {{"x-checksum", "2"}, {"x-other", "3"}}));
  client.read_head();
  EXPECT_EQ(client.read_to("\r\n\r\n"), "3\r\ntwo\r\n0\r\nx-checksum: 2\r\n\r\n");
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(backend->answer(3).field(":method"), "GET");
}

TEST(Trailers, PassFromHttp2ToHttp1AndBack) {
  Backend backend;
  Proxy proxy(backend.port(), passing_checksums());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  const std::uint32_t id = client.request(request_fields("POST", "/", {{"te", "trailers"}}), false);
  client.send(frame::data, 0, id, "one");
  client.send(end_of(id, {{"x-checksum", "1"}, {"x-other", "2"}}));
  Peer near = backend.accept();
  const std::string head = near.read_head();
  EXPECT_NE(head.find("\r\nTE: trailers\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nConnection: TE\r\n"), std::string::npos) << head;
  EXPECT_EQ(near.read_to("x-checksum: 1\r\n\r\n"), "3\r\none\r\n0\r\nx-checksum: 1\r\n\r\n");
  near.send(kChunkedAnswer);
  EXPECT_EQ(client.answer(id).body, "one");
  EXPECT_EQ(client.answers[id].trailers, (Fields{{"x-checksum", "1"}}));
}

TEST(Trailers, PassFromHttp1ToHttp1) {
  Backend backend;
  Proxy proxy(backend.port(), passing_checksums());
  proxy.start();
  Peer client = proxy.connect();
  for (const bool asks : {true, false}) {
    static Peer near;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(asks ? "TE: trailers, deflate\r\n" : "") + "\r\n");
    if (asks) near = backend.accept();
    EXPECT_EQ(near.read_head().find("TE: trailers\r\nConnection: TE\r\n") != std::string::npos, asks);
    near.send(kChunkedAnswer);
    client.read_head();
    EXPECT_EQ(client.read_to("\r\n\r\n"), asks ? "3\r\none\r\n0\r\nX-Checksum: 1\r\n\r\n" : "3\r\none\r\n0\r\n\r\n");
    if (!asks) near = Peer();
  }
}

TEST(Trailers, NeedAMessageThatHasAnEndOfItsOwn) {
  Http2Backend http2(passing_checksums());
  Peer client = http2.client("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\nGET / HTTP/1.0\r\nHost: h\r\nTE: trailers\r\n\r\n");
  const auto backend = http2.accept();
  backend->answer(1);
  backend->respond(1, "200", "two", {{"content-length", "3"}}, false);
  backend->send(end_of(1, {{"x-checksum", "2"}}));
  EXPECT_EQ(client.read_message().body, "two");
  EXPECT_EQ(backend->answer(3).field("te"), "");
  backend->respond(3, "200", "two", {}, false);
  backend->send(end_of(3, {{"x-checksum", "2"}}));
  const std::string rest = client.rest();
  EXPECT_TRUE(rest.ends_with("\r\n\r\ntwo")) << rest;
}

TEST(Trailers, AreOfGrpcOrAllowedAndNeverOfHeads) {
  const TrailerNames allowed{"x-sum"};
  const auto passed = [&](std::string_view type, std::string_view name) {
    Trailers trailers(&allowed);
    trailers.begin(type);
    trailers.add(name, "v");
    return std::string(trailers.text());
  };
  EXPECT_EQ(passed("application/grpc", "grpc-status"), "grpc-status: v\r\n");
  EXPECT_EQ(passed("application/grpc+proto", "X-Any"), "X-Any: v\r\n");
  EXPECT_EQ(passed("Application/GRPC; a=b", "x-any"), "x-any: v\r\n");
  EXPECT_EQ(passed("application/grpc-web", "grpc-status"), "");
  EXPECT_EQ(passed("application/json", "grpc-status"), "");
  EXPECT_EQ(passed("", "X-Sum"), "X-Sum: v\r\n");
  for (const char* name : {"Content-Length", "content-type", "Transfer-Encoding", "Host", "Authorization", "Proxy-Authorization", "Cookie",
                           "Set-Cookie", "X-Forwarded-For", "Via", "Connection", "TE", "If-Match", "Location", "content_length"})
    EXPECT_EQ(passed("application/grpc", name), "") << name;
}

}  // namespace
}  // namespace myelin::http::test
