#include "endpoints/common/fetch.hpp"

#include <curl/curl.h>

#include <memory>

#include "engine/base/files.hpp"
#include "engine/base/text.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::size_t kLargest = std::size_t{16} << 20;
constexpr long kFetchSeconds = 10;

std::size_t collect(char* data, std::size_t size, std::size_t count, void* to) {
  auto& text = *static_cast<std::string*>(to);
  if (text.size() + size * count > kLargest) return 0;
  text.append(data, size * count);
  return size * count;
}

Result<std::string> fetch(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return Fault("libcurl cannot be started");
  std::string text;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 3L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kFetchSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &text);
  const CURLcode done = curl_easy_perform(curl.get());
  if (done != CURLE_OK) return Fault(curl_easy_strerror(done));
  return text;
}

}  // namespace

bool is_remote(std::string_view uri) noexcept {
  return text::istarts_with(uri, "http://") || text::istarts_with(uri, "https://");
}

Result<std::string> fetch_document(const std::string& uri, const Build& build) {
  if (is_remote(uri)) return fetch(uri);
  const auto path = resolve_file_uri(uri, build.base);
  auto text = read_whole_file(path, kLargest);
  if (!text) return Fault("cannot read " + path.string());
  return *std::move(text);
}

}  // namespace myelin::endpoints
