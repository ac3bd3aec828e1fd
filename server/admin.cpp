#include "server/admin.hpp"

#include "engine/base/clock.hpp"
#include "engine/base/text.hpp"

namespace myelin::server {

namespace {

/// The value of a query parameter; empty when absent.
std::string_view parameter(std::string_view query, std::string_view name) {
  for (const std::string_view pair : text::split(query, "&"))
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  return {};
}

std::string problems_json(const xml::Problems& problems) {
  std::string json = "{\"errors\":" + std::to_string(problems.error_count()) + ",\"problems\":[";
  bool first = true;
  for (const xml::Problem& problem : problems.all()) {
    if (!first) json += ',';
    first = false;
    json += problem.json();
  }
  return json + "]}";
}

}  // namespace

Admin::Admin(Deployer& deployer, Hooks hooks) : deployer_(deployer), hooks_(std::move(hooks)) {}

Admin::~Admin() {
  for (std::thread& worker : workers_) worker.join();
}

Task<Admin::Answer> Admin::deploy() {
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  Signal done;
  xml::Problems problems;
  workers_.emplace_back([&] {
    problems = deployer_.redeploy();
    // Behind the deployment on the shard's queue, so the answer means: in force.
    hooks_.post([&] { done.set(); });
  });
  co_await done;
  Answer answer;
  answer.body = problems_json(problems);
  co_return answer;
}

Task<Admin::Answer> Admin::route(Message& message) {
  const std::string_view path = message.incoming.path();
  const std::string_view method = message.incoming.method;
  const bool get = method == "GET" || method == "HEAD";
  Answer answer;
  if (path == "/healthz" && get) {
    const bool ready = !hooks_.draining();
    answer.status = ready ? 200 : 503;
    answer.body = ready ? "{\"version\":\"" MYELIN_VERSION "\",\"status\":\"ready\"}" : "{\"status\":\"draining\"}";
  } else if (path == "/liveness" && get) {
    answer.body = "{\"server\":\"started\"}";
  } else if (path == "/metrics" && get) {
    answer.type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = hooks_.metrics();
  } else if (path == "/deploy" && method == "POST") {
    answer = co_await deploy();
  } else if (path == "/clock/advance" && method == "POST" &&
             deployer_.current()->settings.flag("admin.test_clock", false)) {
    const auto by = text::parse_long(parameter(message.incoming.query(), "ms"));
    if (by && *by >= 0) {
      Clock::advance(Duration(*by));
      answer.body = "{\"advanced\":" + std::to_string(*by) + "}";
    } else {
      answer.status = 400;
      answer.body = "{\"error\":\"ms takes a number of milliseconds\"}";
    }
  } else {
    answer.status = 404;
    answer.body = "{\"error\":\"no such resource\"}";
  }
  co_return answer;
}

Task<void> Admin::serve(Message& message, Client& client) {
  const Answer answer = co_await route(message);
  Reply reply;
  reply.status = answer.status;
  reply.content_type = answer.type;
  reply.has_body = true;
  reply.bytes = answer.body;
  co_await client.reply(reply);
}

}  // namespace myelin::server
