// Fuzz target: the signed affinity cookie (REL-005). Nothing that Myelin did not write is taken for its
// own: the first line is a cookie, the next a path (eight bytes each) which is written and read; then it
// is read with a byte of it changed.

#include <algorithm>

#include "engine/base/text.hpp"
#include "tests/fuzz/sessions.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

constexpr std::string_view kEndpoint = "endpoint:e#0";

void foreign(const SessionDispatcher& session, std::string_view cookie) {
  Message request;
  request.headers.add("Cookie", cookie);
  for (const std::string_view id : session.request_ids(request)) require(!session.read_path(id, kEndpoint), std::string(id));
  require(!session.read_path(cookie, kEndpoint));
}

SessionPath path_of(std::string_view bytes) {
  SessionPath path;
  for (; bytes.size() >= 8 && path.size() < 16; bytes.remove_prefix(8)) {
    std::uint64_t child = 0;
    for (const char c : bytes.substr(0, 8)) child = child << 8 | static_cast<unsigned char>(c);
    path.push_back(child);
  }
  return path;
}

void own(const SessionDispatcher& session, std::string_view bytes) {
  const SessionPath path = path_of(bytes);
  if (path.empty()) return;
  Message response;
  session.write_path(response, path, Duration(60'000), kEndpoint);
  const auto cookie = response.headers.get("Set-Cookie");
  require(cookie.has_value());
  std::string id(cookie->substr(0, cookie->find(';')));
  require(session.read_path(id, kEndpoint) == path);
  require(!session.read_path(id, "endpoint:other"));
  const std::size_t equals = id.find('=');
  const std::size_t at = equals + 1 + static_cast<unsigned char>(bytes[0]) % (id.size() - equals - 1);
  id[at] = id[at] == 'A' ? 'B' : 'A';
  // The last character has bits that no byte is made of.
  const auto changed = session.read_path(id, kEndpoint);
  require(!changed || (at + 1 == id.size() && *changed == path), id);
}

void run(std::string_view input) {
  static const auto session = fuzz::session("affinity", "", "session.affinity.key=0123456789abcdef0123456789abcdef");
  foreign(*session, take_line(input));
  own(*session, input);
}

}  // namespace

MYELIN_FUZZ_TARGET(affinity, run);
