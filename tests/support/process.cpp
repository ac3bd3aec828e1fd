#include "tests/support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace myelin::test {

std::string binary() {
  const char* other = std::getenv("MYELIN_TEST_BINARY");
  return other ? other : MYELIN_BINARY;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  // Written beside and moved, so that a server which watches the folder never reads half of it.
  const std::filesystem::path beside = path.string() + ".writing";
  std::ofstream(beside, std::ios::binary) << text;
  std::filesystem::rename(beside, path);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "myelin-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                 std::filesystem::path output, std::filesystem::path errors)
    : output_(std::move(output)), errors_(std::move(errors)) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int err = ::open(errors_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  id_ = ::fork();
  if (id_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);  // the program has to see to it itself
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    if (::chdir(folder.c_str()) == 0) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out);
  ::close(err);
  if (id_ < 0) throw std::runtime_error("cannot start a process");
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

void Process::signal(int number) const {
  if (!code_) ::kill(id_, number);
}

bool Process::running() { return !wait(Millis(0)); }

std::optional<int> Process::wait(Millis patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!code_) {
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) == id_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (std::chrono::steady_clock::now() >= until) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(Millis(1));
    }
  }
  return code_;
}

Outcome run(const std::vector<std::string>& arguments, const std::filesystem::path& folder, Millis patience) {
  const TemporaryFolder files;
  Process process(arguments, folder, files.path() / "out", files.path() / "err");
  Outcome outcome;
  outcome.code = process.wait(patience).value_or(-1);
  outcome.output = process.output();
  outcome.errors = process.errors();
  return outcome;
}

}  // namespace myelin::test
