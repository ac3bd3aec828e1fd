// Many clients that are slow on purpose, as bench/floods has ten thousand of.

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "tests/support/backend.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

/// Most bytes that the kernel holds for one of the connections of `port`, not taken by the peer.
std::size_t most_unsent(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::size_t most = 0;
  std::string line;
  for (std::getline(table, line); std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues;
    fields >> number >> local >> remote >> state >> queues;
    if (std::stoul(local.substr(local.find(':') + 1), nullptr, 16) == port)
      most = std::max<std::size_t>(most, std::stoul(queues.substr(0, queues.find(':')), nullptr, 16));
  }
  return most;
}

class Flood : public testing::Test {
 protected:
  Flood() {
    backend.behave(Behaviour::replying("usual"));
    server.threads = 1;
    server.write("proxy-services/Reading.xml",
                 "<proxy name=\"Reading\" xmlns=\"http://ws.apache.org/ns/synapse\"><target><inSequence>"
                 "<filter xpath=\"//none\"><then><drop/></then></filter></inSequence><endpoint><address uri=\"" +
                     backend.address() + "/\"/></endpoint></target></proxy>");
    server.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + backend.address() + "/\"/></endpoint></send>"));
    server.start();
    server.get("/");
    before = resident();
  }
  long resident() { return memory_kib(server.process().id(), "VmRSS"); }
  void open(std::size_t count, std::string_view bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      slow.push_back(std::make_unique<HttpClient>(server.port()));
      ASSERT_TRUE(slow.back()->connected());
      slow.back()->send(bytes);
    }
  }
  void expect_usual() { EXPECT_EQ(server.get("/").body, "usual"); }
  void expect_growth_below(long kib) {
    if (kSanitized) return;
    EXPECT_LT(resident() - before, kib);
  }

  Backend backend{"A"};
  Myelin server;
  std::vector<std::unique_ptr<HttpClient>> slow;
  long before = 0;
};

constexpr std::size_t kMany = 400;

// REL-030: each holds the block of its head and is answered when its time is over; others notice nothing.
TEST_F(Flood, SlowHeads) {
  open(kMany, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  expect_usual();
  for (const auto& client : slow) EXPECT_TRUE(client->send("x"));
  expect_usual();
  expect_growth_below(static_cast<long>(kMany) * 32);
  server.advance(Millis(11'000));
  for (const auto& client : slow) {
    EXPECT_EQ(client->receive("GET").status(), 408);
    EXPECT_EQ(client->reader().read_end(), Stream::End::closed);
  }
  expect_usual();
}

// REL-031, REL-131: who says nothing costs next to nothing, and is closed.
TEST_F(Flood, SilentConnections) {
  open(kMany, "");
  expect_usual();
  expect_growth_below(static_cast<long>(kMany) * 16);
  server.advance(Millis(11'000));
  for (const auto& client : slow) EXPECT_EQ(client->reader().read_end(), Stream::End::closed);
  expect_usual();
}

// REL-033: bodies that drip are given up, and with them their back end's connections.
TEST_F(Flood, SlowBodies) {
  open(50, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx");
  expect_usual();
  for (const auto& client : slow) EXPECT_TRUE(client->send("x"));
  expect_usual();
  server.advance(Millis(31'000));
  for (const auto& client : slow) EXPECT_EQ(client->receive("POST").status(), 408);
  expect_usual();
}

// REL-130: neither the process nor the kernel stores what readers leave; they get all of it when they read on.
TEST_F(Flood, StalledReaders) {
  constexpr std::size_t kReaders = 64;
  constexpr std::size_t kHeld = 200 * 1024;  // of each, by the kernel: unsent, and the last write
  const std::string body(std::size_t{1} << 20, 'b');
  backend.behave(Behaviour::replying(body));
  open(kReaders, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(backend.await(1 + kReaders));
  ASSERT_TRUE(eventually([&] { return most_unsent(server.port()) > 0; }));
  backend.behave(Behaviour::replying("usual"));
  expect_usual();
  EXPECT_LT(most_unsent(server.port()), kHeld);
  expect_growth_below(static_cast<long>(kReaders) * 160);
  for (const auto& client : slow) EXPECT_EQ(client->receive("GET").body.size(), body.size());
  expect_usual();
}

// What a flood took is given back when it is over: two hundred messages that were read and kept as trees and text.
TEST_F(Flood, MemoryIsGivenBackAfterwards) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's memory says nothing";
  Behaviour held = Behaviour::of(Behaviour::Kind::hold);
  held.body = "held";
  backend.behave(held);
  std::string body = "<m>";
  while (body.size() < 100'000) body += "<part>of the message</part>";
  body += "</m>";
  constexpr std::size_t kMessages = 200;
  open(kMessages, "POST /services/Reading HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(backend.await(1 + kMessages));
  const long most = resident();
  ASSERT_GT(most, before + static_cast<long>(kMessages) * 100);
  backend.release();
  for (const auto& client : slow) EXPECT_EQ(client->receive("POST").body, "held");
  server.advance(Millis(2'000));
  EXPECT_TRUE(eventually([&] { return resident() - before < (most - before) / 3; })) << before << ' ' << most << ' ' << resident();
}

}  // namespace
}  // namespace myelin::test
