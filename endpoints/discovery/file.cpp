// <discovery provider="file"><parameter name="path">members.json</parameter></discovery>: the members
// stand in a file, which is read again when it has changed. JSON, an array of
// {"id", "host", "port", "tls", "path", "weight", "backup", "tenant", "metadata"} or of texts, or lines of text:
//   http://10.0.0.1:8080/base id=a weight=2     # a URL or host:port, then name=value

#include <algorithm>
#include <system_error>

#include "engine/base/files.hpp"
#include "engine/base/text.hpp"
#include "engine/message/json.hpp"
#include "engine/ports/discovery.hpp"
#include "engine/ports/sender.hpp"

namespace myelin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = std::size_t{16} << 20;
/// How long a file has to be left alone: whoever writes it may not be done.
constexpr Duration kSettle{50};

Fault bad(std::string what) { return Fault("the file is no list of members: " + std::move(what)); }

/// "host:port" or a URL.
bool set_address(Instance& instance, std::string_view text) {
  const bool whole = text.find("://") != std::string_view::npos;
  const std::string url = whole ? std::string(text) : "http://" + std::string(text);
  const auto parsed = Url::parse(url);
  if (!parsed) return false;
  instance.host = parsed->host;
  instance.port = parsed->port;
  instance.tls = parsed->scheme == "https";
  instance.path = parsed->target;
  if (instance.id.empty()) instance.id = parsed->authority;
  return true;
}

void set(Instance& instance, std::string_view name, std::string_view value) {
  if (name == "id") instance.id = value;
  else if (name == "backup") instance.backup = text::is_true(value);
  else instance.metadata[std::string(name)] = value;
}

// --- JSON ---------------------------------------------------------------------------------------------

bool set_port(Instance& instance, std::string_view text) {
  const auto port = text::parse_int(text);
  if (!port || *port < 1 || *port > 65535) return false;
  instance.port = static_cast<std::uint16_t>(*port);
  return true;
}

Result<Instance> read_object(const JsonDocument& json, JsonDocument::Id object) {
  Instance instance;
  for (auto at = json.first(object); at != JsonDocument::kNone && at < json.end(object); at = json.end(at)) {
    const std::string_view name = json.key(at);
    if (name == "metadata" && json.kind(at) == JsonDocument::Kind::object) {
      for (auto one = json.first(at); one != JsonDocument::kNone && one < json.end(at); one = json.end(one))
        instance.metadata.try_emplace(std::string(json.key(one)), json.text(one));
    } else if (name == "host") {
      instance.host = json.text(at);
    } else if (name == "port") {
      if (!set_port(instance, json.text(at))) return bad("port " + std::string(json.text(at)));
    } else if (name == "url") {
      if (!set_address(instance, json.text(at))) return bad("url " + std::string(json.text(at)));
    } else {
      instance.metadata[std::string(name)] = json.text(at);
    }
  }
  for (const std::string_view own : {"id", "backup"}) {
    const auto found = instance.metadata.find(own);
    if (found == instance.metadata.end()) continue;
    set(instance, own, std::string(found->second));
    instance.metadata.erase(found);
  }
  if (instance.id.empty()) instance.id = instance.host + ':' + std::to_string(instance.port);
  apply_metadata(instance);
  return instance;
}

Result<Instances> read_json(std::string_view text) {
  auto parsed = JsonDocument::parse(text);
  if (!parsed) return bad(parsed.fault().message);
  const JsonDocument& json = **parsed;
  auto list = json.root();
  if (json.kind(list) == JsonDocument::Kind::object) list = json.member(list, "instances");
  if (list == JsonDocument::kNone || json.kind(list) != JsonDocument::Kind::array) return bad("an array is needed");
  Instances instances;
  for (auto at = json.first(list); at != JsonDocument::kNone && at < json.end(list); at = json.end(at)) {
    Instance instance;
    if (json.kind(at) == JsonDocument::Kind::object) {
      auto read = read_object(json, at);
      if (!read) return std::move(read).fault();
      instance = *std::move(read);
    } else if (!set_address(instance, json.text(at))) {
      return bad("'" + std::string(json.text(at)) + "' is no address");
    }
    instances.push_back(std::move(instance));
  }
  return instances;
}

// --- text ---------------------------------------------------------------------------------------------

Result<Instances> read_text(std::string_view text) {
  Instances instances;
  for (std::string_view line : text::split(text, "\r\n")) {
    line = line.substr(0, line.find('#'));
    const auto words = text::split(line, " \t");
    if (words.empty()) continue;
    Instance instance;
    if (!set_address(instance, words.front())) return bad("'" + std::string(words.front()) + "' is no address");
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto equals = words[i].find('=');
      if (equals == std::string_view::npos) return bad("'" + std::string(words[i]) + "' is no name=value");
      set(instance, words[i].substr(0, equals), words[i].substr(equals + 1));
    }
    apply_metadata(instance);
    instances.push_back(std::move(instance));
  }
  return instances;
}

// --- the provider -------------------------------------------------------------------------------------

class File final : public DiscoveryProvider {
 public:
  explicit File(const DiscoverySource& source) : path_(source.parameter("path")), refresh_(source.refresh) {}

  Result<Polled> poll(Cancellation& cancellation) override {
    Polled polled;
    polled.again = refresh_;
    std::optional<Stamp> now = stamp();
    if (!now) return failed("cannot read " + path_.string());
    if (now == read_) return polled;
    while (young(*now)) {
      if (!cancellation.wait(kSettle)) return polled;
      now = stamp();
      if (!now) return failed("cannot read " + path_.string());
    }
    const auto text = read_whole_file(path_, kLargest);
    if (!text) return failed("cannot read " + path_.string());
    const std::string_view content = text::trim(*text);
    const bool is_json = !content.empty() && (content.front() == '[' || content.front() == '{');
    auto instances = is_json ? read_json(content) : read_text(content);
    if (!instances) return std::move(instances).fault();
    read_ = now;
    polled.instances = *std::move(instances);
    return polled;
  }

 private:
  struct Stamp {
    fs::file_time_type time;
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };

  std::optional<Stamp> stamp() const {
    std::error_code failed;
    Stamp found;
    found.time = fs::last_write_time(path_, failed);
    if (!failed) found.size = fs::file_size(path_, failed);
    return failed ? std::nullopt : std::optional(found);
  }
  /// Written a moment ago, so perhaps half. A time in the future counts as settled.
  static bool young(const Stamp& stamp) {
    const auto age = fs::file_time_type::clock::now() - stamp.time;
    return age >= age.zero() && age < kSettle;
  }
  Fault failed(std::string what) {
    read_.reset();
    return Fault(std::move(what));
  }

  fs::path path_;
  Duration refresh_;
  std::optional<Stamp> read_;  ///< as the list came from
};

DiscoveryKind file() {
  DiscoveryKind kind;
  kind.parameters = {{"path", true}};
  kind.check = [](DiscoverySource& source, const fs::path& base) {
    std::string& path = source.parameters["path"];
    path = fs::absolute(resolve_file_uri(path, base)).lexically_normal().string();
    return std::string();
  };
  kind.make = [](const DiscoverySource& source) -> std::unique_ptr<DiscoveryProvider> {
    return std::make_unique<File>(source);
  };
  return kind;
}

MYELIN_DISCOVERY("file", file);

}  // namespace
}  // namespace myelin
