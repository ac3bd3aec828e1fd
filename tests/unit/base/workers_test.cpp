#include "engine/base/workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace myelin {
namespace {

TEST(Workers, RunWorkOnOtherThreads) {
  Workers workers(2, 10);
  std::promise<std::thread::id> where;
  ASSERT_TRUE(workers.run([&] { where.set_value(std::this_thread::get_id()); }));
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(Workers, RunAsManyAtOnceAsTheyAre) {
  Workers workers(3, 10);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> inside{0};
  std::promise<void> all_inside;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(workers.run([&, open] {
      if (++inside == 3) all_inside.set_value();
      open.wait();
    }));
  all_inside.get_future().wait();  // hangs unless all three run at once
  gate.set_value();
}

TEST(Workers, RefuseWhatDoesNotFitTheQueue) {
  Workers workers(1, 2);
  std::promise<void> gate, begun;
  std::atomic<int> done{0};
  ASSERT_TRUE(workers.run([&] {
    begun.set_value();
    gate.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(workers.run([&] { ++done; }));
  std::promise<void> last;
  EXPECT_TRUE(workers.run([&] {
    ++done;
    last.set_value();
  }));
  EXPECT_FALSE(workers.run([&] { ++done; }));
  gate.set_value();
  last.get_future().wait();
  EXPECT_EQ(done, 2);
}

TEST(Workers, EndWithoutWhatIsQueued) {
  std::atomic<bool> second{false}, saw_end{false};
  {
    Workers workers(1, 10);
    std::promise<void> begun;
    workers.run([&] {
      begun.set_value();
      while (!workers.ending()) std::this_thread::yield();
      saw_end = true;
    });
    begun.get_future().wait();
    workers.run([&] { second = true; });
  }
  EXPECT_TRUE(saw_end);
  EXPECT_FALSE(second);
}

}  // namespace
}  // namespace myelin
