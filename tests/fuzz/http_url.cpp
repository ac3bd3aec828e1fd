// Fuzz target: URLs of backends (REL-083, REL-172). What is accepted has no byte that could end a
// line or a host, and its parts are parts of the text.

#include "engine/ports/sender.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin::fuzz;

namespace {

void run(std::string_view text) {
  const auto url = myelin::Url::parse(text);
  if (!url) return;
  for (const char c : text) require(c > 0x20 && c < 0x7f);
  require(!url->host.empty() && url->port != 0);
  require(url->authority.find_first_of("@/?#\\") == std::string_view::npos);
  require(url->target.empty() || url->target.front() == '/' || url->target.front() == '?');
  require(url->target.find('#') == std::string_view::npos);
  require(url->authority.data() >= text.data() && url->target.data() + url->target.size() <= text.data() + text.size());
}

}  // namespace

MYELIN_FUZZ_TARGET(http_url, run);
