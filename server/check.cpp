#include "server/check.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include "engine/ports/state.hpp"
#include "engine/runtime/loader.hpp"
#include "server/arguments.hpp"
#include "server/plugins.hpp"

namespace myelin {

namespace {

/// The problems of one path; at least one error when it cannot be deployed.
xml::Problems check(const std::string& path, bool strict) {
  StateStore states;
  Loader::Options options;
  options.strict = strict;
  options.offline = true;
  xml::Problems problems;
  for (const server::PluginOutcome& plugin : server::load_plugins_of(path))
    if (!plugin.refused.empty()) problems.warning({plugin.file.string(), 0, 0}, "this plug-in is refused: " + plugin.refused);
  Loader loader(path, states, options);
  if (!loader.load(problems) && !problems.has_errors()) problems.error({path, 0, 0}, "nothing can be deployed");
  return problems;
}

void print(const std::vector<xml::Problem>& problems, bool json) {
  if (json) std::fputs("[", stdout);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const std::string line = json ? (i > 0 ? ",\n" : "\n") + problems[i].json() : problems[i].text() + '\n';
    std::fputs(line.c_str(), stdout);
  }
  if (json) std::fputs(problems.empty() ? "]\n" : "\n]\n", stdout);
}

std::string count(std::size_t number, const char* what) {
  return std::to_string(number) + ' ' + what + (number == 1 ? "" : "s");
}

}  // namespace

int check_command(int argc, char** argv) {
  server::Arguments arguments = server::parse_arguments(argc, argv, {"--strict", "--json"});
  const bool strict = arguments.has("--strict"), json = arguments.has("--json");
  if (arguments.wrong.empty() && arguments.paths.empty()) arguments.wrong = "no path is given";
  if (!arguments.wrong.empty()) {
    std::fprintf(stderr, "myelin check: %s\nusage: myelin check [--strict] [--json] PATH...\n", arguments.wrong.c_str());
    return 2;
  }
  std::vector<xml::Problem> all;
  std::size_t errors = 0;
  for (const std::string& path : arguments.paths) {
    const xml::Problems problems = check(path, strict);
    errors += problems.error_count();
    all.insert(all.end(), problems.all().begin(), problems.all().end());
  }
  print(all, json);
  if (!json)
    std::fprintf(stderr, "%s, %s\n", count(errors, "error").c_str(), count(all.size() - errors, "warning").c_str());
  if (errors > 0) return 2;
  return strict && !all.empty() ? 1 : 0;
}

}  // namespace myelin
