#pragma once
// A whole engine without sockets: a configuration from text, a scripted sender, a recording client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/engine.hpp"
#include "engine/runtime/loader.hpp"

namespace myelin::test {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A backend's answer whose body is here from the start.
class ScriptedResponse final : public BackendResponse {
 public:
  ScriptedResponse(int status, std::string type, std::string body, HeaderList more = {})
      : status_(status), body_(std::move(body)), more_(std::move(more)) {
    if (!type.empty()) more_.emplace_back("Content-Type", std::move(type));
    for (const auto& [name, value] : more_) headers_.add(name, value);
  }
  std::string_view buffered() const noexcept override { return std::string_view(body_).substr(at_); }
  bool ended() const noexcept override { return true; }
  void consume(std::size_t bytes) noexcept override { at_ += bytes; }
  Task<Status> fill() override { co_return Status::end; }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return body_.size(); }
  int status() const noexcept override { return status_; }
  std::string_view reason() const noexcept override { return {}; }
  const Headers& headers() const noexcept override { return headers_; }
  bool http10() const noexcept override { return false; }
  bool request_sent() const noexcept override { return true; }
  void release() noexcept override { released = true; }
  bool released = false;

 private:
  int status_;
  std::string body_;
  HeaderList more_;
  std::size_t at_ = 0;
  Headers headers_;
  Fault fault_;
};

/// What one backend request looked like.
struct Sent {
  std::string method, url, target, host, content_type, soap_action, body;
  HeaderList headers;
};

class ScriptedSender final : public Sender {
 public:
  Task<Result<BackendResponse*>> send(const OutgoingRequest& request) override {
    Sent sent;
    sent.method = request.method;
    sent.target = request.target;
    sent.host = request.host;
    sent.url = std::string(request.url.scheme) + "://" + std::string(request.url.authority) + std::string(request.target);
    sent.content_type = request.content_type;
    if (request.has_soap_action) sent.soap_action = request.soap_action;
    if (request.headers)
      for (const Header& field : *request.headers) sent.headers.emplace_back(field.name, field.value);
    sent.body = request.bytes;
    if (request.stream) {
      for (;;) {
        const std::string_view here = request.stream->buffered();
        sent.body += here;
        request.stream->consume(here.size());
        if (request.stream->ended()) break;
        const BodySource::Status status = co_await request.stream->fill();
        if (status != BodySource::Status::more) break;
      }
    }
    requests.push_back(std::move(sent));
    if (script.empty()) co_return Fault(code::kConnectFailed, "refused");
    auto next = std::move(script.front());
    script.pop_front();
    if (!next.first) co_return std::move(next.second);
    given.push_back(std::move(next.first));
    co_return given.back().get();
  }
  Task<Result<void>> probe(const OutgoingRequest&) override { co_return Result<void>(); }
  Task<bool> wait(Signal& signal, Duration) override { co_return signal.is_set(); }
  void post(std::function<void()> work) override { work(); }

  void answer(int status, std::string body, std::string type = "text/xml", HeaderList headers = {}) {
    script.emplace_back(std::make_unique<ScriptedResponse>(status, std::move(type), std::move(body), std::move(headers)), Fault());
  }
  void refuse(int error = code::kConnectFailed) { script.emplace_back(nullptr, Fault(error, "scripted fault")); }

  std::deque<std::pair<std::unique_ptr<ScriptedResponse>, Fault>> script;
  std::vector<std::unique_ptr<ScriptedResponse>> given;
  std::vector<Sent> requests;
};

class RecordingClient final : public Client {
 public:
  Task<bool> reply(const Reply& reply) override {
    ++replies;
    status = reply.status;
    content_type = reply.content_type;
    if (reply.headers)
      for (const Header& field : *reply.headers) headers.emplace_back(field.name, field.value);
    body = reply.bytes;
    if (reply.stream) {
      body += reply.stream->buffered();
      reply.stream->consume(reply.stream->buffered().size());
    }
    co_return true;
  }
  bool answered() const noexcept override { return replies > 0; }

  int replies = 0;
  int status = 0;
  std::string content_type, body;
  HeaderList headers;
};

inline constexpr const char* kSoap =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><q:getQuote xmlns:q=\"urn:q\">"
    "<q:symbol>IBM</q:symbol></q:getQuote></s:Body></s:Envelope>";

struct Request {
  std::string method = "POST", target = "/", body = kSoap, type = "text/xml";
  HeaderList headers = {{"SOAPAction", "\"urn:getQuote\""}};
};

/// `definitions` content is deployed; each request is run to its end.
class FlowTest : public testing::Test {
 protected:
  FlowTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "myelin-flow-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FlowTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void deploy(const std::string& definitions) {
    std::ofstream(folder_ / "synapse.xml") << "<definitions xmlns=\"http://ws.apache.org/ns/synapse\">" << definitions
                                           << "</definitions>";
    Loader loader(folder_, states_, Loader::Options{});
    xml::Problems problems;
    deployment_ = loader.load(problems);
    std::string all;
    for (const auto& problem : problems.all()) all += problem.text() + "\n";
    ASSERT_TRUE(deployment_) << all;
    engine_ = std::make_unique<Engine>(sender, deployment_);
  }

  /// Runs one request; the client's view of it.
  RecordingClient& ask(const Request& request = Request()) {
    client = RecordingClient();
    message = std::make_unique<Message>();
    Message& m = *message;
    m.incoming.method = m.copy(request.method);
    m.incoming.target = m.copy(request.target);
    m.incoming.host = "myelin.test";
    m.incoming.scheme = "http";
    m.headers.add("Host", "myelin.test");
    for (const auto& [name, value] : request.headers) m.headers.add(m.copy(name), m.copy(value));
    if (!request.body.empty()) {
      m.headers.add("Content-Type", m.copy(request.type));
      m.payload.assign(request.body, request.type);
      m.client_kind = media_kind(request.type);
    }
    m.copy("\r\n");  // a head ends so; what mediators add stands behind it
    Task<void> exchange = engine_->serve(m, client);
    EXPECT_TRUE(exchange.done()) << "the exchange waits for something";
    return client;
  }

  ScriptedSender sender;
  RecordingClient client;
  std::unique_ptr<Message> message;

 private:
  std::filesystem::path folder_;
  StateStore states_;
  std::shared_ptr<const Deployment> deployment_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace myelin::test
