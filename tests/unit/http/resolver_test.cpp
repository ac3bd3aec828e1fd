// How long the addresses of a name are kept. Look-ups of names in .counted are counted and answered here.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <string>

#include "transports/http/resolver.hpp"

namespace {

std::atomic<int> look_ups{0};
std::atomic<bool> fails{false};

bool is_counted(const char* name) { return name && std::string_view(name).ends_with(".counted"); }

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&::getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!is_counted(name)) return real(name, service, hints, found);
  ++look_ups;
  return fails ? EAI_NONAME : real("192.0.2.1", service, hints, found);
}

namespace myelin::http {
namespace {

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { look_ups = 0, fails = false; }

  Task<void> ask(Duration keep, bool& over) {
    addresses = co_await resolver.resolve("host.counted", keep);
    over = true;
  }
  /// How many addresses it has.
  std::size_t resolve(Duration keep = Duration(0)) {
    bool over = false;
    const Task<void> asking = ask(keep, over);
    while (!over) loop.io.run_one();
    return addresses.size();
  }

  Loop loop{Config{}};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.io.get_executor()};
  Resolver resolver{loop};
  Addresses addresses;
};

TEST_F(ResolverTest, KeepsAddressesForHalfAMinute) {
  EXPECT_EQ(resolve(), 1u);
  Clock::advance(Duration(29'000));
  EXPECT_EQ(resolve(), 1u);
  EXPECT_EQ(look_ups, 1);
  Clock::advance(Duration(2'000));
  EXPECT_EQ(resolve(), 1u);
  EXPECT_EQ(look_ups, 2);
}

TEST_F(ResolverTest, LooksAgainWhenWhoAsksWantsThemFresher) {
  EXPECT_EQ(resolve(Duration(5'000)), 1u);
  Clock::advance(Duration(6'000));
  EXPECT_EQ(resolve(), 1u);
  EXPECT_EQ(look_ups, 1) << "this one does not mind";
  EXPECT_EQ(resolve(Duration(5'000)), 1u);
  EXPECT_EQ(look_ups, 2);
  Clock::advance(Duration(40'000));
  EXPECT_EQ(resolve(Duration(60'000)), 1u);
  EXPECT_EQ(look_ups, 2);
}

TEST_F(ResolverTest, KeepsTheLastGoodOnesWhileTheNameServerFails) {
  EXPECT_EQ(resolve(), 1u);
  fails = true;
  Clock::advance(Duration(31'000));
  EXPECT_EQ(resolve(), 1u);
  EXPECT_EQ(look_ups, 2);
  EXPECT_EQ(resolve(), 1u);
  EXPECT_EQ(look_ups, 2) << "not at once again";
  Clock::advance(Duration(1'100));
  EXPECT_EQ(resolve(Duration(60'000)), 1u);
  EXPECT_EQ(look_ups, 3);
}

}  // namespace
}  // namespace myelin::http
