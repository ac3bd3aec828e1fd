#include "server/format.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "engine/xml/format.hpp"
#include "engine/xml/reader.hpp"
#include "server/arguments.hpp"

namespace myelin {

namespace {

namespace fs = std::filesystem;

/// Replaces the file at once, so that a running server never reads half of it.
bool replace(const fs::path& file, const std::string& text) {
  std::error_code failed;
  const fs::path target = fs::weakly_canonical(file, failed);
  const fs::path fresh = target.parent_path() / ('.' + target.filename().string() + ".new");
  {
    std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
    stream << text;
    if (!stream.flush()) return false;
  }
  fs::permissions(fresh, fs::status(target, failed).permissions(), failed);
  fs::rename(fresh, target, failed);
  return !failed;
}

}  // namespace

int format_command(int argc, char** argv) {
  server::Arguments arguments = server::parse_arguments(argc, argv, {"-w"});
  if (arguments.wrong.empty() && arguments.paths.size() != 1)
    arguments.wrong = arguments.paths.empty() ? "no file is given" : "more than one file is given";
  if (!arguments.wrong.empty()) {
    std::fprintf(stderr, "myelin format: %s\nusage: myelin format [-w] FILE\n", arguments.wrong.c_str());
    return 2;
  }
  const std::string& file = arguments.paths.front();
  xml::Problems problems;
  auto document = xml::read_file(file, problems);
  for (const xml::Problem& problem : problems.all()) std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (!document) return 2;
  const std::string text = xml::format(std::move(document));
  if (!arguments.has("-w")) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  if (replace(file, text)) return 0;
  std::fprintf(stderr, "%s: error: the file cannot be written\n", file.c_str());
  return 2;
}

}  // namespace myelin
