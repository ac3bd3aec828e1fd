#include "engine/runtime/settings.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <system_error>

#include "engine/base/networks.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 86'400'000;

/// A field name that says nothing about connection, framing, routing, content or credentials.
bool may_carry_id(std::string_view name) {
  constexpr std::string_view kTaken[] = {"host", "connection", "keep-alive", "transfer-encoding", "content-length",
                                         "content-type", "te", "trailer", "upgrade", "expect", "date", "server",
                                         "user-agent", "authorization", "proxy-authorization", "cookie", "set-cookie",
                                         "location", "soapaction", "traceparent", "tracestate", "proxy-connection"};
  for (const std::string_view taken : kTaken)
    if (text::iequals(name, taken)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const bool letter = text::lower(c) >= 'a' && text::lower(c) <= 'z';
    return letter || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// A key whose value is checked when it is read (REL-009).
struct Number {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
};
constexpr std::array kNumbers{
    Number{"server.threads", 0, 1024},
    Number{"shutdown.drain", 0, kDay},
    Number{"hotdeployment.settle", 1, 60'000},
    Number{"discovery.patience", 0, 60'000},
    Number{"flow.limit.unattended", 1, kNoLimit},
    Number{"http.limit.request_line", 64, 1 << 20},
    Number{"http.limit.head", 1024, 1 << 24},
    Number{"http.limit.field", 64, 1 << 24},
    Number{"http.limit.fields", 1, 100'000},
    Number{"http.limit.trailer_fields", 0, 100'000},
    Number{"http.limit.trailer_bytes", 0, 1 << 24},
    Number{"http.limit.chunk_line", 16, 1 << 20},
    Number{"http.limit.chunk_extensions", 0, 1 << 24},
    Number{"http.limit.connections_per_address", 0, kNoLimit},
    Number{"http.timeout.head", 1, kDay},
    Number{"http.timeout.handshake", 1, kDay},
    Number{"http.timeout.keep_alive", 1, kDay},
    Number{"http.timeout.body_idle", 1, kDay},
    Number{"http.timeout.write_idle", 1, kDay},
    Number{"http.keep_alive_requests", 1, std::numeric_limits<std::uint32_t>::max()},
    Number{"http.body_min_rate", 0, std::numeric_limits<std::uint32_t>::max()},
    Number{"http.pool.idle", 0, kDay},
    Number{"http2.limit.streams", 1, 10'000},
    Number{"http2.limit.header_block", 1024, 1 << 24},
    Number{"http2.limit.resets", 1, 1'000'000},
    Number{"http2.limit.settings", 1, 1'000'000},
    Number{"http2.limit.pings", 1, 1'000'000},
    Number{"http2.backend.streams", 1, 10'000},
    Number{"http.socket.timeout", 1, kDay},
    Number{"http.connection.timeout", 0, kDay},
    Number{"http.max.connection.per.host.port", 1, kNoLimit},
    Number{"http.max.messages.per.host.port", 1, kNoLimit},
    Number{"max_open_connections", -1, kNoLimit},
    Number{"valid.max.message.size.in.bytes", 1, kNoLimit},
    Number{"synapse.connection.connect_timeout", 1, kDay},
    Number{"synapse.connection.read_timeout", 1, kDay},
    Number{"synapse.global_timeout_interval", 1, kNoLimit},
    Number{"synapse.timeout_handler_interval", 1, kNoLimit},
    Number{"synapse.global_endpoint_suspend_duration", -1, kNoLimit},
    Number{"synapse.sal.endpoints.sesssion.timeout.default", 1, kNoLimit},
    Number{"maximum.failover.retries", -1, kNoLimit},
    Number{"maximum.failover.recursive.retries", -1, kNoLimit},
    Number{"member.probe.interval", 1, kDay},
    Number{"memory.limit", -1, kNoLimit},
    Number{"synapse.endpoint.http.oauth.cache.timeout", 1, kNoLimit},
    Number{"http.proxyPort", 1, 65'535},
};

/// A key that takes one of a few words. Flags are read leniently, as Synapse reads them.
struct Words {
  std::string_view name;
  std::string_view allowed[6];
};
constexpr std::array kWords{
    Words{"synapse.dialect", {"apache", "wso2"}},
    Words{"https.client_auth", {"none", "optional", "require"}},
    Words{"log.level", {"trace", "debug", "info", "warn", "error"}},
    Words{"access_log.format", {"common", "combined", "json"}},
    Words{"trace.context", {"pass", "create"}},
};

std::string_view wrong_address(std::string_view value) {
  const std::size_t colon = value.rfind(':');
  const auto port = text::parse_int(colon == value.npos ? value : value.substr(colon + 1));
  return colon != 0 && port && *port >= 0 && *port <= 65'535 ? "" : "[ADDRESS:]PORT is needed";
}

/// A key whose text has a form of its own; `wrong` says what is allowed, or is empty.
struct Form {
  std::string_view name;
  std::string_view (*wrong)(std::string_view value);
};
constexpr std::array kForms{
    Form{"request_id.header", [](std::string_view value) -> std::string_view {
           return may_carry_id(value) ? "" : "the name of a header field that has no meaning of its own is needed";
         }},
    Form{"request_id.trust", [](std::string_view value) -> std::string_view {
           return Networks::parse(value) ? "" : "networks such as 10.0.0.0/8, ::1 are needed, or all, or none";
         }},
    Form{"http.listen", wrong_address},
    Form{"https.listen", wrong_address},
    Form{"admin.listen", wrong_address},
    Form{"http.trailers", [](std::string_view value) -> std::string_view {
           return value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-, ") == value.npos
                      ? "" : "names of header fields with commas between them are needed";
         }},
};

/// The other keys of myelin.properties; to tell a misspelt key from one a configuration reads itself.
constexpr std::string_view kOthers[] = {
    "admin.test_clock", "log.file", "hotdeployment",
    "https.certificate", "https.key", "https.pkcs12", "https.password", "https.client_ca", "backend.ca",
    "backend.verify", "backend.certificate", "backend.key", "server.name", "failsafe.mode.enable",
    "synapse.global_endpoint_suspend_progression_factor",
    "synapse.override_endpoint_suspend_config_with_global_values", "build.message.on.failover.enable",
    "http.user.agent.preserve", "http.server.preserve", "http.headers.preserve", "http.response.headers.preserve",
    "http.origin-server", "http.useragent", "http.via", "http.block_service_list", "skip.wsdl.parsing",
    "endpoint.allow_link_local", "plugins.folder", "session.affinity.key", "http2.enabled", "access_log.file",
    "synapse.endpoint.http.oauth.token.retry.message.building.disabled", "http.proxyHost", "http.nonProxyHosts",
    "synapse.rest.CORSConfig.enabled", "synapse.rest.CORSConfig.Access-Control-Allow-Origin",
    "synapse.rest.CORSConfig.Access-Control-Allow-Headers"};

std::vector<std::string_view> known_keys() {
  std::vector<std::string_view> all(std::begin(kOthers), std::end(kOthers));
  for (const Number& known : kNumbers) all.push_back(known.name);
  for (const Words& known : kWords) all.push_back(known.name);
  for (const Form& known : kForms) all.push_back(known.name);
  return all;
}

/// One `key=value` of a properties file and where they stand.
struct Entry {
  std::string key, value;
  xml::Location key_at, value_at;
};

/// Reads a Java properties file: comments, continuation lines, escapes, `=`, `:` or blank between key
/// and value.
class PropertiesReader {
 public:
  PropertiesReader(std::string_view text, std::string file, xml::Problems& problems)
      : text_(text), problems_(problems) {
    at_.file = std::move(file);
  }

  std::optional<Entry> next() {
    for (;;) {
      skip_blank();
      if (end()) return std::nullopt;
      if (peek() == '#' || peek() == '!') {
        while (!end() && peek() != '\n') take();
      } else if (peek() == '\n') {
        take();
      } else {
        return entry();
      }
    }
  }

 private:
  bool end() const { return position_ >= text_.size(); }
  char peek() const { return text_[position_]; }
  char take() {
    const char c = text_[position_++];
    if (c == '\n') {
      ++at_.line;
      at_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++at_.column;
    }
    return c;
  }
  void skip_blank() {
    while (!end() && (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\f')) take();
  }

  Entry entry() {
    Entry found;
    found.key_at = at_;
    while (!end() && std::string_view("=: \t\r\n").find(peek()) == std::string_view::npos) character(found.key);
    skip_blank();
    if (!end() && (peek() == '=' || peek() == ':')) take();
    skip_blank();
    found.value_at = at_;
    while (!end() && peek() != '\n') character(found.value);
    // Java keeps trailing blanks; here they are a mistake nobody can see.
    found.value = std::string(text::trim(found.value));
    return found;
  }

  void character(std::string& to) {
    if (peek() != '\\') {
      if (const char c = take(); c != '\r') to += c;
      return;
    }
    const xml::Location where = at_;
    take();
    if (end()) return;
    const char c = take();
    if (c == '\r' && !end() && peek() == '\n') take();
    switch (c) {
      case '\r':
      case '\n': skip_blank(); break;  // the line goes on
      case 't': to += '\t'; break;
      case 'n': to += '\n'; break;
      case 'r': to += '\r'; break;
      case 'f': to += '\f'; break;
      case 'u': unicode(to, where); break;
      default: to += c;
    }
  }

  void unicode(std::string& to, const xml::Location& where) {
    std::uint32_t point = code_unit(where);
    const bool high = point >= 0xD800 && point < 0xDC00;
    if (high && text_.substr(position_, 2) == "\\u") {
      take();
      take();
      point = 0x10000 + ((point - 0xD800) << 10) + (code_unit(where) - 0xDC00u);
    }
    text::append_utf8(to, point < 0x110000 ? point : 0xFFFD);
  }

  std::uint32_t code_unit(const xml::Location& where) {
    std::uint32_t unit = 0;
    for (int digits = 0; digits < 4; ++digits) {
      const char c = end() ? '\n' : text::lower(peek());
      const bool decimal = c >= '0' && c <= '9';
      if (!decimal && (c < 'a' || c > 'f')) {
        problems_.error(where, "\\u without four hexadecimal digits");
        return 0xFFFD;
      }
      unit = unit * 16 + static_cast<std::uint32_t>(decimal ? c - '0' : c - 'a' + 10);
      take();
    }
    return unit;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  xml::Location at_{{}, 1, 1};
  xml::Problems& problems_;
};

void check_number(const Number& known, const Entry& entry, xml::Problems& problems) {
  const auto value = text::parse_long(entry.value);
  if (value && *value >= known.least && *value <= known.most) return;
  std::string range = known.most == kNoLimit
                          ? "a whole number from " + std::to_string(known.least) + " is needed"
                          : "a whole number from " + std::to_string(known.least) + " to " + std::to_string(known.most) +
                                " is needed";
  problems.error(entry.value_at, entry.key + " is " + xml::quote(entry.value), std::move(range));
}

void check_words(const Words& known, const Entry& entry, xml::Problems& problems) {
  std::vector<std::string_view> allowed;
  for (const std::string_view word : known.allowed)
    if (!word.empty()) allowed.push_back(word);
  if (std::find(allowed.begin(), allowed.end(), entry.value) != allowed.end()) return;
  problems.error(entry.value_at, entry.key + " is " + xml::quote(entry.value), xml::suggest(entry.value, allowed));
}

/// A name as Via allows it.
void check_via(const Entry& entry, xml::Problems& problems) {
  constexpr std::string_view kAllowed = "!#$%&'*+-.^_`|~:[]";
  const bool fits = std::all_of(entry.value.begin(), entry.value.end(), [&](char c) {
    const char low = text::lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || kAllowed.find(c) != std::string_view::npos;
  });
  if (!fits) problems.error(entry.value_at, "http.via is " + xml::quote(entry.value), "a name or host:port is needed, or off");
}

void check(const Entry& entry, xml::Problems& problems) {
  if (entry.value.empty()) return;  // an empty value is the default
  for (const Number& known : kNumbers)
    if (known.name == entry.key) return check_number(known, entry, problems);
  if (entry.key == "http.via") return check_via(entry, problems);
  for (const Words& known : kWords)
    if (known.name == entry.key) return check_words(known, entry, problems);
  for (const Form& known : kForms)
    if (known.name == entry.key)
      if (const auto wrong = known.wrong(entry.value); !wrong.empty())
        problems.error(entry.value_at, entry.key + " is " + xml::quote(entry.value), std::string(wrong));
}

/// Other keys are allowed, as configurations read them, so only what looks like a slip is reported.
void check_name(const Entry& entry, const std::vector<std::string_view>& known, xml::Problems& problems) {
  if (std::find(known.begin(), known.end(), entry.key) != known.end()) return;
  if (auto near = xml::did_you_mean(entry.key, known); !near.empty())
    problems.warning(entry.key_at, "unknown key " + xml::quote(entry.key), std::move(near));
}

}  // namespace

Settings Settings::read(const std::filesystem::path& folder, xml::Problems& problems) {
  Settings settings;
  const auto known = known_keys();
  for (const std::string_view name : {"myelin.properties", "synapse.properties", "passthru-http.properties", "file.properties"}) {
    const auto path = folder / name;
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    if (status.type() == std::filesystem::file_type::not_found) continue;
    std::ifstream stream(path, std::ios::binary);
    if (failed || !stream || std::filesystem::is_directory(status)) {
      problems.error({path.string(), 0, 0}, "the file cannot be read");
      continue;
    }
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::map<std::string, std::string, std::less<>> file;
    PropertiesReader reader(text, path.string(), problems);
    while (const auto entry = reader.next()) {
      check(*entry, problems);
      if (name == "myelin.properties") check_name(*entry, known, problems);
      file[entry->key] = entry->value;
    }
    settings.values_.merge(file);  // what an earlier file says stays
  }
  return settings;
}

bool Settings::flag(std::string_view name, bool otherwise) const noexcept {
  const auto value = get(name);
  return value.empty() ? otherwise : text::is_true(value);
}

std::int64_t Settings::number(std::string_view name, std::int64_t otherwise) const noexcept {
  return text::parse_long(get(name)).value_or(otherwise);
}

}  // namespace myelin
