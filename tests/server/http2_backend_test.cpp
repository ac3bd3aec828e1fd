// HTTP/2 to back ends: one Myelin asks another one, which logs what it is asked.

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"
#include "tests/support/socket.hpp"

namespace myelin::test {
namespace {

class Http2ToBackends : public testing::Test {
 protected:
  Http2ToBackends() {
    const CertificateFiles files = write_certificates(certificates.path());
    inner.set("https.certificate=" + files.certificate.string());
    inner.set("https.key=" + files.key.string());
    inner.set("access_log.file=" + log().string());
    inner.https = true;
    inner.threads = outer.threads = 1;
    outer.set("backend.ca=" + files.authority.string());
    inner.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + origin.address() + "\"/></endpoint></send>"));
    origin.behave(Behaviour::replying("fine"));
  }

  std::filesystem::path log() const { return certificates.path() / "access.log"; }
  std::string plain() const { return "http://localhost:" + std::to_string(inner.port()) + "/"; }
  std::string secure() const { return "https://localhost:" + std::to_string(inner.https_port()) + "/"; }
  static std::string leaf(const std::string& to, const std::string& version = "2.0") {
    return "<endpoint><http uri-template=\"" + to + "\" version=\"" + version + "\"/></endpoint>";
  }
  void start(const std::string& endpoint) {
    outer.write("synapse.xml", main_sequence("<send>" + endpoint + "</send>"));
    outer.start();
  }
  /// How often the log of the inner one holds that, once it has `lines` lines.
  std::size_t logged(std::string_view text, std::size_t lines) const {
    const auto count = [&](std::string_view what) {
      const std::string all = read_file(log());
      std::size_t times = 0;
      for (std::size_t at = 0; (at = all.find(what, at)) != std::string::npos; ++at) ++times;
      return times;
    };
    EXPECT_TRUE(eventually([&] { return count("\n") >= lines; }));
    return count(text);
  }
  /// Its value, as text.
  std::string metric(const std::string& name) const {
    const std::string all = outer.admin("GET", "/metrics").body;
    const std::size_t at = all.find("\n" + name);
    const std::string line = all.substr(at + 1, all.find('\n', at + 1) - at - 1);
    return line.substr(line.rfind(' ') + 1);
  }

  TemporaryFolder certificates;
  Backend origin{"A"};
  Myelin inner, outer;
};

TEST_F(Http2ToBackends, IsSpokenInClearTextAndOverTls) {  // GW-056, EP-044
  inner.start();
  start("<endpoint><loadbalance>" + leaf(plain()) + leaf(secure()) + "</loadbalance></endpoint>");
  HttpClient client = outer.client();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.post("/", "text/plain", "hello").body, "fine");
  EXPECT_EQ(logged("\"POST / HTTP/2.0\" 200", 6), 6u);
  EXPECT_EQ(origin.received().back().body, "hello");
  EXPECT_EQ(outer.stop(), 0);
}

TEST_F(Http2ToBackends, IsNotSpokenWhereTheBackendHasItTurnedOff) {
  inner.set("http2.enabled=false");
  inner.start();
  start(leaf(secure()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outer.get("/").body, "fine");
  EXPECT_EQ(logged("\"GET / HTTP/1.1\" 200", 3), 3u);
}

TEST_F(Http2ToBackends, EachChildOfAGroupHasItsVersion) {
  inner.start();
  start("<endpoint><loadbalance><shared><connection version=\"2\"/></shared>" +
        std::string("<endpoint><address uri=\"") + plain() + "\"/></endpoint>" + leaf(plain(), "1.1") + "</loadbalance></endpoint>");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(outer.get("/").body, "fine");
  EXPECT_EQ(logged("HTTP/2.0\" 200", 4), 2u);
  EXPECT_EQ(logged("HTTP/1.1\" 200", 4), 2u);
}

TEST_F(Http2ToBackends, FailsOverBetweenVersions) {
  Backend second{"B"};
  second.behave(Behaviour::replying("second"));
  inner.start();
  start("<endpoint><failover>" + leaf(plain()) + "<endpoint><address uri=\"" + second.address() + "\"/></endpoint></failover></endpoint>");
  EXPECT_EQ(outer.get("/").body, "fine");
  inner.stop();  // its idle connection ends, and no other can be made
  EXPECT_EQ(outer.client().post("/", "text/plain", "hello").body, "second");
}

TEST_F(Http2ToBackends, ManyRequestsShareAConnection) {
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  origin.behave(held);
  inner.start();
  start(leaf(secure()));
  std::vector<HttpClient> clients;
  for (int i = 0; i < 80; ++i) {
    clients.push_back(outer.client());
    clients.back().send_request("GET", "/", {}, {});
  }
  EXPECT_TRUE(origin.await(80));
  origin.release();
  for (HttpClient& client : clients) EXPECT_EQ(client.receive("GET").body, "held");
  EXPECT_EQ(metric("myelin_backend_connections_total"), "1");
}

/// Reads until that has come; all that came.
std::string read_to(Stream& stream, std::string_view end) {
  std::string bytes;
  while (bytes.find(end) == std::string::npos && stream.read(bytes) == Stream::End::data) {
  }
  return bytes;
}

TEST_F(Http2ToBackends, GrpcKeepsItsTrailers) {  // REL-067
  Listener service;
  service.listen();
  inner.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"http://127.0.0.1:" + std::to_string(service.port()) + "\"/></endpoint></send>"));
  inner.start();
  start("<endpoint><failover>" + leaf(plain()) + leaf(secure()) + "</failover></endpoint>");  // which keeps a copy of the request
  const auto client = Stream::connect(outer.port());
  client->write("POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nask\r\n0\r\nx-sum: 7\r\n\r\n");
  const auto near = service.accept();
  const std::string asked = read_to(*near, "x-sum: 7");
  EXPECT_NE(asked.find("\r\nTE: trailers\r\n"), std::string::npos) << asked;
  EXPECT_NE(asked.find("\r\n\r\n3\r\nask\r\n0\r\nx-sum: 7"), std::string::npos) << asked;
  near->write("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntell\r\n0\r\ngrpc-status: 0\r\n\r\n");
  const std::string answer = read_to(*client, "grpc-status: 0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n4\r\ntell\r\n0\r\ngrpc-status: 0\r\n\r\n")) << answer;
}

