#include "server/format.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/xml/format.hpp"
#include "engine/xml/reader.hpp"

namespace myelin {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  bool write = false;
  std::string file;
  std::string wrong;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  bool options = true;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (options && word == "--") options = false;
    else if (options && word == "-w") arguments.write = true;
    else if (options && word.starts_with('-')) arguments.wrong = "unknown option '" + std::string(word) + "'";
    else if (arguments.file.empty()) arguments.file = word;
    else arguments.wrong = "more than one file is given";
  }
  if (arguments.wrong.empty() && arguments.file.empty()) arguments.wrong = "no file is given";
  return arguments;
}

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
  const Arguments arguments = parse(argc, argv);
  if (!arguments.wrong.empty()) {
    std::fprintf(stderr, "myelin format: %s\nusage: myelin format [-w] FILE\n", arguments.wrong.c_str());
    return 2;
  }
  xml::Problems problems;
  auto document = xml::read_file(arguments.file, problems);
  for (const xml::Problem& problem : problems.all()) std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (!document) return 2;
  const std::string text = xml::format(std::move(document));
  if (!arguments.write) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  if (replace(arguments.file, text)) return 0;
  std::fprintf(stderr, "%s: error: the file cannot be written\n", arguments.file.c_str());
  return 2;
}

}  // namespace myelin
