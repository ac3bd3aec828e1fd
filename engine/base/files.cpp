#include "engine/base/files.hpp"

#include <fstream>
#include <vector>

#include "engine/base/text.hpp"

namespace myelin {

namespace fs = std::filesystem;

namespace {

std::string path_of(std::string_view uri) {
  if (!text::istarts_with(uri, "file:")) return std::string(uri);
  uri.remove_prefix(5);
  if (uri.starts_with("//")) {  // an authority, which is empty or this host
    const std::size_t path = uri.find('/', 2);
    uri = path == std::string_view::npos ? std::string_view{} : uri.substr(path);
  }
  return text::percent_decode(uri);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

fs::path resolve_file_uri(std::string_view uri, const fs::path& base) {
  const fs::path path(path_of(text::trim(uri)));
  if (path.is_absolute()) return path;
  std::vector<fs::path> forms{path};
  const std::string text = path.generic_string();
  if (const std::size_t at = text.find("/resources/"); at != std::string::npos) forms.emplace_back(text.substr(at + 1));

  std::error_code error;
  const fs::path start = fs::absolute(base, error).lexically_normal();
  for (const fs::path& form : forms)
    for (fs::path folder = start;; folder = folder.parent_path()) {
      if (is_there(folder / form)) return folder / form;
      if (folder == folder.parent_path()) break;
    }
  return base / path;
}

std::optional<std::string> read_whole_file(const fs::path& path, std::size_t limit) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > limit) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return std::nullopt;
  return bytes;
}

}  // namespace myelin
