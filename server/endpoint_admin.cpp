#include "server/endpoint_admin.hpp"

#include <fmt/format.h>

#include <functional>
#include <iterator>

#include "endpoints/common/userinfo.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/health.hpp"

namespace myelin::server {

namespace {

using Out = std::back_insert_iterator<std::string>;

std::string json_string(std::string_view text) { return '"' + text::json_escape(text) + '"'; }

void write_ago(Out to, std::string_view field, TimePoint at, TimePoint now) {
  if (at == TimePoint{}) return;
  fmt::format_to(to, ",\"{}\":{}", field, std::chrono::duration_cast<Duration>(now - at).count());
}

void write_traffic(Out to, const Condition& condition, TimePoint now) {
  const Traffic traffic = condition.traffic();
  fmt::format_to(to, ",\"inFlight\":{},\"sent\":{},\"failed\":{},\"timeouts\":{},\"answers\":{{", condition.in_flight(),
                 traffic.sent, traffic.failed, traffic.timeouts);
  std::uint64_t answers = 0;
  for (std::size_t i = 1; i < traffic.answers.size(); ++i) {
    fmt::format_to(to, "{}\"{}xx\":{}", i > 1 ? "," : "", i, traffic.answers[i]);
    answers += traffic.answers[i];
  }
  fmt::format_to(to, "}}");
  if (answers > 0)
    fmt::format_to(to, ",\"latencyMs\":{{\"mean\":{:.3f},\"p50\":{:.3f},\"p90\":{:.3f},\"p99\":{:.3f}}}",
                   static_cast<double>(traffic.latency_sum) / 1000.0 / static_cast<double>(answers),
                   static_cast<double>(traffic.latency.percentile(0.5)) / 1000.0,
                   static_cast<double>(traffic.latency.percentile(0.9)) / 1000.0,
                   static_cast<double>(traffic.latency.percentile(0.99)) / 1000.0);
  fmt::format_to(to, ",\"errors\":{{");
  bool first = true;
  for (const auto& [code, count] : condition.errors()) {
    fmt::format_to(to, "{}\"{}\":{}", first ? "" : ",", code, count);
    first = false;
  }
  fmt::format_to(to, "}}");
  const Condition::LastError last = condition.last_error();
  if (last.at == TimePoint{}) return;
  fmt::format_to(to, ",\"lastError\":{{\"code\":{},\"message\":{}", last.code, json_string(last.message));
  write_ago(to, "agoMs", last.at, now);
  fmt::format_to(to, "}}");
}

void write_standing(Out to, const Standing& standing, TimePoint now) {
  fmt::format_to(to, ",\"state\":\"{}\",\"untilRetryMs\":{}", standing.state, standing.until_retry.count());
  write_ago(to, "suspendedForMs", standing.suspended_at, now);
  write_ago(to, "timedOutForMs", standing.timed_out_at, now);
  const auto counts = [&](std::string_view what, std::uint64_t in_a_row, std::uint64_t all, const auto& recent) {
    fmt::format_to(to, ",\"{}\":{{\"consecutive\":{},\"total\":{},\"lastMinute\":{},\"last5Minutes\":{},\"last15Minutes\":{}}}",
                   what, in_a_row, all, recent[0], recent[1], recent[2]);
  };
  counts("suspensions", standing.consecutive_suspensions, standing.suspensions, standing.recent_suspensions);
  counts("marks", standing.consecutive_timeouts, standing.timeouts, standing.recent_timeouts);
  if (!standing.breaker.empty()) fmt::format_to(to, ",\"breaker\":\"{}\"", standing.breaker);
}

std::shared_ptr<HealthRecord> record_of(const Endpoint& endpoint) {
  const auto* leaf = dynamic_cast<const Leaf*>(&endpoint);
  return leaf ? leaf->health_record : nullptr;
}

/// How its checks went; a window without a check is null, not 0 (GW-134).
void write_checks(Out to, const HealthRecord& record, TimePoint now) {
  using Window = Availability::Window;
  constexpr std::pair<std::string_view, Window> kWindows[] = {
      {"1m", Window::minute}, {"1h", Window::hour}, {"1d", Window::day}, {"1w", Window::week}, {"1M", Window::month}};
  fmt::format_to(to, ",\"checks\":{{\"passed\":{},\"failed\":{},\"availability\":{{", record.passed(), record.failed());
  for (const auto& [name, window] : kWindows) {
    const auto percent = record.availability(window, now);
    fmt::format_to(to, "{}\"{}\":{}", window == Window::minute ? "" : ",", name, percent ? fmt::format("{:.2f}", *percent) : "null");
  }
  fmt::format_to(to, "}}}}");
}

/// The newest checks, or only those that changed the state (GW-135).
void write_events(std::string& text, const Endpoint& endpoint, bool transitions) {
  const auto record = record_of(endpoint);
  const TimePoint now = Clock::now();
  text = "{\"checks\":[";
  const Out to(text);
  if (record)
    for (const HealthEvent& event : transitions ? record->transitions() : record->recent()) {
      fmt::format_to(to, "{}{{\"passed\":{},\"status\":{},\"tookMs\":{},\"before\":\"{}\",\"after\":\"{}\"",
                     text.back() == '[' ? "" : ",", event.outcome.passed, event.outcome.status, event.outcome.took.count(),
                     name_of(event.before), name_of(event.after));
      if (!event.outcome.why.empty()) fmt::format_to(to, ",\"why\":{}", json_string(event.outcome.why));
      write_ago(to, "agoMs", event.at, now);
      text += '}';
    }
  text += "]}";
}

void write_endpoint(std::string& text, const Endpoint& endpoint, TimePoint now, bool deep) {
  const Out to(text);
  const Condition& condition = endpoint.condition();
  fmt::format_to(to, "{{\"name\":{},\"key\":{},\"kind\":{}", json_string(endpoint.name), json_string(endpoint.key), json_string(endpoint.kind()));
  if (!endpoint.identity().empty()) fmt::format_to(to, ",\"address\":{}", json_string(endpoints::without_userinfo(endpoint.identity())));
  if (!endpoint.description.empty()) fmt::format_to(to, ",\"description\":{}", json_string(endpoint.description));
  fmt::format_to(to, ",\"file\":{},\"line\":{}", json_string(endpoint.where.file), endpoint.where.line);
  fmt::format_to(to, ",\"ready\":{},\"switch\":\"{}\",\"health\":\"{}\"", endpoint.ready(now, Use::fresh),
                 name_of(condition.position()), name_of(condition.health()));
  write_ago(to, "switchedForMs", condition.position_since(), now);
  write_ago(to, "healthForMs", condition.health_since(), now);
  if (const auto record = record_of(endpoint)) write_checks(to, *record, now);
  write_standing(to, endpoint.standing(now), now);
  if (endpoint.parent) {
    const std::uint32_t weight = condition.weight();
    fmt::format_to(to, ",\"weight\":{},\"backup\":{}", weight > 0 ? weight : std::max<std::int64_t>(endpoint.weight, 1), endpoint.backup);
  }
  if (const auto sessions = endpoint.sessions()) fmt::format_to(to, ",\"sessions\":{}", *sessions);
  write_traffic(to, condition, now);
  const auto children = endpoint.children();
  if (children.empty()) {
    text += '}';
    return;
  }
  if (!deep) {
    fmt::format_to(to, ",\"childCount\":{}}}", children.size());
    return;
  }
  text += ",\"children\":[";
  for (const auto& child : children) {
    if (child != children.front()) text += ',';
    write_endpoint(text, *child, now, deep);
  }
  text += "]}";
}

/// Calls `act` with the endpoint of that name or key, looking through the trees; false: there is none.
using Act = std::function<void(const Endpoint&)>;
bool find_below(const Endpoint& endpoint, std::string_view name, const Act& act) {
  if (endpoint.name == name || endpoint.key == name) {
    act(endpoint);
    return true;
  }
  for (const auto& child : endpoint.children())
    if (child->parent == &endpoint && find_below(*child, name, act)) return true;
  return false;
}

bool find(const Deployment& deployment, std::string_view name, const Act& act) {
  // A defined name first: an inline endpoint may be called the same.
  if (const Endpoint* defined = deployment.endpoint(name)) {
    act(*defined);
    return true;
  }
  for (const Endpoint* root : deployment.endpoint_roots)
    if (find_below(*root, name, act)) return true;
  return false;
}

AdminAnswer error(int status, std::string_view what) {
  AdminAnswer answer;
  answer.status = status;
  answer.body = "{\"error\":" + json_string(what) + '}';
  return answer;
}

AdminAnswer list(const Deployment& deployment) {
  AdminAnswer answer;
  const TimePoint now = Clock::now();
  answer.body = "{\"endpoints\":[";
  for (const Endpoint* root : deployment.endpoint_roots) {
    if (root != deployment.endpoint_roots.front()) answer.body += ',';
    write_endpoint(answer.body, *root, now, false);
  }
  answer.body += "]}";
  return answer;
}

AdminAnswer act_on(const Deployment& deployment, std::string_view name, std::string_view action, std::string_view query) {
  Act act;
  if (action == "on") act = [](const Endpoint& endpoint) { endpoint.set_switch(Switch::on); };
  else if (action == "off") act = [](const Endpoint& endpoint) { endpoint.set_switch(Switch::off); };
  else if (action == "drain") act = [](const Endpoint& endpoint) { endpoint.set_switch(Switch::drain); };
  else if (action == "reset") act = [](const Endpoint& endpoint) { endpoint.reset_counters(); };
  else if (action == "sessions") act = [](const Endpoint& endpoint) { endpoint.end_sessions(); };
  else if (action == "weight") {
    const auto value = text::parse_long(query_parameter(query, "value"));
    if (!value || *value < 0 || *value > 1'000'000) return error(400, "value takes a whole number from 0 to 1000000");
    act = [weight = static_cast<std::uint32_t>(*value)](const Endpoint& endpoint) { endpoint.condition().set_weight(weight); };
  } else {
    return error(404, "an endpoint can be told: on, off, drain, reset, weight; sessions can be deleted");
  }
  AdminAnswer answer;
  const bool found = find(deployment, name, [&](const Endpoint& endpoint) {
    act(endpoint);
    write_endpoint(answer.body, endpoint, Clock::now(), true);
  });
  return found ? answer : error(404, "no endpoint of that name");
}

AdminAnswer checks(const Deployment& deployment, std::string_view name, bool transitions) {
  AdminAnswer answer;
  const bool found = find(deployment, name, [&](const Endpoint& endpoint) { write_events(answer.body, endpoint, transitions); });
  return found ? answer : error(404, "no endpoint of that name");
}

}  // namespace

std::string query_parameter(std::string_view query, std::string_view name) {
  for (const std::string_view pair : text::split(query, "&"))
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return text::percent_decode(pair.substr(name.size() + 1), true);
  return {};
}

AdminAnswer serve_endpoints(const Deployment& deployment, std::string_view method, std::string_view path,
                            std::string_view query) {
  const bool get = method == "GET" || method == "HEAD";
  if (path.empty() || path == "/") return get ? list(deployment) : error(405, "the list can be read");
  path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  const std::string name = text::percent_decode(path.substr(0, slash), false);
  if (slash != std::string_view::npos) {
    const std::string_view action = path.substr(slash + 1);
    if (action == "checks" && get) return checks(deployment, name, query_parameter(query, "only") == "transitions");
    const std::string_view wanted = action == "sessions" ? "DELETE" : "POST";
    if (method != wanted) return error(405, "use " + std::string(wanted));
    return act_on(deployment, name, action, query);
  }
  if (!get) return error(405, "an endpoint can be read; actions stand behind its name");
  AdminAnswer answer;
  const bool found = find(deployment, name, [&](const Endpoint& endpoint) {
    write_endpoint(answer.body, endpoint, Clock::now(), true);
  });
  return found ? answer : error(404, "no endpoint of that name");
}

}  // namespace myelin::server
