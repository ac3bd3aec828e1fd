// Every fuzz target over its corpus, and over copies of each seed that a generator with a fixed seed
// damages: what a fuzzer found once stays found, without one (REL-005, REL-172).

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace myelin::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr int kDamagedCopies = 60;

const fs::path& corpus() {
  static const fs::path folder = fs::path(MYELIN_SOURCE_DIR) / "tests/fuzz/corpus";
  return folder;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A few of: a byte changed, a piece removed, doubled, or put elsewhere.
std::string damaged(std::string bytes, std::mt19937& random) {
  for (int left = 1 + static_cast<int>(random() % 3); left > 0 && !bytes.empty(); --left) {
    const std::size_t at = random() % bytes.size();
    const std::size_t size = std::min<std::size_t>(random() % 12, bytes.size() - at);
    const std::string piece = bytes.substr(at, size);
    switch (random() % 4) {
      case 0: bytes[at] = static_cast<char>(random()); break;
      case 1: bytes.erase(at, size); break;
      case 2: bytes.insert(at, piece); break;
      default: bytes.insert(random() % bytes.size(), piece);
    }
  }
  return bytes;
}

/// False after a failure, whose input is shown.
bool holds(Function run, const std::string& bytes, const fs::path& seed, const char* what) {
  try {
    run(bytes);
    return true;
  } catch (const std::exception& thrown) {
    ADD_FAILURE() << thrown.what() << "\n" << what << ' ' << seed.string() << ":\n" << testing::PrintToString(bytes);
    return false;
  }
}

class Replay : public testing::Test {
 public:
  Replay(std::string_view name, Function run) : name_(name), run_(run) {}
  void TestBody() override {
    const fs::path folder = corpus() / name_;
    ASSERT_TRUE(fs::is_directory(folder)) << folder << " is missing";
    std::vector<fs::path> seeds{fs::directory_iterator(folder), {}};
    std::sort(seeds.begin(), seeds.end());
    EXPECT_GE(seeds.size(), 3u);
    std::mt19937 random(7);
    holds(run_, "", "nothing", "input");
    for (const fs::path& seed : seeds) {
      const std::string bytes = read(seed);
      if (!holds(run_, bytes, seed, "seed")) return;
      for (int i = 0; i < kDamagedCopies; ++i)
        if (!holds(run_, damaged(bytes, random), seed, "copy of")) return;
    }
  }

 private:
  std::string_view name_;
  Function run_;
};

TEST(Corpus, HasATargetForEveryFolder) {
  for (const auto& folder : fs::directory_iterator(corpus()))
    EXPECT_TRUE(targets().contains(folder.path().filename().string())) << folder.path();
}

}  // namespace
}  // namespace myelin::fuzz

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const auto& [name, run] : myelin::fuzz::targets())
    testing::RegisterTest("Fuzz", std::string(name).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [name = name, run = run] { return new myelin::fuzz::Replay(name, run); });
  return RUN_ALL_TESTS();
}
