#include "server/admin.hpp"

#include <openssl/crypto.h>

#include "engine/base/clock.hpp"
#include "engine/base/text.hpp"

namespace myelin::server {

namespace {

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

/// With a token set, everything but the probes asks for it (REL-119); the comparison takes the same time
/// wherever they differ (REL-118).
bool authorised(const Message& message, std::string_view token) {
  if (token.empty()) return true;
  const std::string wanted = "Bearer " + std::string(token);
  const auto given = message.headers.get("Authorization");
  return given && given->size() == wanted.size() && CRYPTO_memcmp(given->data(), wanted.data(), wanted.size()) == 0;
}

/// A page that a browser has open anywhere may send what changes something; browsers then say whose page it is.
bool of_a_page(const Message& message) {
  const std::string_view method = message.incoming.method;
  return method != "GET" && method != "HEAD" && message.headers.get("Origin").has_value();
}

}  // namespace

Admin::Admin(Deployer& deployer, Hooks hooks) : deployer_(deployer), hooks_(std::move(hooks)) {}

Task<AdminAnswer> Admin::deploy() {
  Signal done;
  xml::Problems problems;
  background_.run([&] {
    problems = deployer_.redeploy();
    // Behind the deployment on the shard's queue, so the answer means: in force.
    hooks_.post([&] { done.set(); });
  });
  co_await done;
  AdminAnswer answer;
  answer.body = problems_json(problems);
  co_return answer;
}

Task<AdminAnswer> Admin::route(Message& message) {
  const std::string_view path = message.incoming.path();
  const std::string_view method = message.incoming.method;
  const bool get = method == "GET" || method == "HEAD";
  AdminAnswer answer;
  const auto deployed = deployer_.current();
  const std::string_view token = deployed->settings.get("admin.token");
  if (token.empty() && of_a_page(message)) {
    answer.status = 403;
    answer.body = "{\"error\":\"not from a browser's page, unless admin.token is set and shown\"}";
  } else if (!authorised(message, token) && path != "/healthz" && path != "/liveness") {
    answer.status = 401;
    answer.body = "{\"error\":\"Authorization: Bearer with the admin.token is needed\"}";
  } else if (path == "/healthz" && get) {
    const bool ready = !hooks_.draining();
    answer.status = ready ? 200 : 503;
    answer.body = ready ? "{\"version\":\"" MYELIN_VERSION "\",\"status\":\"ready\"}" : "{\"status\":\"draining\"}";
  } else if (path == "/liveness" && get) {
    answer.body = "{\"server\":\"started\"}";
  } else if (path == "/metrics" && get) {
    answer.type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = hooks_.metrics();
  } else if (path == "/endpoints" || path.starts_with("/endpoints/")) {
    const auto deployment = deployer_.current();
    answer = serve_endpoints(*deployment, method, path.substr(10), message.incoming.query());
  } else if (path == "/deploy" && method == "POST") {
    answer = co_await deploy();
  } else if (path == "/clock/advance" && method == "POST" &&
             deployer_.current()->settings.flag("admin.test_clock", false)) {
    const auto by = text::parse_long(query_parameter(message.incoming.query(), "ms"));
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
  const AdminAnswer answer = co_await route(message);
  const Reply reply = Reply::document(answer.status, answer.type, answer.body);
  co_await client.reply(reply);
}

}  // namespace myelin::server
