// <discovery provider="consul"><parameter name="url">http://consul:8500</parameter>
//   <parameter name="service">web</parameter></discovery>: the passing instances of a service, by blocking
// queries of Consul's HTTP API. Optional: dc, tag, token (or acl), wait (ms), ca (PEM file).

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "engine/base/files.hpp"
#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "engine/ports/discovery.hpp"
#include "engine/ports/sender.hpp"

namespace myelin {
namespace {

constexpr std::size_t kLargest = std::size_t{16} << 20;
constexpr std::int64_t kWait = 55'000;        // ms a query may stay unanswered
constexpr std::int64_t kPatience = 10'000;    // ms on top of it, for the network
constexpr Duration kLeast{100};               // between two queries

struct Answer {
  std::string body;
  std::uint64_t index = 0;  ///< X-Consul-Index; 0: none
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  std::string& body = static_cast<Answer*>(to)->body;
  if (body.size() + size * count > kLargest) return 0;
  body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  const std::string_view line(data, size * count);
  constexpr std::string_view kIndex = "X-Consul-Index:";
  if (text::istarts_with(line, kIndex)) {
    const std::string_view value = text::trim(line.substr(kIndex.size()));
    auto& index = static_cast<Answer*>(to)->index;
    if (std::from_chars(value.data(), value.data() + value.size(), index).ec != std::errc()) index = 0;
  }
  return size * count;
}

class Headers {
 public:
  Headers() = default;
  Headers(const Headers&) = delete;
  ~Headers() { curl_slist_free_all(list_); }
  void add(const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list_, line.c_str())) list_ = longer;
  }
  curl_slist* get() const noexcept { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// --- the answer ---------------------------------------------------------------------------------------

std::string_view member_text(const JsonDocument& json, JsonDocument::Id object, std::string_view name) {
  if (object == JsonDocument::kNone || json.kind(object) != JsonDocument::Kind::object) return {};
  const auto found = json.member(object, name);
  return found == JsonDocument::kNone ? std::string_view() : json.text(found);
}

Instance read_instance(const JsonDocument& json, JsonDocument::Id entry) {
  const auto service = json.member(entry, "Service");
  Instance instance;
  if (service == JsonDocument::kNone || json.kind(service) != JsonDocument::Kind::object) return instance;
  instance.id = member_text(json, service, "ID");
  instance.host = member_text(json, service, "Address");
  if (instance.host.empty()) instance.host = member_text(json, json.member(entry, "Node"), "Address");
  const auto port = text::parse_int(member_text(json, service, "Port")).value_or(0);
  if (port > 0 && port <= 65535) instance.port = static_cast<std::uint16_t>(port);
  const auto weight = text::parse_int(member_text(json, json.member(service, "Weights"), "Passing")).value_or(0);
  if (weight > 1) instance.weight = static_cast<std::uint32_t>(weight);
  const auto meta = json.member(service, "Meta");
  if (meta != JsonDocument::kNone && json.kind(meta) == JsonDocument::Kind::object)
    for (auto at = json.first(meta); at != JsonDocument::kNone && at < json.end(meta); at = json.end(at))
      instance.metadata.try_emplace(std::string(json.key(at)), json.text(at));
  apply_metadata(instance);
  return instance;
}

Result<Instances> read(std::string_view text) {
  auto parsed = JsonDocument::parse(text);
  if (!parsed) return Fault("the answer is no JSON: " + parsed.fault().message);
  const JsonDocument& json = **parsed;
  if (json.kind(json.root()) != JsonDocument::Kind::array) return Fault("the answer is no list");
  Instances instances;
  for (auto at = json.first(json.root()); at != JsonDocument::kNone && at < json.end(json.root()); at = json.end(at)) {
    if (json.kind(at) != JsonDocument::Kind::object) return Fault("the answer is no list of services");
    instances.push_back(read_instance(json, at));
  }
  return instances;
}

// --- the provider -------------------------------------------------------------------------------------

class Consul final : public DiscoveryProvider {
 public:
  explicit Consul(const DiscoverySource& source)
      : refresh_(source.refresh),
        wait_(text::parse_long(source.parameter("wait")).value_or(kWait)),
        token_(source.parameter(source.parameter("token").empty() ? "acl" : "token")),
        ca_(source.parameter("ca")) {
    url_ = std::string(source.parameter("url"));
    while (url_.ends_with('/')) url_.pop_back();
    url_ += "/v1/health/service/" + text::percent_encode(source.parameter("service")) + "?passing";
    for (const std::string_view name : {"dc", "tag"})
      if (const auto value = source.parameter(name); !value.empty())
        url_ += '&' + std::string(name) + '=' + text::percent_encode(value);
  }

  Result<Polled> poll(Cancellation& cancellation) override {
    const std::uint64_t asked = index_;
    const TimePoint began = Clock::now();
    auto answer = ask(cancellation);
    if (!answer) {
      index_ = 0;
      return std::move(answer).fault();
    }
    auto instances = read(answer->body);
    if (!instances) return std::move(instances).fault();
    // An index that goes back means that the registry began anew.
    index_ = answer->index < asked ? 0 : answer->index;
    Polled polled;
    polled.instances = *std::move(instances);
    // One that answers at once though nothing is new does not wait for news.
    const bool waits = index_ != asked || Clock::now() - began >= refresh_;
    polled.again = index_ != 0 && waits ? kLeast : refresh_;
    return polled;
  }

 private:
  Result<Answer> ask(Cancellation& cancellation) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), curl_easy_cleanup);
    const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(), curl_multi_cleanup);
    if (!easy || !multi) return Fault("libcurl cannot be started");
    std::string url = url_;
    if (index_ > 0) url += "&index=" + std::to_string(index_) + "&wait=" + std::to_string(wait_) + "ms";
    Headers headers;
    if (!token_.empty()) headers.add("X-Consul-Token: " + token_);
    Answer answer;
    CURL* curl = easy.get();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>((index_ > 0 ? wait_ + wait_ / 16 : 0) + kPatience));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (!ca_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    curl_multi_add_handle(multi.get(), curl);
    const CURLcode done = wait_for(multi.get(), cancellation);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi.get(), curl);
    if (done != CURLE_OK) return Fault(curl_easy_strerror(done));
    if (status != 200) return Fault("the answer is " + std::to_string(status));
    return answer;
  }

  /// Until the answer is there; cancelled: CURLE_ABORTED_BY_CALLBACK.
  static CURLcode wait_for(CURLM* multi, Cancellation& cancellation) {
    const Cancellation::Scope wakes(cancellation, [multi] { curl_multi_wakeup(multi); });
    for (int running = 1; running > 0;) {
      if (cancellation.cancelled()) return CURLE_ABORTED_BY_CALLBACK;
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running > 0 && curl_multi_poll(multi, nullptr, 0, 1'000, nullptr) != CURLM_OK) return CURLE_FAILED_INIT;
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    return CURLE_GOT_NOTHING;
  }

  std::string url_;
  Duration refresh_;
  std::int64_t wait_;
  std::string token_, ca_;
  std::uint64_t index_ = 0;  ///< of the answer before; 0: the next query does not wait
};

DiscoveryKind consul() {
  DiscoveryKind kind;
  kind.parameters = {{"url", true}, {"service", true}, {"dc"}, {"tag"}, {"token"}, {"acl"}, {"wait"}, {"ca"}};
  kind.check = [](DiscoverySource& source, const std::filesystem::path& base) -> std::string {
    if (!Url::parse(source.parameter("url"))) return "url is '" + std::string(source.parameter("url")) + "', an http or https address is needed";
    const std::string_view wait = source.parameter("wait");
    const auto ms = text::parse_long(wait);
    if (!wait.empty() && (!ms || *ms < 1 || *ms > 600'000)) return "wait is '" + std::string(wait) + "', milliseconds from 1 to 600000 are needed";
    if (!source.parameter("ca").empty()) source.parameters["ca"] = resolve_file_uri(source.parameter("ca"), base).string();
    return {};
  };
  kind.make = [](const DiscoverySource& source) -> std::unique_ptr<DiscoveryProvider> {
    return std::make_unique<Consul>(source);
  };
  return kind;
}

MYELIN_DISCOVERY("consul", consul);

}  // namespace
}  // namespace myelin
