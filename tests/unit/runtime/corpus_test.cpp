// Configurations written by others: each loads, or is refused for a stated reason.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "engine/runtime/loader.hpp"

namespace myelin {
namespace {

namespace fs = std::filesystem;

fs::path corpus() {
  if (const char* given = std::getenv("MYELIN_CORPUS")) return given;
  return fs::path(MYELIN_SOURCE_DIR) / "../shared/corpus";
}

TEST(Corpus, EverySampleLoadsOrIsRefusedForAReason) {
  const fs::path folder = corpus() / "apache-samples";
  if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there; set MYELIN_CORPUS";
  std::size_t accepted = 0;
  for (const auto& sample : fs::directory_iterator(folder)) {
    if (sample.path().extension() != ".xml") continue;
    StateStore states;
    Loader::Options options;
    options.offline = true;
    Loader loader(sample.path(), states, options);
    xml::Problems problems;
    const auto deployment = loader.load(problems);
    if (std::getenv("MYELIN_CORPUS_SHOW")) {
      std::printf("%s %s\n", deployment ? "accepted" : "refused ", sample.path().filename().c_str());
      for (const auto& problem : problems.all()) std::printf("    %s\n", problem.text().c_str());
    }
    if (deployment) {
      ++accepted;
      EXPECT_FALSE(problems.has_errors()) << sample.path();
      continue;
    }
    EXPECT_TRUE(problems.has_errors()) << sample.path() << " is refused without a reason";
    for (const auto& problem : problems.all()) {
      EXPECT_GT(problem.where.line, 0) << problem.text();
      EXPECT_FALSE(problem.found.empty());
    }
  }
  EXPECT_GT(accepted, 20u);
}

}  // namespace
}  // namespace myelin
