// Configurations that others wrote, when they are at hand: each is accepted, or refused with a reason.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/corpus.hpp"
#include "tests/support/process.hpp"

namespace myelin::test {
namespace {

std::vector<std::filesystem::path> configurations() {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::exists(corpus())) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus()))
    if (entry.is_regular_file() && entry.path().extension() == ".xml") found.push_back(entry.path());
  return found;
}

TEST(Corpus, NothingCrashesTheCheck) {
  const auto all = configurations();
  if (all.empty()) GTEST_SKIP() << "no configurations at " << corpus() << "; set MYELIN_CORPUS";
  for (const auto& path : all) {
    const Outcome outcome = run({binary(), "check", path.string()}, corpus());
    EXPECT_TRUE(outcome.code == 0 || outcome.code == 1 || outcome.code == 2) << path << " ended with " << outcome.code;
    if (outcome.code != 2) continue;
    EXPECT_NE((outcome.output + outcome.errors).find(": error: "), std::string::npos)
        << path << " was refused without a reason: " << outcome.output << outcome.errors;
  }
}

TEST(Corpus, SamplesOfWhatIsSupportedAreAccepted) {
  if (configurations().empty()) GTEST_SKIP() << "no configurations at " << corpus() << "; set MYELIN_CORPUS";
  for (const int number : {0, 1, 2, 3, 4, 5, 6, 10, 12, 50, 52, 53, 54, 55, 56, 58, 59, 150, 151, 152, 154, 156, 157, 800}) {
    const auto path = corpus() / ("synapse_sample_" + std::to_string(number) + ".xml");
    const Outcome outcome = run({binary(), "check", path.string()}, corpus());
    EXPECT_LT(outcome.code, 2) << path << ":\n" << outcome.output << outcome.errors;
  }
}

}  // namespace
}  // namespace myelin::test
