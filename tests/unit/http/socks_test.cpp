// A SOCKS5 proxy that behaves, dribbles, refuses or talks nonsense.

#include "tests/unit/http/wire.hpp"

namespace myelin::http::test {
namespace {

using namespace std::string_literals;

/// One shard whose requests go to `host` through `proxy`.
class Through {
 public:
  Through(const Backend& proxy, std::string host, std::string username = "", std::string password = "")
      : pipeline_(8000, std::move(host)), running_(pipeline_) {
    socks_.type = ForwardProxy::Type::socks5;
    socks_.host = "127.0.0.1";
    socks_.port = proxy.port();
    socks_.username = std::move(username);
    socks_.password = std::move(password);
    socks_.key = "socks";
    pipeline_.adjust = [this](OutgoingRequest& request) { request.proxy = &socks_; };
    pipeline_.use(*running_.shard);
    running_.start();
    client_ = running_.connect();
  }
  void ask() { client_.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"); }
  Peer::Whole answer() { return client_.read_message(); }
  const Peer& client() const { return client_; }

 private:
  ForwardProxy socks_;
  ProxyPipeline pipeline_;
  Running running_;
  Peer client_;
};

void dribble(Peer& peer, std::string_view bytes) {
  for (const char byte : bytes) peer.send({&byte, 1});
}

const std::string kGranted = "\5\0\0\1\0\0\0\0\0\0"s;

TEST(Socks, EveryKindOfAddressIsAskedForAndUnderstood) {
  const struct { std::string host, asked, bound; } cases[] = {
      {"10.1.2.3", "\1\x0a\1\2\3\x1f\x40"s, "\1\x7f\0\0\1\1\2"s},
      {"2001:db8::1", "\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1f\x40"s, "\4"s + std::string(16, 'a') + "\1\2"},
      {"name.example", "\3\x0cname.example\x1f\x40"s, "\3\5abcde\1\2"s}};
  for (const auto& one : cases) {
    Backend proxy;
    Through through(proxy, one.host);
    through.ask();
    Peer peer = proxy.accept();
    EXPECT_EQ(peer.read_bytes(3), "\5\1\0"s);
    dribble(peer, "\5\0"s);
    EXPECT_EQ(peer.read_bytes(3 + one.asked.size()), "\5\1\0"s + one.asked) << one.host;
    dribble(peer, "\5\0\0"s + one.bound);
    EXPECT_TRUE(peer.read_message().has("GET /x HTTP/1.1\r\n"));
    peer.send(ok("through"));
    EXPECT_EQ(through.answer().body, "through") << one.host;
  }
}

TEST(Socks, LoginIsGivenWhenItIsWanted) {
  for (const bool wanted : {true, false}) {
    Backend proxy;
    Through through(proxy, "h.example", "me", "secret");
    through.ask();
    Peer peer = proxy.accept();
    EXPECT_EQ(peer.read_bytes(4), "\5\2\0\2"s);
    peer.send(wanted ? "\5\2"s : "\5\0"s);
    if (wanted) {
      EXPECT_EQ(peer.read_bytes(11), "\1\2me\6secret"s);
      peer.send("\1\0"s);
    }
    peer.read_bytes(5 + 9 + 2);
    peer.send(kGranted);
    EXPECT_TRUE(peer.read_message().has("GET /x"));
    peer.send(ok());
    EXPECT_EQ(through.answer().status(), 200);
  }
}

TEST(Socks, WhatIsNoAnswerIsAFailedConnection) {
  const struct { std::string greeting, granted, detail; } cases[] = {
      {"HTTP/1.1 400", "", "does not speak SOCKS5"},
      {"\4\0"s, "", "does not speak SOCKS5"},
      {"\5\xff"s, "", "wants another login"},
      {"\5\2"s, "", "wants another login"},
      {"\5"s, "", "ended the connection"},
      {"\5\0"s, "\5\2\0\1\0\0\0\0\0\0"s, "answered 2: not allowed"},
      {"\5\0"s, "\5\x63\0\1\0\0\0\0\0\0"s, "answered 99"},
      {"\5\0"s, "\5\0\0\3"s, "ended the connection"},
      {"\5\0"s, "\5\0\0\3\xff short"s, "ended the connection"},
      {"\5\0"s, kGranted + "HTTP/1.1 200 OK\r\n\r\n", "what nobody asked for"}};
  for (const auto& one : cases) {
    Backend proxy;
    Through through(proxy, "h.example");
    through.ask();
    Peer peer = proxy.accept();
    peer.read_bytes(3);
    peer.send(one.greeting);
    if (!one.granted.empty()) peer.read_bytes(5 + 9 + 2);
    peer.send(one.granted);
    peer.half_close();
    const auto answer = through.answer();
    EXPECT_EQ(answer.field("X-Code"), "101503");
    EXPECT_EQ(answer.field("X-Sent"), "no");
    EXPECT_NE(answer.field("X-Detail").find(one.detail), std::string::npos) << one.detail << ": " << answer.field("X-Detail");
  }
}

TEST(Socks, AWrongLoginIsAFailedConnection) {
  Backend proxy;
  Through through(proxy, "h.example", "me", "wrong");
  through.ask();
  Peer peer = proxy.accept();
  peer.read_bytes(4);
  peer.send("\5\2"s);
  peer.read_bytes(10);
  peer.send("\1\1"s);
  EXPECT_NE(through.answer().field("X-Detail").find("refuses the login"), std::string::npos);
}

TEST(Socks, ASilentProxyIsATimeoutOfTheConnection) {
  Backend proxy;
  Through through(proxy, "h.example");
  through.ask();
  Peer peer = proxy.accept();
  peer.read_bytes(3);
  EXPECT_TRUE(advance_until(Duration(60'000), [&] { return readable(through.client()); }));
  EXPECT_EQ(through.answer().field("X-Code"), "101508");
}

TEST(Socks, NamesThatAreTooLongAreNotAskedFor) {
  Backend proxy;
  Through through(proxy, std::string(256, 'a'));
  through.ask();
  EXPECT_NE(through.answer().field("X-Detail").find("too long"), std::string::npos);
}

}  // namespace
}  // namespace myelin::http::test
