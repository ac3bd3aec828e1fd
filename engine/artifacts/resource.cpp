#include "engine/artifacts/resource.hpp"

#include <curl/curl.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

#include "engine/base/text.hpp"

namespace myelin {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSampleFolder = "repository/conf/sample/";

/// The path within a file URI: file:a/b, file:/a/b, file:///a/b.
std::string path_of(std::string_view uri) {
  if (!text::istarts_with(uri, "file:")) return std::string(uri);
  uri.remove_prefix(5);
  if (uri.starts_with("///")) uri.remove_prefix(2);
  else if (uri.starts_with("//localhost/")) uri.remove_prefix(11);
  return text::percent_decode(uri);
}

bool present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

struct Download {
  std::string text;
  std::size_t limit;
};

std::size_t receive(char* data, std::size_t size, std::size_t count, void* to) {
  auto& download = *static_cast<Download*>(to);
  if (download.text.size() + size * count > download.limit) return 0;
  download.text.append(data, size * count);
  return size * count;
}

Result<std::string> fetch_http(const std::string& uri, const FetchLimits& limits) {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(started ? curl_easy_init() : nullptr,
                                                                &curl_easy_cleanup);
  if (!curl) return Fault("no HTTP client is available");
  Download download{{}, limits.bytes};
  curl_easy_setopt(curl.get(), CURLOPT_URL, uri.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>((limits.connect + limits.read).count()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &receive);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &download);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return Fault(uri + ": " + curl_easy_strerror(code));
  return std::move(download.text);
}

}  // namespace

bool is_file_uri(std::string_view uri) {
  return text::istarts_with(uri, "file:") || uri.find(':') == std::string_view::npos;
}

std::optional<fs::path> find_file(std::string_view uri, const fs::path& base) {
  std::string path = path_of(uri);
  if (path.starts_with("./")) path.erase(0, 2);
  if (path.empty()) return std::nullopt;
  std::error_code failed;
  const fs::path folder = fs::absolute(base, failed);
  if (const fs::path direct = folder / path; present(direct)) return direct;
  if (!path.starts_with(kSampleFolder)) return std::nullopt;
  for (fs::path above = folder;; above = above.parent_path()) {
    if (fs::path whole = above / path; present(whole)) return whole;
    if (fs::path short_form = above / path.substr(kSampleFolder.size()); present(short_form)) return short_form;
    if (above == above.parent_path()) return std::nullopt;
  }
}

Result<std::string> fetch(std::string_view uri, const fs::path& base, const FetchLimits& limits) {
  if (!is_file_uri(uri)) return fetch_http(std::string(uri), limits);
  const auto path = find_file(uri, base);
  std::error_code failed;
  if (!path || fs::is_directory(*path, failed)) return Fault(std::string(uri) + " is no file");
  if (fs::file_size(*path, failed) > limits.bytes) return Fault(path->string() + " is too large");
  std::ifstream stream(*path, std::ios::binary);
  if (!stream) return Fault(path->string() + " cannot be read");
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace myelin
