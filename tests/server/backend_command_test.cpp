// `myelin backend`: the echo backend that quick start, samples and experiments use.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http.hpp"
#include "tests/support/process.hpp"

namespace myelin::test {
namespace {

class BackendCommand : public testing::Test {
 protected:
  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {binary(), "backend"});
    process_ = std::make_unique<Process>(arguments, folder_.path(), folder_.path() / "out", folder_.path() / "err");
  }

  /// The port in the ready line of backend `name`.
  std::uint16_t port(const std::string& name) {
    const std::string line = "myelin backend " + name + " ready http=127.0.0.1:";
    for (int left = 5000; left > 0 && process_->running(); --left) {
      const std::string output = process_->output();
      const auto at = output.find(line);
      if (at != std::string::npos && output.find('\n', at) != std::string::npos)
        return static_cast<std::uint16_t>(std::atoi(output.c_str() + at + line.size()));
      process_->wait(Millis(2));
    }
    ADD_FAILURE() << "no ready line of " << name << ": " << process_->output() << process_->errors();
    return 0;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
};

TEST_F(BackendCommand, TellsWhoItIsAndWhatItReceived) {
  start({"--name", "alpha"});
  HttpClient client(port("alpha"));
  client.get("/first");
  const auto answer = client.request("PUT", "/a/b?c=d", {{"X-Mine", "yes"}, {"Content-Type", "text/plain"}}, "the body");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.body.starts_with("backend alpha answers its request 2:\nPUT /a/b?c=d\n")) << answer.body;
  EXPECT_NE(answer.body.find("\nX-Mine: yes\n"), std::string::npos) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("\n\nthe body\n")) << answer.body;
}

TEST_F(BackendCommand, SeveralInOneProcess) {
  start({"--name", "A", "--name", "B", "--status", "503"});
  EXPECT_EQ(HttpClient(port("A")).get("/").status(), 200);
  EXPECT_EQ(HttpClient(port("B")).get("/").status(), 503);
}

TEST_F(BackendCommand, AnswersInTheSoapVersionItWasAsked) {
  start({"--soap"});
  const std::uint16_t at = port("A");
  const auto soap11 = HttpClient(at).post("/", "text/xml", "<a/>");
  EXPECT_EQ(soap11.header("Content-Type"), "text/xml; charset=UTF-8");
  EXPECT_NE(soap11.body.find("http://schemas.xmlsoap.org/soap/envelope/"), std::string::npos) << soap11.body;
  EXPECT_NE(soap11.body.find("&lt;a/&gt;"), std::string::npos) << soap11.body;
  const auto soap12 = HttpClient(at).post("/", "application/soap+xml", "<a/>");
  EXPECT_EQ(soap12.header("Content-Type"), "application/soap+xml; charset=UTF-8");
  EXPECT_NE(soap12.body.find("http://www.w3.org/2003/05/soap-envelope"), std::string::npos) << soap12.body;
}

TEST_F(BackendCommand, BeginsASessionWhereThereIsNone) {
  start({"--session-cookie", "JSESSIONID"});
  const std::uint16_t at = port("A");
  EXPECT_EQ(HttpClient(at).get("/").header("Set-Cookie"), "JSESSIONID=A-1; Path=/");
  EXPECT_FALSE(HttpClient(at).request("GET", "/", {{"Cookie", "x=1; JSESSIONID=A-1"}}).has("Set-Cookie"));
}

TEST_F(BackendCommand, AnswersAfterItsDelay) {
  start({"--delay", "150"});
  HttpClient client(port("A"));
  client.send_request("GET", "/", {}, "");
  EXPECT_EQ(client.reader().read_end(Millis(50)), Stream::End::timed_out);
  EXPECT_EQ(client.receive("GET").status(), 200);
}

TEST_F(BackendCommand, EndsWithZeroWhenToldTo) {
  start({});
  HttpClient idle(port("A"));
  process_->signal(SIGTERM);
  EXPECT_EQ(process_->wait(), 0);
}

TEST_F(BackendCommand, RefusesWhatItDoesNotKnow) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"--nmae", "A"}, {"--port", "lots"}, {"--port"}, {"A"}, {"--status", "99"}}) {
    start(wrong);
    EXPECT_EQ(process_->wait(), 2) << wrong.front();
    EXPECT_NE(process_->errors().find("myelin backend: "), std::string::npos) << process_->errors();
  }
}

}  // namespace
}  // namespace myelin::test
