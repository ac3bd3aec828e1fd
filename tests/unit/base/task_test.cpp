#include "engine/base/task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace myelin {
namespace {

Task<int> ready(int value) { co_return value; }

Task<int> sum_of_ready(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await ready(1);
  co_return sum;
}

TEST(Task, AwaitingReadyTasksInALoopDoesNotGrowTheStack) {
  Task<int> task = sum_of_ready(2'000'000);
  EXPECT_TRUE(task.done());
}

Task<void> wait_for(Signal& signal, std::string& log) {
  log += "before ";
  co_await signal;
  log += "after";
}

Task<void> outer(Signal& signal, std::string& log) {
  co_await wait_for(signal, log);
  log += " outer";
}

TEST(Task, RunsUntilItWaitsAndGoesOnWhenTheSignalIsSet) {
  Signal signal;
  std::string log;
  Task<void> task = outer(signal, log);
  EXPECT_EQ(log, "before ");
  EXPECT_FALSE(task.done());
  signal.set();
  EXPECT_EQ(log, "before after outer");
  EXPECT_TRUE(task.done());
}

TEST(Task, ASignalThatIsAlreadySetDoesNotSuspend) {
  Signal signal;
  signal.set();
  std::string log;
  Task<void> task = outer(signal, log);
  EXPECT_TRUE(task.done());
}

TEST(Task, ADetachedTaskEndsByItself) {
  Signal signal;
  std::string log;
  Task<void> task = outer(signal, log);
  task.detach();
  signal.set();
  EXPECT_EQ(log, "before after outer");
}

Task<void> throws() {
  throw std::runtime_error("broken");
  co_return;
}

Task<bool> catches() {
  try {
    co_await throws();
  } catch (const std::runtime_error&) {
    co_return true;
  }
  co_return false;
}

Task<void> check_catches(bool& caught) { caught = co_await catches(); }

TEST(Task, AnExceptionReachesTheAwaitingCoroutine) {
  bool caught = false;
  Task<void> task = check_catches(caught);
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(caught);
}

Task<void> wait_then(Signal& signal, bool& went_on) {
  struct Forget {
    Signal& signal;
    ~Forget() { signal.forget(); }
  } forget{signal};
  co_await signal;
  went_on = true;
}

TEST(Signal, SetAfterWhoWaitedWentAwayDoesNothing) {
  Signal signal;
  bool went_on = false;
  { const Task<void> task = wait_then(signal, went_on); }
  signal.set();
  EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace myelin
