#pragma once
// Runs one case: its backends, the server with its configuration, its requests and expectations.
// Every failure is reported at the line of the case that states what was expected.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/backend.hpp"
#include "tests/support/case_file.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {

class CaseRunner {
 public:
  explicit CaseRunner(CaseFile file);
  ~CaseRunner();

  void run();

 private:
  using Words = std::vector<Word>;
  using Handler = void (CaseRunner::*)(const Statement&, const Words&);

  void run(const Statement& statement);
  [[gnu::format(printf, 3, 4)]] void fail(const Statement& at, const char* format, ...) const;

  // Setting up.
  void do_backend(const Statement& at, const Words& line);
  void do_main(const Statement& at, const Words& line);
  void do_definitions(const Statement& at, const Words& line);
  void do_file(const Statement& at, const Words& line);
  void do_folder(const Statement& at, const Words& line);
  void do_map(const Statement& at, const Words& line);
  void do_settings(const Statement& at, const Words& line);
  void do_threads(const Statement& at, const Words& line);
  void do_tls(const Statement& at, const Words& line);

  // Actions.
  void do_request(const Statement& at, const Words& line);
  void do_raw(const Statement& at, const Words& line);
  void do_begin(const Statement& at, const Words& line);
  void do_finish(const Statement& at, const Words& line);
  void do_advance(const Statement& at, const Words& line);
  void do_deploy(const Statement& at, const Words& line);
  void do_admin(const Statement& at, const Words& line);
  void do_remove(const Statement& at, const Words& line);
  void do_command(const Statement& at, const Words& line);
  void do_start(const Statement& at, const Words& line);
  void do_stop(const Statement& at, const Words& line);
  void do_await(const Statement& at, const Words& line);
  void do_release(const Statement& at, const Words& line);
  void do_drop(const Statement& at, const Words& line);
  void do_written(const Statement& at, const Words& line);

  // Expectations.
  void do_expect(const Statement& at, const Words& line);
  void expect_status(const Statement& at, const Words& line);
  void expect_body(const Statement& at, const Words& line);
  void expect_header(const Statement& at, const Words& line);
  void expect_output(const Statement& at, const Words& line);
  void expect_end(const Statement& at, const Words& line);
  void do_log(const Statement& at, const Words& line);
  void expect_backend(const Statement& at, const Words& line, const Backend& backend);
  void compare_text(const Statement& at, const Words& line, std::size_t from, std::string_view what,
                    const std::string& actual) const;

  void write_configuration(const std::string& name, std::string text);
  void ensure_started();
  void finish();
  std::string substitute(std::string text) const;
  Statement substitute(Statement statement) const;
  HttpClient& client(const Statement& at, const Words& line, bool remembering);

  CaseFile file_;
  TemporaryFolder certificates_;
  std::map<std::string, std::unique_ptr<Backend>> backends_;
  std::vector<std::pair<std::string, std::string>> mapped_;  ///< port in files, backend
  std::unique_ptr<Myelin> server_;
  std::vector<std::pair<std::string, std::string>> pending_files_;
  bool tls_ = false;
  bool ended_ = false;

  std::map<std::string, std::unique_ptr<HttpClient>> clients_;   ///< named: "as NAME"
  std::map<std::string, std::pair<std::unique_ptr<HttpClient>, std::string>> begun_;  ///< and method
  std::unique_ptr<HttpClient> once_;
  HttpClient* current_ = nullptr;
  bool raw_ = false;
  std::string method_;
  std::vector<HttpMessage> answers_;
  std::optional<int> exit_;
  std::string output_;
};

/// Registers every case below `folder` as GoogleTest `SUITE/NAME`.
void register_cases(const std::filesystem::path& folder, const std::string& suite);

}  // namespace myelin::test
