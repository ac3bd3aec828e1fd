#include "endpoints/common/token_request.hpp"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "endpoints/common/fingerprint.hpp"
#include "engine/base/fault.hpp"
#include "engine/base/text.hpp"
#include "engine/base/workers.hpp"
#include "engine/message/json.hpp"
#include "engine/ports/sender.hpp"

namespace myelin::endpoints {

namespace {

constexpr std::size_t kLargestAnswer = std::size_t{1} << 20;

Fault no_token(std::string why) {
  return Fault(code::kAuthentication, "Error while generating the access token for the endpoint", std::move(why));
}

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

/// `*.example.org`, `10.*`, `host`.
bool matches(std::string_view pattern, std::string_view host) {
  const bool open_start = pattern.starts_with('*');
  if (open_start) pattern.remove_prefix(1);
  const bool open_end = pattern.ends_with('*');
  if (open_end) pattern.remove_suffix(1);
  const std::string wanted = text::to_lower(pattern), found = text::to_lower(host);
  if (open_start && open_end) return found.find(wanted) != std::string::npos;
  if (open_start) return found.ends_with(wanted);
  if (open_end) return found.starts_with(wanted);
  return found == wanted;
}

bool any_matches(std::string_view patterns, std::string_view host) {
  const auto all = text::split(patterns, "|, ");
  return std::any_of(all.begin(), all.end(), [host](std::string_view pattern) { return matches(pattern, host); });
}

/// What would end a header line early, or is not what libcurl takes for one.
bool is_safe(const std::string& text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

struct FreeCurl {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, FreeCurl>;
using HeaderLines = std::unique_ptr<curl_slist, FreeCurl>;

std::size_t collect(char* data, std::size_t size, std::size_t count, void* to) {
  auto& text = *static_cast<std::string*>(to);
  if (text.size() + size * count > kLargestAnswer) return 0;
  text.append(data, size * count);
  return size * count;
}

/// Not 0: gives up, as the process ends.
int progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return Workers::shared().ending() ? 1 : 0; }

void append(HeaderLines& lines, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(lines.get(), line.c_str())) {
    (void)lines.release();
    lines.reset(longer);
  }
}

void use_proxy(CURL* curl, const TokenRequest& request) {
  const auto url = Url::parse(request.url);
  if (!request.proxy || !url || !request.proxy->serves(url->host)) {
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // nor the environment's
    return;
  }
  const TokenProxy& proxy = *request.proxy;
  const std::string address = proxy.protocol + "://" + proxy.host + ':' + std::to_string(proxy.port);
  curl_easy_setopt(curl, CURLOPT_PROXY, address.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
  if (proxy.username.empty()) return;
  curl_easy_setopt(curl, CURLOPT_PROXYUSERNAME, proxy.username.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXYPASSWORD, proxy.password.c_str());
}

void use_limits(CURL* curl, const TokenRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
  if (!request.ca.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca.c_str());
    curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, request.ca.c_str());
  }
}

/// A member that is a string or a number, as text; empty: there is none.
std::string_view member(const JsonDocument& json, std::string_view name) {
  if (json.kind(json.root()) != JsonDocument::Kind::object) return {};
  const JsonDocument::Id id = json.member(json.root(), name);
  if (id == JsonDocument::kNone) return {};
  const auto kind = json.kind(id);
  return kind == JsonDocument::Kind::string || kind == JsonDocument::Kind::number ? json.text(id) : std::string_view{};
}

/// The `error` of RFC 6749, 5.2, when it is one of those short words.
std::string reason(std::string_view body) {
  const auto json = JsonDocument::parse(body);
  const std::string_view error = json ? member(**json, "error") : std::string_view{};
  const bool is_word = !error.empty() && error.size() <= 64 && std::all_of(error.begin(), error.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  return is_word ? ", " + std::string(error) : std::string();
}

Result<TokenAnswer> read_answer(long status, std::string_view body) {
  if (status != 200) return no_token("the token endpoint answered " + std::to_string(status) + reason(body));
  const auto json = JsonDocument::parse(body);
  if (!json) return no_token("the answer of the token endpoint is no JSON");
  TokenAnswer answer;
  answer.token = member(**json, "access_token");
  if (answer.token.empty()) return no_token("the answer of the token endpoint holds no access_token");
  if (!is_safe(answer.token)) return no_token("the access_token holds control characters");
  answer.refresh_token = member(**json, "refresh_token");
  answer.lifetime = text::parse_long(member(**json, "expires_in"));
  return answer;
}

}  // namespace

bool TokenProxy::serves(std::string_view target_host) const {
  if (any_matches(bypassed, target_host)) return false;
  return only.empty() || any_matches(only, target_host);
}

TokenRequest::~TokenRequest() {
  wipe(form);
  wipe(refresh_token);
  wipe(authorization);
}

void TokenRequest::add(std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += text::percent_encode(name) + '=' + text::percent_encode(value);
}

std::string TokenRequest::key() const {
  std::vector<std::string> parts{url, form, refresh_token, authorization};
  for (const auto& [name, value] : headers) parts.insert(parts.end(), {name, value});
  const std::string key = fingerprint(parts);
  for (std::string& part : parts) wipe(part);
  return key;
}

Result<TokenAnswer> request_token(const TokenRequest& request) {
  static std::once_flag started;
  std::call_once(started, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Curl curl(curl_easy_init());
  if (!curl) return no_token("libcurl cannot be started");
  HeaderLines lines;
  append(lines, "Accept: application/json");
  append(lines, "Expect:");
  std::string body = request.form;
  if (!request.refresh_token.empty()) body += "&refresh_token=" + text::percent_encode(request.refresh_token);
  if (!request.authorization.empty()) append(lines, "Authorization: " + request.authorization);
  for (const auto& [name, value] : request.headers) {
    if (!is_safe(name) || !is_safe(value)) return no_token("a custom header holds control characters");
    append(lines, name + ": " + value);
  }
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POST, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  use_limits(curl.get(), request);
  use_proxy(curl.get(), request);
  const CURLcode done = curl_easy_perform(curl.get());
  wipe(body);
  if (done != CURLE_OK) return no_token(std::string("token endpoint: ") + curl_easy_strerror(done));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  Result<TokenAnswer> result = read_answer(status, answer);
  wipe(answer);
  return result;
}

}  // namespace myelin::endpoints
