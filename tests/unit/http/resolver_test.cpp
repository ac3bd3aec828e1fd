// Names that are looked up while the event loop goes on (REL-040). getaddrinfo is stood in for here: names below
// "test" are answered by the test, others by the system.

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>

#include "tests/unit/http/wire.hpp"
#include "transports/http/counters.hpp"

namespace myelin::http::test {
namespace {

/// What the name server says.
class NameServer {
 public:
  static NameServer& instance() {
    static NameServer one;
    return one;
  }
  /// The address of every name from now on; empty: none is known.
  void say(std::string address) {
    std::lock_guard lock(mutex_);
    address_ = std::move(address);
    silent_ = false;
    changed_.notify_all();
  }
  /// Look-ups hang until it says something.
  void be_silent() {
    std::lock_guard lock(mutex_);
    silent_ = true;
  }
  int asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string answer() {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !silent_; });
    return address_;
  }
  void await(int asked) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::milliseconds(kPatience), [&] { return asked_ >= asked; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string address_;
  bool silent_ = false;
  int asked_ = 0;
};

}  // namespace
}  // namespace myelin::http::test

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!host || !std::string_view(host).ends_with(".test")) return real(host, service, hints, found);
  const std::string address = myelin::http::test::NameServer::instance().answer();
  return address.empty() ? EAI_AGAIN : real(address.c_str(), service, hints, found);
}

namespace myelin::http::test {
namespace {

/// A back end that is asked by a name.
class Names : public testing::Test {
 protected:
  Names() : pipeline(backend.port(), "a.test"), running(pipeline) {
    pipeline.adjust = [](OutgoingRequest& request) { request.close = true; };  // each asks for the name
    pipeline.use(*running.shard);
    before = names.asked();
    running.start();
  }
  Peer ask() {
    Peer client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    return client;
  }
  int asked() { return names.asked() - before; }

  NameServer& names = NameServer::instance();
  Backend backend{answering([](const Peer::Whole&) { return ok(); })};
  ProxyPipeline pipeline;
  Running running;
  int before = 0;
};

TEST_F(Names, AreAskedForOnceInThirtySeconds) {  // REL-040: between 1 and 300 s
  names.say("127.0.0.1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 1);
  Clock::advance(Duration(29'000));
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 1);
  Clock::advance(Duration(1'000));
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 2);
}

TEST_F(Names, AreAskedForEarlierByThoseWhoWantThemFresher) {
  names.say("127.0.0.1");
  std::atomic<int> keep{5'000};
  pipeline.adjust = [&](OutgoingRequest& request) {
    request.close = true;
    request.dns_refresh = Duration(keep);
  };
  EXPECT_EQ(ask().read_message().body, "ok");
  Clock::advance(Duration(6'000));
  keep = 0;
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 1) << "this one does not mind";
  keep = 5'000;
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 2);
  Clock::advance(Duration(40'000));
  keep = 60'000;
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 2);
}

TEST_F(Names, KeepTheirLastGoodAddressWhileTheNameServerFails) {  // REL-040
  names.say("127.0.0.1");
  EXPECT_EQ(ask().read_message().body, "ok");
  names.say("");
  Clock::advance(Duration(30'000));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 2);
  Clock::advance(Duration(1'000));  // and it is asked again soon
  EXPECT_EQ(ask().read_message().body, "ok");
  EXPECT_EQ(asked(), 3);
}

// REL-008: hosts that come out of messages cannot fill the memory: what is known stays, others have to wait until
// something is old.
TEST_F(Names, AreRememberedUpToALimit) {
  names.say("127.0.0.1");
  std::atomic<int> number{0};
  std::string host;
  pipeline.adjust = [&](OutgoingRequest& request) {
    request.close = true;
    host = "n" + std::to_string(number) + ".test";
    request.url.host = host;
  };
  for (; number < 1024; ++number) ASSERT_EQ(ask().read_message().body, "ok") << number;
  EXPECT_EQ(ask().read_message().field("X-Code"), "101503");
  EXPECT_EQ(asked(), 1024);
  number = 0;
  EXPECT_EQ(ask().read_message().body, "ok");
  Clock::advance(Duration(30'000));
  number = 1024;
  EXPECT_EQ(ask().read_message().body, "ok");
}

TEST_F(Names, ThatAreNotKnownAre101503) {
  names.say("");
  EXPECT_EQ(ask().read_message().field("X-Code"), "101503");
}

TEST_F(Names, AreLookedUpOffTheEventLoop) {  // REL-040
  names.be_silent();
  std::vector<Peer> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(ask());
  names.await(before + 1);
  running.settle();  // the loop goes on
  EXPECT_EQ(asked(), 1);
  names.say("127.0.0.1");
  for (Peer& client : waiting) EXPECT_EQ(client.read_message().body, "ok");
}

TEST_F(Names, AreWaitedForFiveSeconds) {  // REL-040
  names.be_silent();
  Peer client = ask();
  names.await(before + 1);
  running.settle();
  Clock::advance(Duration(4'500));
  EXPECT_FALSE(readable(client, 300));
  Clock::advance(Duration(600));
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_NE(answer.field("X-Detail").find("cannot resolve host a.test"), std::string::npos);
  names.say("127.0.0.1");  // late, but for the next one
}

}  // namespace
}  // namespace myelin::http::test
