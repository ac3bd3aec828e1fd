#include "tests/differential/reading.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace myelin::differential {
namespace {

constexpr std::string_view kEnd = "\r\n";

bool same(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) != lower[i]) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Framing {
  bool chunked = false;
  std::size_t length = 0;
};

/// False: this is no request line.
bool request_line(std::string_view line, Reading& reading) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !line.substr(last + 1).starts_with("HTTP/1.")) return false;
  reading.method = line.substr(0, first);
  reading.target = line.substr(first + 1, last - first - 1);
  return true;
}

void field(std::string_view line, Reading& reading, Framing& framing) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(std::min(colon, line.size() - 1) + 1));
  if (same(name, "host")) reading.host = value;
  if (same(name, "transfer-encoding")) framing.chunked = true;
  if (same(name, "content-length")) framing.length = static_cast<std::size_t>(std::strtoull(std::string(value).c_str(), nullptr, 10));
}

/// The end of the chunked body that begins at `at`; npos: not complete.
std::size_t chunks(std::string_view bytes, std::size_t at, std::string& body, bool& broken) {
  for (;;) {
    const auto end = bytes.find(kEnd, at);
    if (end == std::string_view::npos) return end;
    char* rest = nullptr;
    const std::string line(bytes.substr(at, end - at));
    const auto size = static_cast<std::size_t>(std::strtoull(line.c_str(), &rest, 16));
    if (rest == line.c_str()) broken = true;
    if (broken) return std::string_view::npos;
    at = end + 2;
    if (size == 0) break;
    if (bytes.size() < at + size + 2) return std::string_view::npos;
    body += bytes.substr(at, size);
    at += size + 2;
  }
  for (;;) {  // trailers
    const auto end = bytes.find(kEnd, at);
    if (end == std::string_view::npos || end == at) return end == at ? at + 2 : end;
    at = end + 2;
  }
}

/// `http://h/a` is `/a` of the host h.
void to_origin_form(Reading& reading) {
  const auto scheme = reading.target.find("://");
  if (scheme == std::string::npos || reading.target.front() == '/') return;
  const auto path = reading.target.find_first_of("/?", scheme + 3);
  reading.host = reading.target.substr(scheme + 3, path == std::string::npos ? path : path - scheme - 3);
  reading.target = path == std::string::npos ? "/" : reading.target.substr(path);
  if (reading.target.front() == '?') reading.target.insert(0, 1, '/');
}

}  // namespace

std::string Reading::text() const {
  return method + ' ' + target + " host=" + host + " body=" + testing::PrintToString(body.substr(0, 200));
}

std::optional<Reading> take_request(std::string& bytes, bool& broken) {
  const auto head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) return std::nullopt;
  Reading reading;
  Framing framing;
  std::size_t at = bytes.find(kEnd);
  broken = !request_line(std::string_view(bytes).substr(0, at), reading);
  if (broken) return std::nullopt;
  while (at < head) {
    const auto next = bytes.find(kEnd, at + 2);
    field(std::string_view(bytes).substr(at + 2, next - at - 2), reading, framing);
    at = next;
  }
  std::size_t end = head + 4;
  if (framing.chunked) {
    end = chunks(bytes, end, reading.body, broken);
    if (end == std::string::npos) return std::nullopt;
  } else {
    if (bytes.size() < end + framing.length) return std::nullopt;
    reading.body = bytes.substr(end, framing.length);
    end += framing.length;
  }
  reading.raw = bytes.substr(0, end);
  bytes.erase(0, end);
  to_origin_form(reading);
  return reading;
}

std::vector<std::string> differences(const Reading& one, const Reading& other) {
  std::vector<std::string> found;
  if (one.method != other.method) found.emplace_back("method");
  if (one.target != other.target) found.emplace_back("target");
  if (one.host != other.host) found.emplace_back("host");
  if (one.body != other.body) found.emplace_back("body");
  return found;
}

}  // namespace myelin::differential
