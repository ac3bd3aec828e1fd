// Fuzz target: URI templates of endpoints and of APIs (REL-005, REL-083, REL-172). The first line is the
// template, the rest a value, or a path with a query. A value adds nothing to a URI that may not stand there.

#include <algorithm>

#include "endpoints/common/uri_template.hpp"
#include "engine/artifacts/service.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

void expand(std::string_view text, std::string_view value) {
  const endpoints::UriTemplate compiled(text);
  const auto lookup = [value](std::string_view name) {
    return name.starts_with('u') ? std::nullopt : std::optional(std::string(value));
  };
  const std::string out = compiled.expand(lookup);
  if (text.find('{') == std::string_view::npos) require(out == text);
  // Only the template itself may say what is no URI.
  for (const char c : out) require(endpoints::is_legal_uri(std::string_view(&c, 1)) || c == '%' || text.find(c) != std::string_view::npos, out);
}

void match(const UriPattern& pattern, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  std::vector<std::pair<std::string_view, std::string_view>> variables;
  if (!pattern.matches(path, query, variables)) return;
  for (const auto& [name, value] : variables)
    require(!name.empty() && (value.empty() || (value.data() >= target.data() && value.data() + value.size() <= target.data() + target.size())));
}

void run(std::string_view input) {
  const std::string_view text = take_line(input);
  expand(text, input);
  UriPattern pattern, mapping;
  if (UriPattern::compile_template(text, pattern).empty()) match(pattern, input);
  if (UriPattern::compile_mapping(text, mapping).empty()) match(mapping, input);
}

}  // namespace

MYELIN_FUZZ_TARGET(uri_template, run);
