#pragma once
// A child process with its output in files; every wait is bounded, and it is gone when this object is.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/socket.hpp"

namespace myelin::test {

/// The program under test: $MYELIN_TEST_BINARY (to run the tests against another build), or the one built
/// with the tests.
std::string binary();

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

class Process {
 public:
  /// Standard output and standard error go to the files named; `folder` is the working directory.
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
          std::filesystem::path output, std::filesystem::path errors);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::string output() const { return read_file(output_); }
  std::string errors() const { return read_file(errors_); }
  pid_t id() const noexcept { return id_; }

  void signal(int number) const;
  bool running();
  /// Exit code, 128 + signal number when killed; nothing when it still runs after `patience`.
  std::optional<int> wait(Millis patience = kPatience);

 private:
  std::filesystem::path output_, errors_;
  pid_t id_ = -1;
  std::optional<int> code_;
};

/// Runs to the end; `code` -1: it did not end in time and was killed.
struct Outcome {
  int code = -1;
  std::string output, errors;
};
Outcome run(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
            Millis patience = Millis(30'000));

}  // namespace myelin::test
