#pragma once
// A full disk, without one: no file of the process may grow beyond a size that this one has nearly reached.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace myelin::test {

inline constexpr off_t kFar = off_t{1} << 30;  ///< where no other file of the tests ends

/// A file that has room for so many bytes.
class TightFile {
 public:
  explicit TightFile(off_t room) : room_(room) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    std::ofstream(path_).close();
    EXPECT_EQ(::truncate(path_.c_str(), kFar - room), 0);
    rlimit tight = before_;
    tight.rlim_cur = kFar;
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~TightFile() {
    make_room();
    std::filesystem::remove(path_);
  }
  void make_room() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  const std::string& path() const { return path_; }
  std::string text() const {
    std::ifstream in(path_);
    in.seekg(kFar - room_);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }

 private:
  const std::string path_ =
      std::filesystem::temp_directory_path() / ("myelin-tight-" + std::to_string(::getpid()));
  const off_t room_;
  rlimit before_{};
};

}  // namespace myelin::test
