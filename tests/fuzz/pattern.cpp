// Fuzz target: regular expressions (REL-005, REL-088). The first line is one, the rest is matched by it:
// within bounded steps, or it is a fault.

#include "engine/expr/pattern.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

void run(std::string_view input) {
  const std::string_view text = take_line(input);
  std::string error;
  const auto pattern = expr::Pattern::compile(text, error);
  if (!pattern) return require(!error.empty());
  const auto matches = pattern->matches(input);
  const auto group = pattern->group(input, 0);
  // They count steps on their own.
  for (const auto* fault : {matches.ok() ? nullptr : &matches.fault(), group.ok() ? nullptr : &group.fault()})
    if (fault) return require(!fault->message.empty());
  require(*matches == group->has_value());
  if (*matches) require(**group == input);
}

}  // namespace

MYELIN_FUZZ_TARGET(pattern, run);
