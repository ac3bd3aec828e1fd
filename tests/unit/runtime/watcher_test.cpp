#include "engine/runtime/watcher.hpp"

#include <condition_variable>
#include <mutex>

#include "loader_fixture.hpp"

namespace myelin {
namespace {

/// Counts callbacks and waits for them.
class Calls {
 public:
  void add() {
    std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  /// True as soon as `wanted` calls were made.
  bool reach(int wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return count_ >= wanted; });
  }
  int count() {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class WatcherTest : public ConfigurationTest {
 protected:
  std::unique_ptr<Watcher> watch(const std::filesystem::path& watched, Duration settle = Duration(20)) {
    auto watcher = std::make_unique<Watcher>(watched, settle, [this] { calls.add(); });
    EXPECT_TRUE(watcher->watching());
    return watcher;
  }
  Calls calls;
};

TEST_F(WatcherTest, ReportsNewChangedMovedAndRemovedFiles) {
  write("endpoints/a.xml", "1");
  const auto watcher = watch(folder);
  write("endpoints/b.xml", "1");
  ASSERT_TRUE(calls.reach(1));
  write("endpoints/a.xml", "2");
  ASSERT_TRUE(calls.reach(2));
  std::filesystem::rename(folder / "endpoints/a.xml", folder / "endpoints/c.xml");
  ASSERT_TRUE(calls.reach(3));
  remove("endpoints/c.xml");
  ASSERT_TRUE(calls.reach(4));
}

TEST_F(WatcherTest, WatchesFoldersMadeLater) {
  const auto watcher = watch(folder);
  std::filesystem::create_directories(folder / "synapse-config/sequences");
  ASSERT_TRUE(calls.reach(1));
  write("synapse-config/sequences/a.xml", "1");
  ASSERT_TRUE(calls.reach(2));
}

TEST_F(WatcherTest, WaitsUntilAllIsQuiet) {  // REL-155
  const auto watcher = watch(folder, Duration(500));
  for (int i = 0; i < 50; ++i) write("endpoints/" + std::to_string(i) + ".xml", "1");
  ASSERT_TRUE(calls.reach(1));
  EXPECT_EQ(calls.count(), 1);
}

TEST_F(WatcherTest, IgnoresWhatEditorsLeave) {
  const auto watcher = watch(folder);
  write(".a.xml.swp", "1");
  write("a.xml~", "1");
  write(".hidden", "1");
  write("a.xml", "1");
  ASSERT_TRUE(calls.reach(1));
}

TEST_F(WatcherTest, WatchesOneFileAndTheSettings) {
  write("main.xml", "1");
  const auto watcher = watch(folder / "main.xml");
  write("main.xml", "2");
  ASSERT_TRUE(calls.reach(1));
  write("new.xml", "2");
  std::filesystem::rename(folder / "new.xml", folder / "main.xml");
  ASSERT_TRUE(calls.reach(2));
  write("myelin.properties", "a=b");
  ASSERT_TRUE(calls.reach(3));
}

TEST_F(WatcherTest, WatchesFurtherFolders) {
  write("conf/main.xml", "1");
  write("registry/deep/e.xml", "1");
  const Watcher watcher(folder / "conf/main.xml", Duration(20), [this] { calls.add(); }, {folder / "registry"});
  write("registry/deep/e.xml", "2");
  ASSERT_TRUE(calls.reach(1));
}

TEST_F(WatcherTest, EndsWhileNothingHappens) {
  watch(folder);
  EXPECT_EQ(calls.count(), 0);
}

TEST_F(WatcherTest, SaysWhenItCannotWatch) {
  const Watcher watcher(folder / "nothing/at/all.xml", Duration(20), [] {});
  EXPECT_FALSE(watcher.watching());
}

}  // namespace
}  // namespace myelin