TEST_F(Http2ToBackends, LargeBodiesStreamFlat) {  // REL-130
  origin.behave(Behaviour::of(Behaviour::Kind::echo));
  inner.start();
  start("<endpoint><loadbalance>" + leaf(plain()) + leaf(secure()) + "</loadbalance></endpoint>");
  const auto post = [&](const std::string& body) { return outer.client().post("/", "application/octet-stream", body); };
  for (int i = 0; i < 2; ++i) EXPECT_EQ(post("small").body, "small");  // what is made once, is made now
  const long before = memory_kib(outer.process().id(), "VmHWM");
  std::string body(std::size_t{32} << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  for (int i = 0; i < 2; ++i) {
    const HttpMessage answer = post(body);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_TRUE(answer.body == body);
  }
  if (kSanitized) return;
  EXPECT_LT(memory_kib(outer.process().id(), "VmHWM") - before, 8 * 1024);
}

// Somebody else's server in clear text may not know HTTP/2, and could not say so.
TEST_F(Http2ToBackends, RedirectsInClearTextToOthersAreFollowedByHttp1) {  // GW-108
  Backend other{"B"};
  other.behave(Behaviour::replying("other"));
  Behaviour moved = Behaviour::replying("", 302);
  moved.headers.emplace_back("Location", other.address() + "/there");
  origin.behave(moved);
  inner.start();
  start("<endpoint><http uri-template=\"" + plain() + "\" version=\"2.0\"><connection followRedirects=\"true\"/></http></endpoint>");
  EXPECT_EQ(outer.get("/").body, "other");
  EXPECT_EQ(other.received().back().target(), "/there");
}

TEST_F(Http2ToBackends, BothSidesMaySpeakIt) {
  origin.behave(Behaviour::of(Behaviour::Kind::echo));
  inner.start();
  start(leaf(plain()));
  const Outcome outcome = run({"/usr/bin/curl", "-sS", "-q", "--max-time", "20", "--http2-prior-knowledge", "-d", "over both", "-w",
                               " %{http_version}", "http://localhost:" + std::to_string(outer.port()) + "/"},
                              outer.conf());
  EXPECT_EQ(outcome.output, "over both 2");
  EXPECT_EQ(logged("HTTP/2.0\" 200", 1), 1u);
}

TEST_F(Http2ToBackends, ABackendThatDrainsLosesNothing) {  // REL-158
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  origin.behave(held);
  inner.start();
  start(leaf(plain()));
  HttpClient client = outer.client();
  client.send_request("POST", "/", {}, "hello");
  EXPECT_TRUE(origin.await(1));
  inner.process().signal(SIGTERM);
  EXPECT_TRUE(inner.await_log("draining"));
  origin.release();
  EXPECT_EQ(client.receive("POST").body, "held");
  EXPECT_EQ(inner.process().wait(), 0);
}

// How long a connection may be unused says nothing about a request that went out on it just before.
TEST_F(Http2ToBackends, ARequestOnAConnectionThatWasUnusedHasItsFullTime) {  // REL-124
  inner.start();
  outer.set("http.pool.idle=60000");
  outer.set("http.timeout.head=50000");
  start(leaf(plain()));
  HttpClient slow = outer.client();
  slow.send("GET / HTTP/1.1\r\n");
  HttpClient client = outer.client();
  EXPECT_EQ(client.get("/").body, "fine");
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  origin.behave(held);
  outer.advance(Millis(30'000));
  client.send_request("POST", "/", {}, "hello");
  ASSERT_TRUE(origin.await(2));
  outer.advance(Millis(40'000));
  EXPECT_EQ(slow.receive("GET").status(), 408);  // so the timers have been looked at
  origin.release();
  const HttpMessage answer = client.receive("POST");
  EXPECT_EQ(answer.body, "held") << answer.start;
  EXPECT_EQ(metric("myelin_backend_connections_total"), "1");
}

}  // namespace
}  // namespace myelin::test
