// Every case file and every sample as a test of its own.

#include "tests/support/case_runner.hpp"

namespace myelin::test {
namespace {

const bool kRegistered = [] {
  const std::filesystem::path source = MYELIN_SOURCE_DIR;
  register_cases(source / "tests/cases", "Case");
  register_cases(source / "samples", "Sample");
  return true;
}();

}  // namespace
}  // namespace myelin::test
