#include "tests/support/myelin.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace myelin::test {
namespace {

// A sanitizer's build starts slowly on a busy machine.
constexpr Millis kStartPatience{60'000};

std::uint16_t port_of(const std::string& line, const std::string& name) {
  const auto at = line.find(" " + name + "=");
  if (at == std::string::npos) return 0;
  const auto value = line.substr(at + name.size() + 2, line.find(' ', at + 1) - at - name.size() - 2);
  const auto colon = value.rfind(':');
  return colon == std::string::npos ? std::uint16_t{0}
                                    : static_cast<std::uint16_t>(std::atoi(value.c_str() + colon + 1));
}

}  // namespace

bool eventually(const std::function<bool()>& so, Millis patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(Millis(2));
  }
  return true;
}

std::string definitions(std::string_view children) {
  return "<definitions xmlns=\"http://ws.apache.org/ns/synapse\">" + std::string(children) + "</definitions>";
}

std::string main_sequence(std::string_view mediators) {
  return definitions("<sequence name=\"main\"><in>" + std::string(mediators) + "</in><out><send/></out></sequence>");
}

Myelin::Myelin() : conf_(folder_.path() / "conf") { std::filesystem::create_directory(conf_); }

Myelin::Myelin(std::string_view configuration) : Myelin() {
  write("synapse.xml", configuration);
  start();
}

Myelin::~Myelin() {
  if (process_ && process_->running()) stop();
  if (process_ && testing::Test::HasFailure())
    std::cout << "--- log of the server (" << ready_ << ")\n" << log() << "---\n";
}

void Myelin::launch() {
  write("myelin.properties", read_file(conf_ / "myelin.properties") + "\nadmin.test_clock=true\n" + settings_);
  std::vector<std::string> arguments{binary(), "run",         "--conf",  conf_.string(),
                                     "--http",      "127.0.0.1:0", "--admin", "127.0.0.1:0",
                                     "--threads",   std::to_string(threads)};
  if (https) arguments.insert(arguments.end(), {"--https", "127.0.0.1:0"});
  process_ = std::make_unique<Process>(arguments, folder_.path(), folder_.path() / "out", folder_.path() / "log");
}

bool Myelin::read_ready_line() {
  const std::string output = process_->output();
  const auto at = output.find("myelin ready ");
  const auto end = at == std::string::npos ? at : output.find('\n', at);
  if (end == std::string::npos) return false;
  ready_ = output.substr(at, end - at);
  http_ = port_of(ready_, "http");
  https_ = port_of(ready_, "https");
  admin_ = port_of(ready_, "admin");
  return true;
}

bool Myelin::start() {
  launch();
  eventually([&] { return read_ready_line() || !process_->running(); }, kStartPatience);
  if (ready_.empty()) ADD_FAILURE() << "the server did not get ready";
  return !ready_.empty();
}

int Myelin::start_and_fail() {
  launch();
  return process_->wait(kStartPatience).value_or(-1);
}

HttpMessage Myelin::admin(std::string_view method, std::string_view target, const HeaderList& headers) const {
  return HttpClient(admin_).request(method, target, headers);
}

void Myelin::advance(Millis by) const {
  const auto answer = admin("POST", "/clock/advance?ms=" + std::to_string(by.count()));
  EXPECT_TRUE(answer.status() >= 200 && answer.status() < 300) << answer.start << answer.trouble;
}

std::string Myelin::deploy() const {
  const auto answer = admin("POST", "/deploy");
  EXPECT_TRUE(answer.status() >= 200 && answer.status() < 300) << answer.start << answer.trouble;
  return answer.body;
}

std::string Myelin::log() const { return process_ ? process_->output() + process_->errors() : std::string(); }

bool Myelin::await_log(std::string_view text, Millis patience) const {
  return eventually([&] { return log().find(text) != std::string::npos; }, patience);
}

int Myelin::stop(Millis patience) {
  process_->signal(SIGTERM);
  auto code = process_->wait(patience);
  if (!code) {
    process_->signal(SIGABRT);  // its report says where it waits
    if (!process_->wait(kPatience)) process_->signal(SIGKILL);
    process_->wait();
  }
  return code.value_or(-1);
}

}  // namespace myelin::test
