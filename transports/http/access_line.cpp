#include "transports/http/access_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "engine/base/text.hpp"
#include "engine/message/message.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kLongestField = 8 * 1024;
constexpr std::size_t kWorstEscape = 6;   // \u00xx
constexpr std::size_t kFrame = 512;       // names, numbers, punctuation
constexpr char kHex[] = "0123456789abcdef";

constexpr const Identity kNobody{};

/// Which bytes stand for themselves in quotes, in both kinds of format.
constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

class Line {
 public:
  explicit Line(char* to) noexcept : start_(to), at_(to) {}

  Line& text(std::string_view text) noexcept {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Line& number(std::uint64_t value, int digits = 1) noexcept {
    char written[20];
    const auto length = std::to_chars(written, written + sizeof written, value).ptr - written;
    for (auto i = length; i < digits; ++i) *at_++ = '0';
    return text({written, static_cast<std::size_t>(length)});
  }
  /// Seconds with microseconds.
  Line& seconds(std::chrono::nanoseconds time) noexcept {
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0) / 1000);
    return number(micros / 1'000'000).text(".").number(micros % 1'000'000, 6);
  }
  /// A field as it came, escaped for the format and cut.
  Line& field(std::string_view value, bool json) noexcept {
    const char* const end = at_ + kLongestField;
    // Other than UTF-8 would break a reader of JSON.
    const bool utf8 = json && text::valid_utf8(value);
    std::size_t i = 0;
    for (; i < value.size() && at_ + kWorstEscape <= end; ++i) {
      const auto c = static_cast<unsigned char>(value[i]);
      if (kPlain[c] || (utf8 && c >= 0x80)) *at_++ = static_cast<char>(c);
      else escape(c, json);
    }
    if (i == value.size()) return *this;
    for (; utf8 && (static_cast<unsigned char>(value[i]) & 0xC0) == 0x80; --i) --at_;  // no half character
    return text("...");
  }
  /// The same, or "-".
  Line& field_or_dash(std::string_view value) noexcept { return value.empty() ? text("-") : field(value, false); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - start_); }

 private:
  void escape(unsigned char c, bool json) noexcept {
    if (json && (c == '"' || c == '\\')) {
      *at_++ = '\\';
      *at_++ = static_cast<char>(c);
      return;
    }
    text(json ? "\\u00" : "\\x");
    *at_++ = kHex[c >> 4];
    *at_++ = kHex[c & 15];
  }

  char* start_;
  char* at_;
};

/// The calendar of a time in UTC, worked out once per second and thread.
struct Calendar {
  std::time_t second = -1;
  std::tm parts{};
  char clf[32] = {};    ///< 10/Oct/2000:13:55:36 +0000
  char iso[24] = {};    ///< 2000-10-10T13:55:36
};

const Calendar& calendar(std::time_t second) noexcept {
  thread_local Calendar known;
  if (known.second == second) return known;
  known.second = second;
  ::gmtime_r(&second, &known.parts);
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char format[40];
  std::snprintf(format, sizeof format, "%%d/%s/%%Y:%%H:%%M:%%S +0000", kMonths[known.parts.tm_mon % 12]);
  std::strftime(known.clf, sizeof known.clf, format, &known.parts);
  std::strftime(known.iso, sizeof known.iso, "%Y-%m-%dT%H:%M:%S", &known.parts);
  return known;
}

const Identity& identity_of(const ExchangeReport& report) noexcept {
  return report.message ? report.message->identity : kNobody;
}

std::uint64_t status_of(const ExchangeReport& report) noexcept {
  return static_cast<std::uint64_t>(report.status == 0 ? kClientLeft : report.status);
}

void write_text(bool combined, const AccessEntry& entry, Line& line) noexcept {
  const ExchangeReport& report = entry.report;
  const Identity& identity = identity_of(report);
  line.field_or_dash(report.client).text(" - - [");
  line.text(calendar(std::chrono::system_clock::to_time_t(entry.received)).clf).text("] \"");
  line.field_or_dash(report.request_line).text("\" ").number(status_of(report)).text(" ").number(report.body);
  if (combined) {
    line.text(" \"").field_or_dash(report.referer).text("\" \"").field_or_dash(report.user_agent).text("\"");
  }
  line.text(" ").seconds(report.took).text(" ").field_or_dash(identity.request_id);
  line.text(" ").field_or_dash(identity.trace_id).text("\n");
}

void write_json(const AccessEntry& entry, Line& line) noexcept {
  const ExchangeReport& report = entry.report;
  const Identity& identity = identity_of(report);
  const auto since = entry.received.time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  line.text("{\"time\":\"").text(calendar(std::chrono::system_clock::to_time_t(entry.received)).iso);
  line.text(".").number(static_cast<std::uint64_t>(millis), 3).text("Z\",\"client\":\"").field(report.client, true);
  line.text("\",\"request\":\"").field(report.request_line, true);
  line.text("\",\"status\":").number(status_of(report)).text(",\"complete\":").text(report.complete ? "true" : "false");
  line.text(",\"body_bytes\":").number(report.body).text(",\"received_bytes\":").number(report.received);
  line.text(",\"sent_bytes\":").number(report.sent).text(",\"seconds\":").seconds(report.took);
  const auto add = [&line](std::string_view name, std::string_view value) {
    if (!value.empty()) line.text(",\"").text(name).text("\":\"").field(value, true).text("\"");
  };
  add("referer", report.referer);
  add("user_agent", report.user_agent);
  add("request_id", identity.request_id);
  add("trace_id", identity.trace_id);
  add("service_type", entry.service_type);
  add("service", entry.service);
  if (report.message) {
    add("endpoint", report.message->endpoint);
    add("backend", report.message->backend);
  }
  line.text("}\n");
}

}  // namespace

std::size_t longest_line(const AccessEntry& entry) noexcept {
  const ExchangeReport& report = entry.report;
  const Identity& identity = identity_of(report);
  std::size_t longest = kFrame;
  const auto add = [&longest](std::string_view field) { longest += std::min(field.size() * kWorstEscape, kLongestField) + 3; };
  for (const std::string_view field : {report.client, report.request_line, report.referer, report.user_agent,
                                       identity.request_id, identity.trace_id, entry.service_type, entry.service})
    add(field);
  if (report.message) {
    add(report.message->endpoint);
    add(report.message->backend);
  }
  return longest;
}

std::size_t write_line(AccessFormat format, const AccessEntry& entry, char* to) noexcept {
  Line line(to);
  if (format == AccessFormat::json) write_json(entry, line);
  else write_text(format == AccessFormat::combined, entry, line);
  return line.size();
}

}  // namespace myelin::http
