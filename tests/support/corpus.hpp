#pragma once
// Where configurations written by others are, when they are at hand: nothing of them is in the project.

#include <cstdlib>
#include <filesystem>

namespace myelin::test {

/// $MYELIN_CORPUS, or `shared/corpus/apache-samples` beside the project.
inline std::filesystem::path corpus() {
  if (const char* named = std::getenv("MYELIN_CORPUS")) return named;
  return std::filesystem::path(MYELIN_SOURCE_DIR).parent_path() / "shared/corpus/apache-samples";
}

}  // namespace myelin::test
