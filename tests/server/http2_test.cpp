// HTTP/2 in front of the whole server, as curl speaks it.

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

class Http2 : public testing::Test {
 protected:
  Http2() {
    certificates = write_certificates(server.conf());
    server.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + backend.address() + "\"/></endpoint></send>"));
    server.set("https.certificate=cert.pem");
    server.set("https.key=key.pem");
    server.https = true;
    backend.behave(Behaviour::replying("fine"));
  }

  std::string plain(const std::string& path) const { return "http://localhost:" + std::to_string(server.port()) + path; }
  std::string secure(const std::string& path) const {
    return "https://localhost:" + std::to_string(server.https_port()) + path;
  }
  /// Its output: the body, then status and version of HTTP in a line of their own; or how it failed.
  std::string curl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"/usr/bin/curl", "-sS", "-q", "--max-time", "20", "--cacert",
                                         certificates.authority.string(), "-w", "\n%{http_code} %{http_version}\n"});
    const Outcome outcome = run(arguments, server.conf());
    return outcome.code == 0 ? outcome.output : outcome.output + "exit " + std::to_string(outcome.code);
  }

  Backend backend{"A"};
  Myelin server;
  CertificateFiles certificates;
};

TEST_F(Http2, IsChosenByAlpnAndByPriorKnowledge) {
  backend.behave(Behaviour::of(Behaviour::Kind::echo));
  server.start();
  EXPECT_EQ(curl({"--http2", secure("/"), "-d", "over TLS"}), "over TLS\n200 2\n");
  EXPECT_EQ(curl({"--http1.1", secure("/"), "-d", "one"}), "one\n200 1.1\n");
  EXPECT_EQ(curl({"--http2-prior-knowledge", plain("/"), "-d", "clear"}), "clear\n200 2\n");
  EXPECT_EQ(curl({"--http2", plain("/"), "-d", "no upgrade"}), "no upgrade\n200 1.1\n");
  EXPECT_EQ(backend.received().front().header("Host"), "127.0.0.1:" + std::to_string(backend.port()));
}

TEST_F(Http2, IsNamedInVia) {  // REL-026
  server.set("http.via=gate");
  server.start();
  EXPECT_EQ(curl({"--http2-prior-knowledge", plain("/")}), "fine\n200 2\n");
  EXPECT_EQ(backend.received().back().header("Via"), "2.0 gate");
  EXPECT_EQ(curl({"--http1.1", plain("/")}), "fine\n200 1.1\n");
  EXPECT_EQ(backend.received().back().header("Via"), "1.1 gate");
}

// REL-117 too: what HTTP/1 exchanges tell, those of HTTP/2 tell as well.
TEST_F(Http2, ExchangesAreLoggedCountedAndNamed) {
  TemporaryFolder logs;
  const auto file = logs.path() / "access.log";
  server.set("access_log.file=" + file.string());
  server.set("request_id.header=X-Request-Id");
  server.set("trace.context=create");
  server.start();
  const std::string answer = curl({"--http2-prior-knowledge", "-i", plain("/a?b=1"), "-H", "Referer: r", "-H", "User-Agent: u",
                                   "-H", "X-Request-Id: id-1", "-H", "Authorization: Basic c2VjcmV0"});
  EXPECT_NE(answer.find("\nx-request-id: id-1\r\n"), std::string::npos) << answer;
  EXPECT_EQ(backend.received().back().header("X-Request-Id"), "id-1");
  EXPECT_EQ(backend.received().back().header("traceparent").size(), 55u);
  ASSERT_TRUE(eventually([&] { return read_file(file).find('\n') != std::string::npos; }));
  EXPECT_NE(read_file(file).find("\"GET /a?b=1 HTTP/2.0\" 200 4 \"r\" \"u\" 0."), std::string::npos) << read_file(file);
  EXPECT_NE(read_file(file).find(" id-1 "), std::string::npos);
  EXPECT_EQ(read_file(file).find("c2VjcmV0"), std::string::npos);
  EXPECT_TRUE(eventually([&] {
    return server.admin("GET", "/metrics").body.find("{service_type=\"main\",service=\"main\",status=\"2xx\"} 1\n") !=
           std::string::npos;
  }));
}

