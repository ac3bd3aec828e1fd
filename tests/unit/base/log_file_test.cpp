// A log on a disk that is full.

#include "engine/base/log_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/tight_file.hpp"

namespace myelin::log {
namespace {

using test::TightFile;

// REL-138: what does not fit is reported as lost; when there is room again lines are whole.
TEST(LogFile, GoesOnWhenAFullDiskHasRoomAgain) {
  TightFile file(10);
  auto log = LogFile::open(file.path());
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE((*log)->put("one"));
  EXPECT_FALSE((*log)->put("too long for it"));
  EXPECT_FALSE((*log)->put("no room"));
  file.make_room();
  EXPECT_TRUE((*log)->put("room"));
  EXPECT_TRUE((*log)->put("more"));
  EXPECT_EQ(file.text(), "one\ntoo lo\nroom\nmore\n");
}

TEST(LogFile, ANewFileBeginsWithALine) {
  TightFile file(10);
  auto log = LogFile::open(file.path());
  ASSERT_TRUE(log.ok());
  EXPECT_FALSE((*log)->put("too long for it"));
  file.make_room();
  std::filesystem::remove(file.path());
  EXPECT_TRUE((*log)->reopen().ok());
  EXPECT_TRUE((*log)->put("room"));
  std::ifstream in(file.path());
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "room");
}

TEST(LogFile, OneThatCannotBeOpenedIsAFault) {
  const auto log = LogFile::open("/no/such/folder/log");
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.fault().message.find("/no/such/folder/log"), std::string::npos);
}

}  // namespace
}  // namespace myelin::log
