// Large bodies go through a small server: streamed, with back pressure, byte for byte.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/backend.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

constexpr std::size_t kLarge = std::size_t{64} << 20;
constexpr long kFlatKib = 8 * 1024;

/// Not periodic in any power of two, so a lost or doubled buffer shows.
std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  return bytes;
}

class Streaming : public testing::Test {
 protected:
  Streaming() {
    backend.behave(Behaviour::replying("fine"));
    server.threads = 1;
    server.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + backend.address() +
                                              "/\"/></endpoint></send>"));
    server.start();
    server.get("/");  // what is made once, is made now
    before = memory_kib(server.process().id(), "VmHWM");
  }

  void expect_flat() {
    if (kSanitized) return;
    EXPECT_LT(memory_kib(server.process().id(), "VmHWM") - before, kFlatKib);
  }

  Backend backend{"A"};
  Myelin server;
  long before = 0;
};

TEST_F(Streaming, Uploads64MegabytesFlat) {
  const std::string body = pattern(kLarge);
  const auto answer = server.client().post("/", "application/octet-stream", body);
  EXPECT_EQ(answer.status(), 200) << answer.trouble;
  ASSERT_EQ(backend.count(), 2u);
  EXPECT_TRUE(backend.received().back().body == body);
  expect_flat();
}

TEST_F(Streaming, Downloads64MegabytesFlat) {
  const std::string body = pattern(kLarge);
  backend.behave(Behaviour::replying(body));
  const auto answer = server.get("/");
  EXPECT_TRUE(answer.complete) << answer.trouble;
  EXPECT_TRUE(answer.body == body);
  expect_flat();
}

TEST_F(Streaming, RelaysChunksBothWays) {
  Behaviour chunks = Behaviour::of(Behaviour::Kind::chunked);
  for (int i = 0; i < 2000; ++i) chunks.pieces.push_back(pattern(static_cast<std::size_t>(1 + i * 13 % 9000)));
  std::string whole;
  for (const std::string& piece : chunks.pieces) whole += piece;
  backend.behave(chunks);

  HttpClient client = server.client();
  std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : chunks.pieces) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    request += size + piece + "\r\n";
  }
  ASSERT_TRUE(client.send(request + "0\r\n\r\n"));
  const auto answer = client.receive("POST");
  EXPECT_TRUE(answer.complete) << answer.trouble;
  EXPECT_TRUE(answer.body == whole);
  EXPECT_TRUE(backend.received().back().body == whole);
}

// REL-130: a reader that stops makes the server stop reading the backend, not store what comes.
TEST_F(Streaming, AStalledReaderStallsTheBackend) {
  const std::string body = pattern(kLarge / 4);
  backend.behave(Behaviour::replying(body));
  std::vector<std::unique_ptr<HttpClient>> stalled;
  for (int i = 0; i < 8; ++i) {
    stalled.push_back(std::make_unique<HttpClient>(server.port()));
    stalled.back()->send_request("GET", "/", {}, "");
  }
  ASSERT_TRUE(backend.await(9));
  // Somebody else is served meanwhile: the stalled ones hold nothing but their share.
  backend.behave(Behaviour::replying("quick"));
  EXPECT_EQ(server.get("/").body, "quick");
  expect_flat();
  for (const auto& client : stalled) {
    const auto answer = client->receive("GET");
    EXPECT_TRUE(answer.body == body) << answer.trouble;
  }
}

// REL-034: a client that takes nothing for a minute is given up, and the backend released.
TEST_F(Streaming, AClientThatTakesNothingIsGivenUp) {
  backend.behave(Behaviour::replying(pattern(kLarge)));
  HttpClient stalled = server.client();
  stalled.send_request("GET", "/", {}, "");
  ASSERT_TRUE(backend.await(2));
  backend.behave(Behaviour::replying("quick"));
  EXPECT_EQ(server.get("/").body, "quick");
  // The minute counts from when all buffers are full, which nobody outside can see.
  bool given_up = false;
  for (int minute = 0; minute < 10 && !given_up; ++minute) {
    server.advance(Millis(61'000));
    given_up = stalled.stream().await_reset(Millis(1000));
  }
  EXPECT_TRUE(given_up);
  EXPECT_EQ(server.get("/").body, "quick");
}

TEST_F(Streaming, UploadAndDownloadAtOnce) {
  backend.behave(Behaviour::of(Behaviour::Kind::echo));
  const std::string body = pattern(kLarge / 4);
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      if (server.client().post("/", "application/octet-stream", body).body == body) ++good;
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 4);
  expect_flat();
}

// REL-123: copies that were kept in case another child is to be tried are given back with their messages: with room
// for one wave of uploads only, another one whose bodies are held elsewhere meets no want of memory.
TEST(Replay, KeepsNoCopyOfABodyThatArrived) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's memory says nothing";
  Backend first{"A"}, second{"B"};
  const std::string send = "<send><endpoint><failover><endpoint><address uri=\"" + first.address() +
                           "/\"/></endpoint><endpoint><address uri=\"" + second.address() + "/\"/></endpoint></failover></endpoint></send>";
  Myelin server;
  server.threads = 1;
  server.set("memory.limit=120000000");
  server.write("synapse.xml", main_sequence(send));
  server.write("api/built.xml", "<api name=\"built\" context=\"/built\" xmlns=\"http://ws.apache.org/ns/synapse\"><resource methods=\"POST\">"
                                "<inSequence><property name=\"DISABLE_CHUNKING\" scope=\"axis2\" value=\"true\"/>" + send +
                                "</inSequence><outSequence><send/></outSequence></resource></api>");
  server.start();
  const std::string body = pattern(1'000'000);
  const auto wave = [&](const std::string& target, std::size_t uploads) {
    Behaviour held = Behaviour::of(Behaviour::Kind::hold);
    held.body = "held";
    first.behave(held);
    const std::size_t before = first.count();
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < uploads; ++i) {
      server.advance(Millis(200));  // memory is looked at each time
      clients.push_back(server.client());
      clients.back().send_request("POST", target, {{"Content-Type", "application/octet-stream"}}, body);
      first.await(before + i + 1, Millis(2'000));
    }
    first.release();
    std::size_t served = 0;
    for (HttpClient& client : clients) served += client.receive("POST").body == "held" ? 1 : 0;
    return served;
  };
  EXPECT_EQ(wave("/", 70), 70u);
  EXPECT_EQ(wave("/built", 40), 40u);
}

}  // namespace
}  // namespace myelin::test