TEST_F(Http2, CanBeTurnedOff) {
  server.set("http2.enabled=false");
  server.start();
  EXPECT_EQ(curl({"--http2", secure("/")}), "fine\n200 1.1\n");
  const std::string refused = curl({"--http2-prior-knowledge", plain("/")});
  EXPECT_NE(refused.find("exit"), std::string::npos) << refused;
}

TEST_F(Http2, LimitsAreSettings) {  // REL-009, REL-041
  server.set("http2.limit.streams=7");
  server.start();
  EXPECT_TRUE(server.await_log(" http2.limit.streams=7 http2.limit.header_block=32768 http2.limit.resets=200 http2.limit.settings=14 "
                               "http2.limit.pings=60 http2.backend.streams=100 "));
  const auto stream = Stream::connect(server.port());
  stream->write(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33));
  std::string got;
  while (got.size() < 9 + 6 && stream->read(got) == Stream::End::data) {
  }
  EXPECT_EQ(got.substr(9, 6), std::string("\0\3\0\0\0\7", 6));  // MAX_CONCURRENT_STREAMS

  Myelin refused;
  refused.write("synapse.xml", main_sequence("<drop/>"));
  refused.set("http2.limit.pings=0");
  EXPECT_EQ(refused.start_and_fail(), 2);
}

TEST_F(Http2, ManyRequestsShareOneConnection) {
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  backend.behave(held);
  server.threads = 1;
  server.start();
  std::string answers;
  std::thread client([&] {
    answers = curl({"-Z", "--parallel-max", "40", "--http2", "-w", "%{http_code} %{num_connects}\n", secure("/[1-40]")});
  });
  EXPECT_TRUE(backend.await(40));  // all at the same time: none was answered
  backend.release();
  client.join();
  const auto count = [&](std::string_view line) {
    std::size_t times = 0;
    for (std::size_t at = 0; (at = answers.find(line, at)) != std::string::npos; ++at) ++times;
    return times;
  };
  EXPECT_EQ(count("200 1\n"), 1u) << answers;  // made the connection
  EXPECT_EQ(count("200 0\n"), 39u) << answers;
}

TEST_F(Http2, LargeBodiesStreamFlat) {  // REL-130
  backend.behave(Behaviour::of(Behaviour::Kind::echo));
  server.threads = 1;
  server.start();
  curl({"--http2", secure("/")});  // what is made once, is made now
  const long before = memory_kib(server.process().id(), "VmHWM");
  std::string body(std::size_t{32} << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  server.write("body", body);
  for (const std::string version : {"--http2", "--http2-prior-knowledge"}) {
    const std::string url = version == "--http2" ? secure("/") : plain("/");
    EXPECT_EQ(curl({version, url, "-T", "body", "-o", "answer"}), "\n200 2\n");
    EXPECT_TRUE(read_file(server.conf() / "answer") == body);
    EXPECT_TRUE(backend.received().back().body == body);
  }
  if (kSanitized) return;
  EXPECT_LT(memory_kib(server.process().id(), "VmHWM") - before, 8 * 1024);
}

TEST_F(Http2, ARequestUnderWayIsAnsweredWhenTheServerEnds) {  // REL-158
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  backend.behave(held);
  server.start();
  std::string answer;
  std::thread client([&] { answer = curl({"--http2", secure("/")}); });
  EXPECT_TRUE(backend.await(1));
  server.process().signal(SIGTERM);
  EXPECT_TRUE(server.await_log("draining"));
  backend.release();
  client.join();
  EXPECT_EQ(answer, "held\n200 2\n");
  EXPECT_EQ(server.process().wait(), 0);
}

// Browsers and proxies put requests for several hosts on one connection.
TEST_F(Http2, EveryRequestIsForTheHostOfTheHandshake) {  // REL-114
  server.set("https.client_auth=require");
  server.set("https.client_ca=ca.pem");
  server.start();
  const std::vector<std::string> shown{"--http2", "--cert", certificates.certificate.string(), "--key",
                                       certificates.key.string(), secure("/")};
  EXPECT_EQ(curl(shown), "fine\n200 2\n");
  std::vector<std::string> other = shown;
  other.insert(other.end(), {"-H", "Host: other.example"});
  EXPECT_EQ(curl(other), "\n421 2\n");
  EXPECT_EQ(backend.count(), 1u);
}

}  // namespace
}  // namespace myelin::test
