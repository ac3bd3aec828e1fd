#include "engine/ports/limiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace myelin {
namespace {

using Entry = Limiter::Entry;

std::shared_ptr<Limiter::Ticket> ticket(std::function<void()> woken = [] {}) {
  auto made = std::make_shared<Limiter::Ticket>();
  made->woken = std::move(woken);
  return made;
}

TEST(Limiter, GivesPlacesInTheOrderOfTheLine) {
  const Limiter::Bounds bounds{1, 10, {}, 0};
  Limiter limiter;
  ASSERT_TRUE(limiter.try_enter(bounds));
  EXPECT_FALSE(limiter.try_enter(bounds));
  std::string order;
  const auto first = ticket([&] { order += 'a'; }), second = ticket([&] { order += 'b'; });
  EXPECT_EQ(limiter.wait_in_line(bounds, first), Entry::wait);
  EXPECT_EQ(limiter.wait_in_line(bounds, second), Entry::wait);
  limiter.leave();
  EXPECT_EQ(order, "a");
  EXPECT_FALSE(limiter.try_enter(bounds)) << "the place was handed over";
  EXPECT_TRUE(limiter.give_up(first)) << "it was granted";
  limiter.leave();
  EXPECT_EQ(order, "ab");
  limiter.leave();
  EXPECT_EQ(limiter.inside(), 0u);
  EXPECT_TRUE(limiter.try_enter(bounds));
}

TEST(Limiter, WhoGivesUpIsPassedOver) {
  const Limiter::Bounds bounds{1, 10, {}, 0};
  Limiter limiter;
  ASSERT_TRUE(limiter.try_enter(bounds));
  const auto gone = ticket(), stays = ticket();
  limiter.wait_in_line(bounds, gone);
  limiter.wait_in_line(bounds, stays);
  EXPECT_FALSE(limiter.give_up(gone));
  limiter.leave();
  EXPECT_FALSE(gone->granted);
  EXPECT_TRUE(stays->granted);
  EXPECT_EQ(limiter.waiting(), 0u);
}

TEST(Limiter, TheLineIsBounded) {
  const Limiter::Bounds bounds{1, 1, {}, 0};
  Limiter limiter;
  ASSERT_TRUE(limiter.try_enter(bounds));
  EXPECT_EQ(limiter.wait_in_line(bounds, ticket()), Entry::wait);
  EXPECT_EQ(limiter.wait_in_line(bounds, ticket()), Entry::full);
}

TEST(Limiter, NoPlaceIsLostOrGivenTwiceUnderThreads) {
  constexpr int kThreads = 8, kRounds = 2000;
  const Limiter::Bounds bounds{3, 1000, {}, 0};
  Limiter limiter;
  std::atomic<int> inside{0}, most{0};
  const auto visit = [&] {
    const int now = ++inside;
    int seen = most.load();
    while (seen < now && !most.compare_exchange_weak(seen, now)) {}
    --inside;
    limiter.leave();
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        if (limiter.try_enter(bounds)) {
          visit();
          continue;
        }
        const auto called = std::make_shared<std::promise<void>>();
        const auto mine = ticket([called] { called->set_value(); });
        Entry entry = limiter.wait_in_line(bounds, mine);
        ASSERT_NE(entry, Entry::full);
        if (entry == Entry::wait && (i + t) % 3 == 0) {  // some give up
          if (limiter.give_up(mine)) visit();
          continue;
        }
        if (entry == Entry::wait) called->get_future().wait();  // hangs when a place is lost
        visit();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(limiter.inside(), 0u);
  EXPECT_EQ(limiter.waiting(), 0u);
}

}  // namespace
}  // namespace myelin
