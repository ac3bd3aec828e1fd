// A shard that has become calm is found once, a second later.

#include "transports/http/calm.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace myelin::http::test {
namespace {

class CalmTest : public testing::Test {
 protected:
  /// As many begin, or end, as lead to that.
  void go_to(std::size_t count) {
    while (now < count) calm.more(++now);
    while (now > count) calm.less(--now);
  }
  /// Lets time pass until it is found, or the wheel has nothing armed.
  void turn() {
    Clock::advance(Duration(1500));
    io.restart();
    for (const int before = found; found == before && io.run_one() > 0;) {}
  }

  boost::asio::io_context io;
  Wheel wheel{io};
  int found = 0;
  bool answer = true;
  std::function<bool()> told = [this] {
    ++found;
    return answer;
  };
  Calm calm{wheel, told};
  std::size_t now = 0;
};

TEST_F(CalmTest, AnEighthOfWhatWasIsCalm) {
  go_to(64);
  go_to(9);
  turn();
  EXPECT_EQ(found, 0);
  go_to(8);
  EXPECT_EQ(found, 0);
  turn();
  EXPECT_EQ(found, 1);
  go_to(0);
  turn();
  EXPECT_EQ(found, 1);
}

TEST_F(CalmTest, AFewAreNeverMany) {
  go_to(63);
  go_to(0);
  turn();
  EXPECT_EQ(found, 0);
}

TEST_F(CalmTest, WorkThatComesBackWithinTheSecondIsNotCalm) {
  go_to(100);
  go_to(0);
  go_to(100);
  turn();
  EXPECT_EQ(found, 0);
  go_to(0);
  turn();
  EXPECT_EQ(found, 1);
}

TEST_F(CalmTest, IsAskedAgainUntilItSuits) {
  answer = false;
  go_to(100);
  go_to(0);
  turn();
  EXPECT_EQ(found, 1);
  turn();
  EXPECT_EQ(found, 2);
  answer = true;
  turn();
  EXPECT_EQ(found, 3);
  turn();
  EXPECT_EQ(found, 3);
}

}  // namespace
}  // namespace myelin::http::test
