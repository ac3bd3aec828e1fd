// What peers do that is no part of the protocol must not keep the server busy.

#include <gtest/gtest.h>
#include <time.h>

#include <array>
#include <functional>
#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

/// A server before a back end, and everything a misbehaviour needs to stay alive.
struct Scene {
  Backend backend{"A"};
  Myelin server;
  std::vector<std::unique_ptr<HttpClient>> clients;

  HttpClient& connect() {
    clients.push_back(std::make_unique<HttpClient>(server.port()));
    return *clients.back();
  }
  HttpClient& ask(std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n") {
    HttpClient& client = connect();
    client.send(request);
    return client;
  }
};

struct Misbehaviour {
  const char* name;
  std::function<void(Scene&)> begin;
};

const std::string kUpload = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n";
using Kind = Behaviour::Kind;

const std::array kAll{
    Misbehaviour{"HeadEndsInTheMiddle", [](Scene& scene) { scene.ask("GET / HT").stream().finish_writing(); }},
    Misbehaviour{"BodyEndsInTheMiddle",
                 [](Scene& scene) { scene.ask(kUpload + "some of it").stream().finish_writing(); }},
    Misbehaviour{"ClientStopsSendingWhileTheBackEndHangs",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::of(Kind::hang));
                   HttpClient& client = scene.ask();
                   scene.backend.await(1);
                   client.stream().finish_writing();
                 }},
    Misbehaviour{"ClientResetsWhileTheBackEndHangs",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::of(Kind::hang));
                   HttpClient& client = scene.ask();
                   scene.backend.await(1);
                   client.stream().reset();
                 }},
    Misbehaviour{"ClientSendsTheNextRequestsAndTakesNoAnswer",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::replying(std::string(8 << 20, 'x')));
                   std::string many;
                   for (int i = 0; i < 1000; ++i) many += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
                   scene.ask(many);
                   scene.backend.await(1);
                 }},
    Misbehaviour{"ClientTakesNoAnswerAndStopsSending",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::replying(std::string(8 << 20, 'x')));
                   HttpClient& client = scene.ask();
                   scene.backend.await(1);
                   client.stream().finish_writing();
                 }},
    Misbehaviour{"BackEndEndsBeforeAStalledClientHasItAll",
                 [](Scene& scene) {
                   Behaviour cut = Behaviour::of(Kind::cut);
                   cut.body = "HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n" + std::string(1 << 20, 'x');
                   scene.backend.behave(cut);
                   scene.ask();
                   scene.backend.await(1);
                 }},
    Misbehaviour{"BackEndTakesNoUpload",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::of(Kind::stall));
                   HttpClient& client = scene.ask(kUpload + std::string(100'000, 'x'));
                   scene.backend.await(1);
                   client.stream().finish_writing();
                 }},
    Misbehaviour{"BackEndEndsIdleConnections",
                 [](Scene& scene) {
                   scene.server.get("/");
                   scene.backend.drop_connections();
                 }},
    Misbehaviour{"BackEndResets",
                 [](Scene& scene) {
                   scene.backend.behave(Behaviour::of(Kind::reset));
                   EXPECT_EQ(scene.server.get("/").status(), 502);
                 }},
    Misbehaviour{"BackEndTalksUnasked",
                 [](Scene& scene) {
                   Behaviour more = Behaviour::of(Kind::raw);
                   more.body = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n";
                   scene.backend.behave(more);
                   scene.server.get("/");
                 }},
    Misbehaviour{"Http2PrefaceAndNothingElse", [](Scene& scene) { scene.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); }},
    Misbehaviour{"Http2PrefaceAndTheEnd",
                 [](Scene& scene) { scene.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").stream().finish_writing(); }},
    Misbehaviour{"HandshakeEndsInTheMiddle",
                 [](Scene& scene) {
                   scene.clients.push_back(std::make_unique<HttpClient>(scene.server.https_port()));
                   scene.clients.back()->send(std::string_view("\x16\x03\x01\x00\xc8\x01", 6));
                   scene.clients.back()->stream().finish_writing();
                 }},
    Misbehaviour{"HandshakeRests",
                 [](Scene& scene) {
                   scene.clients.push_back(std::make_unique<HttpClient>(scene.server.https_port()));
                   scene.clients.back()->send(std::string_view("\x16\x03\x01\x00\xc8\x01", 6));
                 }},
};

double cpu_seconds(pid_t process) {
  clockid_t clock;
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return -1;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

class BackToIdle : public testing::TestWithParam<Misbehaviour> {};

// REL-135. A window of the process's own CPU time: what else the machine does makes it use less in one, never more, so
// only a server that spins finds no quiet one.
TEST_P(BackToIdle, After) {
  constexpr Millis kWindow{200};
  constexpr double kQuiet = 0.01;
  Scene scene;
  scene.backend.behave(Behaviour::replying("fine"));
  scene.server.https = true;
  write_certificates(scene.server.conf());
  scene.server.set("https.certificate=cert.pem");
  scene.server.set("https.key=key.pem");
  scene.server.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + scene.backend.address() + "/\"/></endpoint></send>"));
  ASSERT_TRUE(scene.server.start());
  GetParam().begin(scene);
  const pid_t process = scene.server.process().id();
  EXPECT_TRUE(eventually([&] {
    const double before = cpu_seconds(process);
    std::this_thread::sleep_for(kWindow);
    return before >= 0 && cpu_seconds(process) - before < kQuiet;
  })) << "it does not rest";
  scene.backend.behave(Behaviour::replying("fine"));
  scene.server.advance(Millis(31'000));  // the endpoint may be suspended
  EXPECT_EQ(scene.server.get("/").status(), 200) << "and serves others";
  scene.backend.drop_connections();  // nothing is left that a drain would wait for
  scene.clients.clear();
}

INSTANTIATE_TEST_SUITE_P(Peers, BackToIdle, testing::ValuesIn(kAll), [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace myelin::test
