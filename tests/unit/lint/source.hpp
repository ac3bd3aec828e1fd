#pragma once
// Reads the project's own sources for the checks of this folder.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::lint {

struct Source {
  std::string path;  ///< relative to the project
  std::string text;
  std::vector<std::string> lines;

  /// "mediators/log.cpp" is in "mediators".
  std::string folder() const { return path.substr(0, path.rfind('/')); }
  bool is_header() const { return path.ends_with(".hpp"); }
};

inline Source read_source(const std::filesystem::path& root, const std::filesystem::path& path) {
  Source source;
  source.path = path.lexically_relative(root).generic_string();
  std::ifstream file(path);
  for (std::string line; std::getline(file, line); source.lines.push_back(line)) source.text += line + "\n";
  return source;
}

/// All C++ files below the given folders of the project, sorted.
inline std::vector<Source> sources(std::initializer_list<std::string_view> folders) {
  const std::filesystem::path root = MYELIN_SOURCE_DIR;
  std::vector<Source> all;
  for (const std::string_view folder : folders) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".hpp" || extension == ".cpp") all.push_back(read_source(root, entry.path()));
    }
  }
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  return all;
}

inline std::vector<Source> product_sources() {
  return sources({"engine", "mediators", "endpoints", "transports", "server"});
}

/// The paths that a source includes in quotes.
inline std::vector<std::string> includes(const Source& source) {
  constexpr std::string_view kMark = "#include \"";
  std::vector<std::string> found;
  for (const std::string& line : source.lines)
    if (line.starts_with(kMark)) found.push_back(line.substr(kMark.size(), line.rfind('"') - kMark.size()));
  return found;
}

}  // namespace myelin::lint
