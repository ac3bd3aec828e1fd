#pragma once
// The server under test: its own configuration folder, the real binary, real ports. When a test has
// failed, its log is printed at the end.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/http.hpp"
#include "tests/support/process.hpp"

namespace myelin::test {

/// `<definitions>` around top-level elements.
std::string definitions(std::string_view children);
/// Definitions with a main sequence: `in` around the mediators, and an out that sends.
std::string main_sequence(std::string_view mediators);

/// Asks again and again until it is so; false: it was not in time.
bool eventually(const std::function<bool()>& so, Millis patience = kPatience);

class Myelin {
 public:
  /// Writes nothing and starts nothing yet.
  Myelin();
  /// Writes `configuration` as synapse.xml and starts.
  explicit Myelin(std::string_view configuration);
  ~Myelin();

  const std::filesystem::path& conf() const noexcept { return conf_; }
  void write(const std::filesystem::path& name, std::string_view text) { write_file(conf_ / name, text); }
  void remove(const std::filesystem::path& name) { std::filesystem::remove(conf_ / name); }
  /// One more line of myelin.properties; before start().
  void set(std::string_view line) { settings_ += std::string(line) + "\n"; }
  int threads = 2;
  bool https = false;

  /// False (and a test failure) when no ready line comes in time.
  bool start();
  /// Starts one that is expected to give up; its exit code, -1 when it does not.
  int start_and_fail();
  bool started() const noexcept { return process_ != nullptr; }

  std::uint16_t port() const noexcept { return http_; }
  std::uint16_t https_port() const noexcept { return https_; }
  std::uint16_t admin_port() const noexcept { return admin_; }
  const std::string& ready_line() const noexcept { return ready_; }
  Process& process() { return *process_; }

  HttpClient client() const { return HttpClient(http_); }
  HttpMessage get(std::string_view target) const { return client().get(target); }
  HttpMessage admin(std::string_view method, std::string_view target, const HeaderList& headers = {}) const;
  /// Moves the server's clock forward.
  void advance(Millis by) const;
  /// Takes changed files now; the problems as JSON.
  std::string deploy() const;

  /// Standard output and the log.
  std::string log() const;
  /// Waits until the log holds `text`.
  bool await_log(std::string_view text, Millis patience = kPatience) const;
  /// SIGTERM; the exit code, -1 when it does not end in time.
  int stop(Millis patience = kPatience);

 private:
  void launch();
  bool read_ready_line();

  TemporaryFolder folder_;
  std::filesystem::path conf_;
  std::string settings_;
  std::unique_ptr<Process> process_;
  std::string ready_;
  std::uint16_t http_ = 0, https_ = 0, admin_ = 0;
};

}  // namespace myelin::test
