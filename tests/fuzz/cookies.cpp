// Fuzz target: session cookies (REL-005; endpoints reference, 5.3). Each line is a field, of Set-Cookie when
// it begins with '>', else of Cookie. What begins a session is found again when the client sends it, and
// taking the session's cookies away leaves all others.

#include "endpoints/common/cookies.hpp"
#include "tests/fuzz/sessions.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

std::vector<std::string_view> cookies_of(const Message& message) {
  return endpoints::request_cookies(message, [](std::string_view piece) { return !text::trim(piece).empty(); });
}

void request(const SessionDispatcher& session, const std::vector<std::string_view>& fields) {
  Message message;
  for (const std::string_view field : fields) message.headers.add("Cookie", field);
  const auto all = cookies_of(message);
  const auto ids = session.request_ids(message);
  require(ids.size() <= all.size());
  session.strip(message);
  require(session.request_ids(message).empty());
  require(cookies_of(message).size() == all.size() - ids.size());
}

void response(const SessionDispatcher& session, const std::vector<std::string_view>& fields) {
  Message message;
  for (const std::string_view field : fields) message.headers.add("Set-Cookie", field);
  const auto id = session.response_id(message);
  if (!id) return;
  require(!id->empty() && id->find(';') == std::string::npos);
  Message next;
  next.headers.add("Cookie", next.copy("first=1; " + *id + "; last"));
  const auto ids = session.request_ids(next);
  require(ids.size() == 1 && ids.front() == *id);
}

void run(std::string_view input) {
  static const auto http = session("http"), own = session("cookie", "name=\"SID\"");
  std::vector<std::string_view> requests, responses;
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    if (line.starts_with('>')) responses.push_back(line.substr(1));
    else requests.push_back(line);
  }
  for (const auto* session : {http.get(), own.get()}) {
    request(*session, requests);
    response(*session, responses);
  }
}

}  // namespace

MYELIN_FUZZ_TARGET(cookies, run);
