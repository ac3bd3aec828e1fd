#include "engine/runtime/health_probe.hpp"

#include <algorithm>
#include <array>

#include "engine/base/text.hpp"
#include "engine/message/message.hpp"
#include "engine/ports/grpc_health.hpp"

namespace myelin {

namespace {

constexpr std::size_t kMostContent = std::size_t{1} << 20;  // of an answer's body; the rest is not looked at
constexpr int kUnreachable = 502, kTooLate = 504;           // GW-132

/// Gives the answer's connection back, whatever happens.
class Held {
 public:
  explicit Held(BackendResponse& response) noexcept : response_(response) {}
  Held(const Held&) = delete;
  ~Held() { response_.release(); }

 private:
  BackendResponse& response_;
};

Duration since(TimePoint began) noexcept { return std::chrono::duration_cast<Duration>(Clock::now() - began); }

HealthOutcome failed(const Fault& fault, TimePoint began) {
  const bool late = fault.base_code == code::kTimeout || fault.base_code == code::kConnectTimeout;
  HealthOutcome outcome;
  outcome.status = late ? kTooLate : kUnreachable;
  outcome.took = since(began);
  outcome.why = fault.detail.empty() ? fault.message : fault.message + ": " + fault.detail;
  return outcome;
}

bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool is_grpc(const HealthCheck& check) noexcept { return check.type == HealthCheck::Type::grpc; }

/// The request but for its headers; views into `check`.
OutgoingRequest request_of(const HealthCheck& check, const Leaf& leaf, const Headers& headers) {
  OutgoingRequest request;
  leaf.reach(request);
  request.method = check.method;
  request.url = Url::parse(check.url).value_or(Url());
  request.target = request.url.target;
  request.host = request.url.authority;
  request.headers = &headers;
  request.user_agent = "Myelin-health";
  request.received_version = {};
  request.preserve_user_agent = headers.find("User-Agent") != nullptr;
  request.has_body = check.body.has_value();
  if (check.body) request.bytes = *check.body;
  request.http2 |= is_grpc(check);
  request.accepts_trailers = is_grpc(check);
  request.idempotent = is_grpc(check) || is_idempotent(check.method);
  request.timeout = check.timeout;
  request.timeout_is_endpoints = true;
  if (request.connect_timeout.count() == 0 || request.connect_timeout > check.timeout) request.connect_timeout = check.timeout;
  return request;
}

bool reads_content(const HealthCheck& check) noexcept {
  return is_grpc(check) || std::any_of(check.assertions.begin(), check.assertions.end(), [](const HealthAssertion& one) {
    return one.expression || (one.assertion && one.assertion->reads_content());
  });
}

/// The body as far as it is looked at. No problem: "".
Task<Result<void>> read(BackendResponse& response, std::string& content, bool keeps, TimePoint due) {
  std::size_t seen = 0;
  Result<void> done;
  for (;;) {
    const std::string_view slice = response.buffered();
    const bool last = response.ended();
    if (keeps) content.append(slice.substr(0, kMostContent - content.size()));
    seen += slice.size();
    response.consume(slice.size());
    if (last || seen >= kMostContent) co_return done;
    if (Clock::now() > due) co_return Fault(code::kTimeout, "Timeout in the body of the answer");
    const BodySource::Status status = co_await response.fill();
    if (status == BodySource::Status::failed) co_return response.fault();
    if (status == BodySource::Status::end) co_return done;
  }
}

// --- judging ----------------------------------------------------------------------------------------

/// The answer as a message, for expressions.
std::unique_ptr<Message> message_of(const BackendResponse& response, std::string content) {
  auto message = std::make_unique<Message>();
  message->response = true;
  message->status = response.status();
  message->axis2.set("HTTP_SC", response.status());
  std::string type;
  for (const Header& field : response.headers()) {
    if (text::iequals(field.name, "Content-Type")) type = field.value;
    message->headers.add(field.name, field.value);
  }
  if (!content.empty()) message->payload.assign(std::move(content), std::move(type));
  return message;
}

Result<bool> holds(const HealthAssertion& assertion, const expr::CheckAnswer& answer, Message* message) {
  if (assertion.statuses) return contains(*assertion.statuses, answer.status);
  if (assertion.assertion) return assertion.assertion->holds(answer);
  if (assertion.expression) return assertion.expression->test(*message);
  const auto value = answer.headers->get(assertion.header);
  return value && (!assertion.header_value || *value == *assertion.header_value);
}

/// An error without a message stands in the head.
std::string judge_grpc(const BackendResponse& response, const std::string& content) {
  if (response.status() != 200) return "status is not 200";
  const auto error = response.headers().get("grpc-status");
  if (error && *error != "0") return "grpc-status is " + std::string(*error);
  return grpc_health_problem(content);
}

/// Why it fails; empty: all assertions hold.
std::string judge(const HealthCheck& check, const BackendResponse& response, const std::string& content, Duration took) {
  expr::CheckAnswer answer;
  answer.status = response.status();
  answer.content = content;
  answer.headers = &response.headers();
  answer.took = took;
  if (check.assertions.empty()) return answer.status == 200 ? "" : "status is not 200";
  const bool needs_message = std::any_of(check.assertions.begin(), check.assertions.end(),
                                         [](const HealthAssertion& one) { return one.expression != nullptr; });
  const auto message = needs_message ? message_of(response, content) : nullptr;
  for (const HealthAssertion& assertion : check.assertions) {
    const Result<bool> held = holds(assertion, answer, message.get());
    if (!held) return assertion.source + ": " + held.fault().message;
    if (!*held) return assertion.source + " does not hold";
  }
  return {};
}

Task<HealthOutcome> ask(Sender& sender, const Leaf& leaf, const HealthCheck& check) {
  const TimePoint began = Clock::now();
  Headers headers;
  for (const auto& [name, value] : check.headers) headers.add(name, value);
  const OutgoingRequest request = request_of(check, leaf, headers);
  Result<BackendResponse*> answered = co_await sender.send(request);
  if (!answered) co_return failed(answered.fault(), began);
  BackendResponse& response = **answered;
  const Held held(response);
  std::string content;
  Result<void> read_all = co_await read(response, content, reads_content(check), began + check.timeout);
  if (!read_all) co_return failed(read_all.fault(), began);
  HealthOutcome outcome;
  outcome.took = since(began);
  outcome.status = response.status();
  outcome.why = is_grpc(check) ? judge_grpc(response, content) : judge(check, response, content, outcome.took);
  outcome.passed = outcome.why.empty();
  co_return outcome;
}

Task<HealthOutcome> connect(Sender& sender, const Leaf& leaf, const HealthCheck& check) {
  const TimePoint began = Clock::now();
  const Headers none;
  OutgoingRequest request = request_of(check, leaf, none);
  request.url.scheme = check.type == HealthCheck::Type::tls ? "https" : "http";
  Result<void> connected = co_await sender.probe(request);
  if (!connected) co_return failed(connected.fault(), began);
  HealthOutcome outcome;
  outcome.took = since(began);
  outcome.passed = true;
  co_return outcome;
}

}  // namespace

Task<HealthOutcome> probe_health(Sender& sender, std::shared_ptr<const Leaf> leaf, std::shared_ptr<const HealthCheck> check) {
  if (check->type == HealthCheck::Type::http || is_grpc(*check)) {
    HealthOutcome asked = co_await ask(sender, *leaf, *check);
    co_return asked;
  }
  HealthOutcome connected = co_await connect(sender, *leaf, *check);
  co_return connected;
}

}  // namespace myelin
